// Reads audio files of 16 kHz: WAV and its relatives, FLAC, Ogg. As many samples are read as the
// file says, and a part has the samples of the whole file. Other formats are left out, since of
// damaged files in these libsndfile gives other samples after a jump.
#include "datasets/audio/audio.hpp"

#include <algorithm>

#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kRate = 16000;
  const std::string_view mark = fuzz::bytes_of(data, std::min<std::size_t>(size, 4));
  if (mark != "RIFF" && mark != "RIFX" && mark != "RF64" && mark != "fLaC" && mark != "OggS")
    return 0;
  const fuzz::File file(fuzz::bytes_of(data, size));
  fuzz::takes([&] {
    const data::AudioExtent extent = data::audio_extent(file.path(), kRate);
    const std::vector<float> samples = data::read_audio(file.path(), kRate);
    fuzz::expect(std::ssize(samples) == extent.samples, "as many samples as the file says");
    const data::AudioPart part{.offset = 0.001, .duration = 0.002, .place = "input"};
    const std::vector<float> some = data::read_audio(file.path(), kRate, part);
    // A part may reach beyond the end of the file, but by no more than durations are rounded.
    fuzz::expect(some.size() == std::min<std::size_t>(32, samples.size() - 16),
                 "a part is as long as it says");
    fuzz::expect(std::equal(some.begin(), some.end(), samples.begin() + 16),
                 "a part has the samples of the whole");
  });
  return 0;
}
