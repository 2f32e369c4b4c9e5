// The journal of a sweep: what every point made of every block of items. It is a folder of journals
// (journal.hpp), one for each process that took part. The first entry of each is the head, which
// says what the results depend on; the others are results (docs/formats/sweep.md).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "eval/search/journal.hpp"
#include "host/core/activity.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

using Counts = std::array<std::uint64_t, kCounts>;

// What one point made of the items of one block.
struct BlockResult {
  // The additive statistics of each item, in the order of the block.
  std::vector<std::vector<double>> statistics;
  std::vector<Counts> counts;  // of each layer and direction, summed; none where nothing ran
  std::optional<SearchCounts> search;  // for a search only
  bool operator==(const BlockResult&) const = default;
};

// The folder, within a sweep's, that holds its journals.
inline constexpr const char* kJournalFolder = "journal";

// Returns the numbers, from 0, of the point and the block of an entry with a result. Throws Error
// for another entry of the file.
std::pair<Index, Index> point_and_block(std::string_view entry, const std::filesystem::path& file);

// Throws the Error for two results of a point and block that differ; the files may be the same.
[[noreturn]] void throw_conflict(const std::filesystem::path& one,
                                 const std::filesystem::path& other, Index point, Index block);

// How head_difference() says that a value of a head is another.
struct DifferenceWords {
  const char* first = " was ";
  const char* second = " and is now ";
};

// Says all that differs between two heads, as "block was 2 and is now 3, not the same policy";
// empty when nothing does.
std::string head_difference(const nlohmann::ordered_json& one, const nlohmann::ordered_json& other,
                            const DifferenceWords& words = {});

class SweepJournal {
 public:
  struct Size {
    Index points, blocks;
  };

  // Reads the journals of the folder, which may be missing. Throws Error when one of them has
  // another head, when there are different results of the same point and block, and when one is
  // damaged.
  SweepJournal(const std::filesystem::path& folder, const nlohmann::ordered_json& head, Size size);
  // Opens the journal with this name for more results, and makes it with its folder when it is
  // missing, before it reads them all. Throws Error also when another process writes to it. Nothing
  // is made where a journal has another head.
  SweepJournal(const std::filesystem::path& folder, const nlohmann::ordered_json& head, Size size,
               const std::string& name);
  ~SweepJournal();

  // Whether the folder had a journal of a sweep before this object made one.
  bool was_there() const { return was_there_; }
  bool is_empty() const { return results_ == 0; }
  // Takes in what other processes have added to the journals of the folder since they were read.
  void refresh();
  Index results() const { return results_; }
  bool has(Index point, Index block) const { return place(point, block).file >= 0; }
  // Adds a result to the open journal. Throws std::runtime_error when the disk fails or is full.
  void add(Index point, Index block, const BlockResult& result);
  // Has the system write to the disk what was added to the open journal.
  void sync() { journal_->sync(); }
  // Returns a result. Throws Error when the journal does not have it.
  BlockResult result(Index point, Index block) const;

 private:
  struct Place {
    std::int32_t file = -1;  // -1: there is no result
    std::uint32_t length = 0;
    std::uint64_t begin = 0;
  };
  const Place& place(Index point, Index block) const {
    return places_[static_cast<std::size_t>(point * size_.blocks + block)];
  }
  void open(const std::string& name);
  void read_on(std::size_t file);
  void take(std::int32_t file, std::string_view entry, std::uint64_t begin);
  void expect_head(const std::filesystem::path& file, std::string_view entry) const;
  std::string text(const Place& place) const;

  const std::filesystem::path folder_;
  const nlohmann::ordered_json head_;
  const Size size_;
  std::vector<std::filesystem::path> files_;
  std::vector<JournalPlace> read_;  // how far each file was read, but for the open one
  std::vector<Place> places_;       // [point][block]
  Index results_ = 0;
  bool was_there_ = false;
  std::unique_ptr<Journal> journal_;  // the open one, the first of files_
  std::uint64_t end_ = 0;             // bytes of the open journal
};

}  // namespace edgeval
