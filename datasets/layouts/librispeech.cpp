// LibriSpeech as OpenSLR publishes it: SPLIT/SPEAKER/CHAPTER/ holds SPEAKER-CHAPTER.trans.txt with
// lines "ID WORDS" and one ID.flac for each. Utterances are sorted by id. The path may also be a
// split's own folder.
#include <algorithm>
#include <map>

#include "datasets/layouts/layouts.hpp"
#include "datasets/layouts/listing.hpp"
#include "host/core/error.hpp"
#include "host/core/files/path.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTranscriptEnd = ".trans.txt";

// What happens with a folder that cannot be listed. Beside a test set there may be such folders.
enum class Unreadable { kPassedOver, kRefused };

// Returns the sorted entries of a folder, and none for anything that is no folder.
std::vector<fs::path> sorted_entries(const fs::path& folder, Unreadable unreadable) {
  try {
    return is_folder(folder) ? entries_of(folder) : std::vector<fs::path>{};
  } catch (const Error&) {
    if (unreadable == Unreadable::kRefused) throw;
    return {};
  }
}

bool is_transcript(const fs::path& path) { return path.string().ends_with(kTranscriptEnd); }

// Whether a file SPEAKER/CHAPTER/*.trans.txt lies below the folder.
bool is_split(const fs::path& folder, Unreadable unreadable) {
  for (const fs::path& speaker : sorted_entries(folder, unreadable))
    for (const fs::path& chapter : sorted_entries(speaker, unreadable))
      for (const fs::path& file : sorted_entries(chapter, unreadable))
        if (is_transcript(file)) return true;
  return false;
}

std::vector<std::string> splits_of(const fs::path& folder, Unreadable unreadable) {
  std::vector<std::string> names;
  if (is_split(folder, unreadable)) return names;
  for (const fs::path& entry : sorted_entries(folder, unreadable))
    if (is_split(entry, unreadable)) names.push_back(entry.filename().string());
  return names;
}

std::vector<std::string> librispeech_splits(const fs::path& folder) {
  return splits_of(folder, Unreadable::kPassedOver);
}

// Where no split is found, the error about a folder that could not be listed is the reason to tell.
bool recognises_librispeech(const fs::path& folder) {
  if (is_split(folder, Unreadable::kPassedOver) || !librispeech_splits(folder).empty()) return true;
  return !splits_of(folder, Unreadable::kRefused).empty();
}

struct Located {
  Utterance utterance;
  std::string place;
};

// Reads the utterances of a chapter. Refuses audio that no transcript names.
void read_chapter(const fs::path& chapter, const std::string& speaker, std::vector<Located>& all) {
  std::map<fs::path, bool> has_transcript;  // by FLAC file
  for (const fs::path& path : sorted_entries(chapter, Unreadable::kRefused))
    if (path.extension() == ".flac") has_transcript[path] = false;
  for (const fs::path& path : sorted_entries(chapter, Unreadable::kRefused)) {
    if (!is_transcript(path)) continue;
    const TextFile file(path);
    for (const Line& line : file.lines()) {
      const auto [id, text] = split_first_word(line.text);
      EDGEVAL_EXPECTS(!text.empty(), file.place(line), ": ", id, " has no transcript");
      const fs::path audio = chapter / (std::string(id) + ".flac");
      has_transcript[audio] = true;
      all.push_back({{std::string(id), audio, std::string(text), speaker}, file.place(line)});
    }
  }
  for (const auto& [audio, found] : has_transcript)
    EDGEVAL_EXPECTS(found, audio.string(), ": has no transcript in ", chapter.string(), "/*",
                    kTranscriptEnd);
}

std::vector<Utterance> read_librispeech(const fs::path& folder, const std::string& split) {
  std::vector<Located> all;
  for (const fs::path& speaker : sorted_entries(folder / split, Unreadable::kRefused))
    for (const fs::path& chapter : sorted_entries(speaker, Unreadable::kRefused))
      read_chapter(chapter, speaker.filename().string(), all);
  std::stable_sort(all.begin(), all.end(), [](const Located& a, const Located& b) {
    return a.utterance.id < b.utterance.id;
  });
  UtteranceList list;
  for (Located& located : all) list.add(std::move(located.utterance), located.place);
  return list.take();
}

}  // namespace

extern const Layout kLibrispeechLayout{
    "librispeech", "SPLIT/SPEAKER/CHAPTER/*.trans.txt (LibriSpeech)", recognises_librispeech,
    librispeech_splits, read_librispeech};

}  // namespace edgeval::data
