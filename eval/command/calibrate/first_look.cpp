#include "eval/command/calibrate/first_look.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "eval/report/sweep_output.hpp"
#include "eval/search/journal.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// Within the folder of the confirm set's journals: an array of the folders that show a look before.
constexpr const char* kBeforeFile = "looked_at_before.json";

// Whether a file is the journal of work on the data and with the model of this head. What cannot be
// read as a journal is none.
bool is_of(const fs::path& file, const ordered_json& head) {
  try {
    const std::optional<std::string> entry = first_entry(file);
    const ordered_json other = entry ? ordered_json::parse(*entry).at("head") : ordered_json();
    return other.at("data").at("sha256") == head.at("data").at("sha256") &&
           other.at("model") == head.at("model");
  } catch (const Error&) {
    return false;
  } catch (const ordered_json::exception&) {
    return false;
  }
}

// Returns the entries of a folder; none where it is no folder or may not be listed.
std::vector<fs::path> entries_seen(const fs::path& folder) {
  try {
    return is_folder(folder) ? entries_of(folder) : std::vector<fs::path>();
  } catch (const Error&) {
    return {};
  }
}

// Returns the folders as they are called from the folder that holds the calibration's.
std::vector<std::string> found_beside(const fs::path& out, const ordered_json& head) {
  std::vector<std::string> found;
  const fs::path own = fs::weakly_canonical(out);
  for (const fs::path& folder : entries_seen(own.parent_path()))
    for (const char* name : {kConfirmFolder, kDevelopmentFolder, kJournalFolder}) {
      if (folder == own) continue;
      const std::vector<fs::path> files = entries_seen(folder / name);
      const bool shows = std::ranges::any_of(files, [&](const fs::path& file) {
        return file.extension() == ".jsonl" && is_of(file, head);
      });
      if (shows) found.push_back((folder.filename() / name).string());
    }
  std::ranges::sort(found);
  return found;
}

}  // namespace

std::vector<std::string> looked_at_before(const std::string& out, const ordered_json& head) {
  const fs::path file = fs::path(out) / kConfirmFolder / kBeforeFile;
  if (is_there(file)) {
    try {
      return ordered_json::parse(read_file(file));
    } catch (const ordered_json::exception&) {
      throw Error(concat(file.string(), ": holds no JSON array of folders; it is damaged"));
    }
  }
  const std::vector<std::string> found = found_beside(out, head);
  write_file(file, to_text(ordered_json(found)));
  return found;
}

Index shared_items(const Session& development, const Session& confirm) {
  // The parts of a key are kept apart by a byte that no text has.
  const auto key = [](const Session& session, Index number) {
    const Item item = session.item(number);
    std::string key = item.source.value_or(item.id);
    for (const std::string& reference : item.references) key += std::string(1, '\0') + reference;
    return key;
  };
  std::set<std::string> known;
  for (Index n = 0; n < development.items(); ++n) known.insert(key(development, n));
  Index shared = 0;
  for (Index n = 0; n < confirm.items(); ++n) shared += known.contains(key(confirm, n));
  return shared;
}

}  // namespace edgeval
