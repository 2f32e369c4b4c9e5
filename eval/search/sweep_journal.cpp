#include "eval/search/sweep_journal.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "host/core/error.hpp"
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

// Returns what of `found` differs from `wanted`, as "model is ..., was ...".
std::string difference(const ordered_json& wanted, const ordered_json& found) {
  if (!found.is_object()) return "it has no head";
  for (const auto& [key, value] : wanted.items()) {
    const ordered_json was = found.contains(key) ? found[key] : ordered_json(nullptr);
    if (was != value) return concat(key, " was ", was.dump(), " and is now ", value.dump());
  }
  return found.size() == wanted.size() ? "" : "its head has other keys";
}

}  // namespace

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
  if (!is_there(folder)) return;
  for (const std::filesystem::path& file : entries_of(folder)) {
    if (file.extension() != ".jsonl") continue;
    files_.push_back(file);
    bool is_first = true;
    read_journal(file, [&](std::string_view entry, std::uint64_t begin) {
      if (std::exchange(is_first, false))
        expect_head(file, entry);
      else
        take(file, entry, begin);
    });
  }
}

SweepJournal::~SweepJournal() = default;

void SweepJournal::expect_head(const std::filesystem::path& file, std::string_view entry) const {
  const ordered_json found = ordered_json::parse(entry, nullptr, false);
  const std::string other =
      difference(head_, found.is_object() && found.contains("head") ? found["head"] : found);
  EDGEVAL_EXPECTS(other.empty(), file.string(), ": is of another sweep: ", other,
                  "; name another --out, or sweep as before");
}

void SweepJournal::take(const std::filesystem::path& file, std::string_view entry,
                        std::uint64_t begin) {
  const auto [point, block] = point_and_block(entry, file);
  EDGEVAL_EXPECTS(point < size_.points && block < size_.blocks, file.string(), ": has point ",
                  point + 1, ", block ", block + 1, ", which this sweep does not have");
  Place& known = places_[static_cast<std::size_t>(point * size_.blocks + block)];
  if (known.file >= 0) {
    EDGEVAL_EXPECTS(text(known) == entry, file.string(), " and ",
                    files_[static_cast<std::size_t>(known.file)].string(),
                    " have different results of point ", point + 1, ", block ", block + 1,
                    "; remove the one that was made by another build or device");
    return;
  }
  known = {static_cast<std::int32_t>(files_.size() - 1), static_cast<std::uint32_t>(entry.size()),
           begin};
  ++results_;
}

void SweepJournal::open(const std::string& name) {
  const std::filesystem::path file = folder_ / (name + ".jsonl");
  const auto known = std::ranges::find(files_, file);
  open_ = static_cast<std::int32_t>(known - files_.begin());
  if (known == files_.end()) files_.push_back(file);
  bool has_head = false;
  end_ = 0;
  journal_ = std::make_unique<Journal>(file, [&](std::string_view entry, std::uint64_t begin) {
    has_head = true;
    end_ = begin + entry.size() + 2;  // a brace and the line break follow
  });
  if (has_head) return;
  const std::string head = ordered_json{{"head", head_}}.dump();
  end_ += journal_->append(head);
}

void SweepJournal::add(Index point, Index block, const BlockResult& result) {
  const std::string entry = to_text(point, block, result);
  const std::uint64_t bytes = journal_->append(entry);
  places_[static_cast<std::size_t>(point * size_.blocks + block)] = {
      open_, static_cast<std::uint32_t>(entry.size()), end_ + bytes - entry.size() - 2};
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
  return from_text(text(place(point, block)));
}

}  // namespace edgeval
