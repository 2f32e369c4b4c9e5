#include "eval/search/sweep_journal.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/files/append_file.hpp"
#include "host/core/files/hidden_names.hpp"
#include "host/core/files/path.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

std::string to_text(Index point, Index block, const BlockResult& result) {
  ordered_json json{{"point", point + 1}, {"block", block + 1}};
  json["statistics"] = ordered_json::array();
  for (const std::vector<double>& item : result.statistics) {
    ordered_json& row = json["statistics"].emplace_back(ordered_json::array());
    for (const double value : item) {
      const auto whole = static_cast<std::int64_t>(value);
      if (static_cast<double>(whole) == value)
        row.push_back(whole);
      else
        row.push_back(value);
    }
  }
  json["counts"] = result.counts;
  if (result.search)
    json["search"] = {result.search->steps, result.search->rows, result.search->rows_live,
                      result.search->beam_width_sum};
  return json.dump();
}

BlockResult from_text(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  BlockResult result{json.at("statistics"), json.at("counts"), {}};
  if (json.contains("search")) {
    const std::array<std::uint64_t, 4> search = json.at("search");
    result.search = SearchCounts{search[0], search[1], search[2], search[3]};
  }
  return result;
}

bool is_hash(const ordered_json& value) {
  constexpr std::size_t kDigits = 64;
  return value.is_string() && value.get_ref<const std::string&>().size() == kDigits &&
         value.get_ref<const std::string&>().find_first_not_of("0123456789abcdef") ==
             std::string::npos;
}

// Returns a value for people; the first digits of a hash tell it from another one.
std::string shown(const ordered_json& value) {
  if (value.is_null()) return "none";
  return is_hash(value) ? value.get<std::string>().substr(0, 8) + "..." : value.dump();
}

// Adds what differs between two values of a key. Within an object, hashes count only where all else
// is the same, since they follow from the rest.
void compare(const std::string& key, const ordered_json& one, const ordered_json& other,
             const DifferenceWords& words, std::vector<std::string>& found) {
  if (one == other) return;
  if (is_hash(one) && is_hash(other)) {
    found.push_back("not the same " + key);
  } else if (one.is_object() && other.is_object()) {
    std::set<std::string> keys;
    std::vector<std::string> inner, hashes;
    for (const ordered_json& object : {one, other})
      for (const auto& [name, value] : object.items()) {
        if (!keys.insert(name).second) continue;
        const ordered_json a = one.value(name, ordered_json()),
                           b = other.value(name, ordered_json());
        const bool by_hash = !key.empty() && is_hash(a) && is_hash(b);
        compare(by_hash ? key : concat(key, key.empty() ? "" : ".", name), a, b, words,
                by_hash ? hashes : inner);
      }
    for (std::string& each : inner.empty() ? hashes : inner) found.push_back(std::move(each));
  } else {
    found.push_back(concat(key, words.first, shown(one), words.second, shown(other)));
  }
}

}  // namespace

std::string head_difference(const ordered_json& one, const ordered_json& other,
                            const DifferenceWords& words) {
  if (!one.is_object() || !other.is_object()) return "it has no head";
  std::vector<std::string> found;
  compare("", one, other, words, found);
  return separated(found);
}

void throw_conflict(const std::filesystem::path& one, const std::filesystem::path& other,
                    Index point, Index block) {
  const std::string which =
      concat(" different results of point ", point + 1, ", block ", block + 1);
  EDGEVAL_EXPECTS(one != other, one.string(), ": has two", which,
                  "; remove its lines that have \"point\":", point + 1, ",\"block\":", block + 1,
                  ", and --resume runs these items again");
  throw Error(concat(other.string(), " and ", one.string(), " have", which,
                     "; remove the one that was made by another build or device"));
}

std::pair<Index, Index> point_and_block(std::string_view entry, const std::filesystem::path& file) {
  long long point = 0, block = 0;
  const std::string start(entry.substr(0, 80));
  const bool read =
      std::sscanf(start.c_str(), R"({"point":%lld,"block":%lld,)", &point, &block) == 2;
  EDGEVAL_EXPECTS(read && point > 0 && block > 0, file.string(),
                  ": has an entry that is no result of a sweep");
  return {point - 1, block - 1};
}

SweepJournal::SweepJournal(const std::filesystem::path& folder, const ordered_json& head, Size size)
    : folder_(folder),
      head_(head),
      size_(size),
      places_(static_cast<std::size_t>(size.points * size.blocks)) {
  if (is_there(folder)) refresh();
}

SweepJournal::SweepJournal(const std::filesystem::path& folder, const ordered_json& head, Size size,
                           const std::string& name)
    : folder_(folder),
      head_(head),
      size_(size),
      places_(static_cast<std::size_t>(size.points * size.blocks)) {
  open(name);
  refresh();
}

SweepJournal::~SweepJournal() = default;

void SweepJournal::expect_head(const std::filesystem::path& file, std::string_view entry) const {
  const ordered_json found = ordered_json::parse(entry, nullptr, false);
  const std::string other = head_difference(
      found.is_object() ? found.value("head", ordered_json()) : ordered_json(), head_);
  const bool calibrates = head_.contains("calibration");
  EDGEVAL_EXPECTS(other.empty(), file.string(), ": is of another ",
                  calibrates ? "calibration: " : "sweep: ", other, "; name another --out, or ",
                  calibrates ? "calibrate" : "sweep", " as before");
}

void SweepJournal::take(std::int32_t file, std::string_view entry, std::uint64_t begin) {
  const auto path = [&](std::int32_t number) {
    return files_[static_cast<std::size_t>(number)].string();
  };
  const auto [point, block] = point_and_block(entry, path(file));
  EDGEVAL_EXPECTS(point < size_.points && block < size_.blocks, path(file), ": has point ",
                  point + 1, ", block ", block + 1, ", which this sweep does not have");
  Place& known = places_[static_cast<std::size_t>(point * size_.blocks + block)];
  if (known.file >= 0) {
    if (text(known) != entry) throw_conflict(path(known.file), path(file), point, block);
    return;
  }
  known = {file, static_cast<std::uint32_t>(entry.size()), begin};
  ++results_;
}

// A journal is made while the folder is locked and all others have the same head, so that no two
// sweeps come into one folder.
void SweepJournal::open(const std::string& name) {
  const FolderLock lock(folder_);
  for (const std::filesystem::path& file : entries_of(folder_)) {
    if (file.extension() != ".jsonl") continue;
    const std::optional<std::string> head = first_entry(file);
    if (!head) continue;
    was_there_ = true;
    expect_head(file, *head);
  }
  files_.push_back(folder_ / (name + ".jsonl"));
  read_.emplace_back();
  bool has_head = false;
  journal_ =
      std::make_unique<Journal>(files_.front(), [&](std::string_view entry, std::uint64_t begin) {
        if (std::exchange(has_head, true))
          take(0, entry, begin);
        else
          expect_head(files_.front(), entry);
        end_ = begin + entry.size() + 2;  // a brace and the line break follow
      });
  if (has_head) return;
  end_ = journal_->append(ordered_json{{"head", head_}}.dump());
  journal_->sync();
  for (const std::filesystem::path& folder : {folder_, folder_.parent_path()}) sync_folder(folder);
}

// Reads all journals of the folder but the open one.
void SweepJournal::refresh() {
  for (const std::filesystem::path& file : entries_of(folder_)) {
    if (file.extension() != ".jsonl" || (journal_ && file == files_.front())) continue;
    auto number = static_cast<std::size_t>(std::ranges::find(files_, file) - files_.begin());
    if (number == files_.size()) {
      files_.push_back(file);
      read_.emplace_back();
    }
    read_on(number);
  }
}

void SweepJournal::read_on(std::size_t file) {
  bool is_first = read_[file].lines == 0;
  read_further(files_[file], read_[file], [&](std::string_view entry, std::uint64_t begin) {
    if (!std::exchange(is_first, false)) return take(static_cast<std::int32_t>(file), entry, begin);
    expect_head(files_[file], entry);
    was_there_ = was_there_ || !journal_;
  });
}

void SweepJournal::add(Index point, Index block, const BlockResult& result) {
  const std::string entry = to_text(point, block, result);
  const std::uint64_t bytes = journal_->append(entry);
  places_[static_cast<std::size_t>(point * size_.blocks + block)] = {
      0, static_cast<std::uint32_t>(entry.size()), end_ + bytes - entry.size() - 2};
  end_ += bytes;
  ++results_;
}

std::string SweepJournal::text(const Place& place) const {
  const std::filesystem::path& path = files_[static_cast<std::size_t>(place.file)];
  std::ifstream file(path, std::ios::binary);
  std::string text(place.length, '\0');
  file.seekg(static_cast<std::streamoff>(place.begin));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  EDGEVAL_EXPECTS(file.good(), path.string(), ": changed while it was being read");
  return text;
}

BlockResult SweepJournal::result(Index point, Index block) const {
  EDGEVAL_EXPECTS(has(point, block), folder_.string(), ": has no result of point ", point + 1,
                  ", block ", block + 1, "; go on with --resume");
  const Place& at = place(point, block);
  try {
    return from_text(text(at));
  } catch (const nlohmann::json::exception&) {
    throw Error(concat(files_[static_cast<std::size_t>(at.file)].string(), ": its result of point ",
                       point + 1, ", block ", block + 1, " cannot be read"));
  }
}

}  // namespace edgeval
