// Recognises the layout of a test set and picks the part and the utterances that are asked for.
#include "datasets/layouts/layouts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/names.hpp"

namespace edgeval::data {

// Each layout is defined in its own file.
extern const Layout kAn4Layout, kKaldiLayout, kManifestLayout, kLibrispeechLayout;

namespace {

namespace fs = std::filesystem;

// The layouts in the order in which they are tried.
const Layout* const kLayouts[] = {&kAn4Layout, &kKaldiLayout, &kManifestLayout,
                                  &kLibrispeechLayout};

// Returns "neither A nor B, C or D" of the files of all layouts. Files that lie in the folder
// itself come first, files of folders further down follow.
std::string what_was_looked_for() {
  std::vector<std::pair<std::ptrdiff_t, std::string>> files;  // with the number of folders
  for (const Layout* layout : kLayouts)
    files.emplace_back(std::ranges::count(std::string_view(layout->files), '/'), layout->files);
  std::ranges::sort(files);
  std::string text;
  for (std::size_t i = 0; i < files.size(); ++i)
    text += (i == 0                 ? "neither "
             : i == 1               ? " nor "
             : i + 1 < files.size() ? ", "
                                    : " or ") +
            files[i].second;
  return text;
}

const Layout& recognise(const fs::path& folder) {
  for (const Layout* layout : kLayouts)
    if (layout->recognises(folder)) return *layout;
  throw Error(concat(folder.string(), ": no test set is recognised here: ", what_was_looked_for()));
}

std::string choose_split(const TestSet& set, const std::vector<std::string>& splits,
                         const std::string& wanted) {
  if (wanted.empty()) {
    EDGEVAL_EXPECTS(splits.size() <= 1, set.path.string(), ": holds the parts ", separated(splits),
                    "; choose one with --split");
    return splits.empty() ? "" : splits.front();
  }
  EDGEVAL_EXPECTS(!splits.empty(), set.path.string(), ": has no parts; leave out --split ", wanted);
  EDGEVAL_EXPECTS(std::find(splits.begin(), splits.end(), wanted) != splits.end(),
                  set.path.string(), ": has no part ", wanted, suggestion(wanted, splits));
  return wanted;
}

void keep_only(TestSet& set, const std::vector<std::string>& ids) {
  std::set<std::string> missing(ids.begin(), ids.end());
  const std::set<std::string> wanted = missing;
  for (const Utterance& utterance : set.utterances) missing.erase(utterance.id);
  EDGEVAL_EXPECTS(missing.empty(), set.path.string(), ": no utterance has the id ",
                  *missing.begin(), "; there are ", set.utterances.size(), ", from ",
                  set.utterances.front().id, " to ", set.utterances.back().id);
  std::erase_if(set.utterances, [&](const Utterance& each) { return !wanted.contains(each.id); });
}

}  // namespace

TestSet open_test_set(const fs::path& path, const Selection& selection) {
  EDGEVAL_EXPECTS(selection.limit >= 0, "the limit of utterances is ", selection.limit,
                  ", must not be negative");
  EDGEVAL_EXPECTS(is_there(path), path.string(), ": no such file or folder");
  TestSet set;
  set.path = path;
  set.kinds = selection.kinds;
  if (is_folder(path)) {
    if (const int error = path_state(path / ".").error; error != 0)
      throw_system_error(path.string(), "cannot be entered", error);
    const Layout& layout = recognise(path);
    set.layout = layout.name;
    set.split = choose_split(set, layout.splits(path), selection.split);
    set.utterances = layout.read(path, set.split);
  } else {
    set.layout = kManifestLayout.name;
    set.split = choose_split(set, {}, selection.split);
    set.utterances = read_manifest(path);
  }
  EDGEVAL_EXPECTS(!set.utterances.empty(), path.string(), ": ",
                  set.split.empty() ? "" : "part " + set.split + " ", "holds no utterances");
  if (!selection.ids.empty()) keep_only(set, selection.ids);
  if (selection.limit > 0 && selection.limit < static_cast<Index>(set.utterances.size()))
    set.utterances.resize(static_cast<std::size_t>(selection.limit));
  return set;
}

std::string test_set_sha256(const TestSet& set, const std::map<fs::path, std::string>& hashes) {
  nlohmann::json entries = nlohmann::json::array();  // JSON keeps the texts apart
  for (const Utterance& utterance : set.utterances) {
    nlohmann::json entry{utterance.id, utterance.text, hashes.at(utterance.audio)};
    if (utterance.part.offset) entry.push_back({"offset", *utterance.part.offset});
    if (utterance.part.duration) entry.push_back({"duration", *utterance.part.duration});
    entries.push_back(std::move(entry));
  }
  return sha256(entries.dump());
}

}  // namespace edgeval::data
