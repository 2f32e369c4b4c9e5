// A Kaldi data directory: wav.scp ("ID PATH"), text ("ID WORDS", where the words may be missing)
// and optionally utt2spk ("ID SPEAKER"). The utterances have the order of wav.scp. A relative path
// is looked up in the directory, then in the working folder, as Kaldi does. Pipes are refused,
// since they would run commands that the data contain.
#include <optional>

#include "datasets/layouts/layouts.hpp"
#include "datasets/layouts/listing.hpp"
#include "host/core/error.hpp"
#include "host/core/files/path.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> kaldi_splits(const fs::path&) { return {}; }

bool recognises_kaldi(const fs::path& folder) {
  return is_there(folder / "wav.scp") || is_there(folder / "feats.scp");
}

std::pair<std::string, std::string> parse_entry(std::string_view line, const std::string&) {
  const auto [id, text] = split_first_word(line);
  return {std::string(id), std::string(text)};
}

fs::path audio_path(const fs::path& folder, std::string_view value, const std::string& place) {
  EDGEVAL_EXPECTS(!value.empty(), place, ": the path of the audio file is missing");
  EDGEVAL_EXPECTS(
      !value.ends_with('|'), place,
      ": a command, and edgeval runs none; write its output to an audio file and name that");
  EDGEVAL_EXPECTS(value.find(".ark:") == std::string_view::npos, place,
                  ": audio inside an archive is not supported; name an audio file");
  const fs::path path(value);
  return path_state(folder / path).kind != PathKind::kNothing ? folder / path : path;
}

std::vector<Utterance> read_kaldi(const fs::path& folder, const std::string&) {
  const fs::path scp = folder / "wav.scp";
  EDGEVAL_EXPECTS(
      is_there(scp), folder.string(),
      ": has feats.scp but no wav.scp; features are computed from audio, so add wav.scp");
  EDGEVAL_EXPECTS(!is_there(folder / "segments"), (folder / "segments").string(),
                  ": segments are not supported; cut the audio with Kaldi's extract-segments");
  const TextFile file(scp);
  TextsById texts(folder / "text", "transcript", parse_entry);
  std::optional<TextsById> speakers;
  if (is_there(folder / "utt2spk")) speakers.emplace(folder / "utt2spk", "speaker", parse_entry);
  UtteranceList list;
  for (const Line& line : file.lines()) {
    const std::string place = file.place(line);
    const auto [id_view, value] = split_first_word(line.text);
    const std::string id(id_view);
    list.add({id, audio_path(folder, value, place), texts.take(id, place),
              speakers ? speakers->take(id, place) : ""},
             place);
  }
  texts.expect_all_taken(scp);
  return list.take();
}

}  // namespace

extern const Layout kKaldiLayout{"kaldi", "wav.scp (Kaldi)", recognises_kaldi, kaldi_splits,
                                 read_kaldi};

}  // namespace edgeval::data
