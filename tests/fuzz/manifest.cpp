// Reads manifests in JSON lines from the folder tests/golden/cases/manifest, where the audio files
// that seeds name lie. Each utterance that was read must have an id of its own.
#include <set>

#include "datasets/layouts/test_set.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

namespace {

class WithinFolder {
 public:
  explicit WithinFolder(const std::filesystem::path& folder) {
    std::filesystem::current_path(folder);
  }
  WithinFolder(const WithinFolder&) = delete;
  ~WithinFolder() { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const WithinFolder within(fuzz::source_folder() / "tests/golden/cases/manifest");
  const fuzz::File file(fuzz::bytes_of(data, size));
  fuzz::takes([&] {
    const data::TestSet set = data::open_test_set(file.path(), {});
    std::set<std::string> ids;
    for (const data::Utterance& utterance : set.utterances) {
      fuzz::expect(!utterance.id.empty() && ids.insert(utterance.id).second,
                   "every utterance has an id of its own");
      fuzz::expect(std::filesystem::exists(utterance.audio), "every audio file is there");
    }
  });
  return 0;
}
