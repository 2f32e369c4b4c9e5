// AN4 as CMU publishes it: etc/an4_SPLIT.fileids lists SET/SPEAKER/ID, the audio is
// wav/SET/SPEAKER/ID.wav, and etc/an4_SPLIT.transcription has lines "<s> WORDS </s> (ID)", the
// markers only in train. AN4 has no development set: `dev` has every 12th of the sorted training
// speakers, and `train` leaves these out.
#include <algorithm>
#include <set>

#include "datasets/layouts/layouts.hpp"
#include "datasets/layouts/listing.hpp"
#include "host/core/error.hpp"
#include "host/core/files/path.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSpeakersPerDevSpeaker = 12;

fs::path list_of(const fs::path& folder, const std::string& split) {
  return folder / "etc" / ("an4_" + split + ".fileids");
}

std::vector<std::string> an4_splits(const fs::path& folder) {
  std::vector<std::string> names;
  if (is_there(list_of(folder, "train"))) names.push_back("dev");
  if (is_there(list_of(folder, "test"))) names.push_back("test");
  if (is_there(list_of(folder, "train"))) names.push_back("train");
  return names;
}

bool recognises_an4(const fs::path& folder) { return !an4_splits(folder).empty(); }

std::pair<std::string, std::string> parse_transcript(std::string_view line,
                                                     const std::string& place) {
  const std::size_t open = line.rfind('(');
  EDGEVAL_EXPECTS(open != std::string_view::npos && line.ends_with(')'), place,
                  ": does not end with an utterance's id in parentheses");
  std::string text;
  std::string_view rest = line.substr(0, open);
  while (!rest.empty()) {
    const auto [word, others] = split_first_word(rest);
    rest = others;
    if (word.empty() || word == "<s>" || word == "</s>") continue;
    text += (text.empty() ? "" : " ");
    text += word;
  }
  EDGEVAL_EXPECTS(!text.empty(), place, ": the transcript has no words");
  return {std::string(line.substr(open + 1, line.size() - open - 2)), text};
}

std::vector<Utterance> read_listed(const fs::path& folder, const std::string& split) {
  const TextFile file(list_of(folder, split));
  TextsById transcripts(folder / "etc" / ("an4_" + split + ".transcription"), "transcript",
                        parse_transcript);
  UtteranceList list;
  for (const Line& line : file.lines()) {
    const std::string place = file.place(line);
    const fs::path name(line.text);
    const std::string id = name.filename().string();
    list.add({id, folder / "wav" / (name.string() + ".wav"), transcripts.take(id, place),
              name.parent_path().filename().string()},
             place);
  }
  transcripts.expect_all_taken(file.path());
  return list.take();
}

std::vector<Utterance> read_an4(const fs::path& folder, const std::string& split) {
  if (split == "test") return read_listed(folder, split);
  std::vector<Utterance> utterances = read_listed(folder, "train");
  std::set<std::string> speakers;
  for (const Utterance& utterance : utterances) speakers.insert(utterance.speaker);
  std::set<std::string> dev_speakers;
  std::size_t rank = 0;
  for (const std::string& speaker : speakers)
    if (rank++ % kSpeakersPerDevSpeaker == 0) dev_speakers.insert(speaker);
  std::erase_if(utterances, [&](const Utterance& utterance) {
    return dev_speakers.contains(utterance.speaker) != (split == "dev");
  });
  return utterances;
}

}  // namespace

extern const Layout kAn4Layout{"an4", "etc/an4_SPLIT.fileids (AN4)", recognises_an4, an4_splits,
                               read_an4};

}  // namespace edgeval::data
