#include "eval/search/merge.hpp"

#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "eval/search/journal.hpp"
#include "eval/search/sweep_journal.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

using Hash = std::array<std::uint8_t, 32>;

// What is kept of a result, of which there may be millions.
struct Known {
  std::int32_t file;
  Hash hash;
};

Hash hash_of(std::string_view entry) {
  const std::string digits = sha256(entry);
  Hash hash{};
  for (std::size_t i = 0; i < hash.size(); ++i)
    std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, hash[i], 16);
  return hash;
}

// Reads the journals of sweeps and checks that they are parts of one.
class Parts {
 public:
  explicit Parts(const std::vector<std::filesystem::path>& folders) {
    for (const std::filesystem::path& folder : folders) {
      const std::filesystem::path inner = folder / kJournalFolder;
      EDGEVAL_EXPECTS(is_there(inner), folder.string(), ": holds no sweep");
      for (const std::filesystem::path& file : entries_of(inner))
        if (file.extension() == ".jsonl") files_.push_back(file);
    }
    for (std::size_t file = 0; file < files_.size(); ++file)
      read(
          files_[file], [&](std::string_view head) { check_head(files_[file], head); },
          [&](std::string_view entry) { check(static_cast<std::int32_t>(file), entry); });
    EDGEVAL_EXPECTS(!head_.empty(), folders.front().string(), ": its journal is empty");
  }

  // Appends the head, and every result once.
  Merged write(Journal& journal) {
    journal.append(head_);
    for (const std::filesystem::path& file : files_)
      read(
          file, [](std::string_view) {},
          [&](std::string_view entry) {
            if (known_.erase(point_and_block(entry, file)) == 0) return;
            journal.append(entry);
            ++merged_.results;
          });
    return merged_;
  }

 private:
  using Take = std::function<void(std::string_view)>;
  static void read(const std::filesystem::path& file, const Take& take_head, const Take& take) {
    bool is_first = true;
    read_journal(file, [&](std::string_view entry, std::uint64_t) {
      (std::exchange(is_first, false) ? take_head : take)(entry);
    });
  }

  void check_head(const std::filesystem::path& file, std::string_view head) {
    if (head_ == head) return;
    const ordered_json found = ordered_json::parse(head, nullptr, false);
    EDGEVAL_EXPECTS(found.is_object() && found.contains("head") && found["head"].is_object(),
                    file.string(), ": its first entry is no head of a sweep");
    if (head_.empty()) {
      head_ = head;
      head_file_ = file;
      merged_.of = results_of(found["head"]);
      return;
    }
    throw Error(concat(file.string(), " and ", head_file_.string(), " are of different sweeps: ",
                       head_difference(found["head"], ordered_json::parse(head_)["head"],
                                       {.first = " is ", .second = " and "}),
                       "; merge the parts of one"));
  }

  // Returns how many results the whole sweep has, or 0 where the head does not tell.
  static Index results_of(const ordered_json& head) {
    try {
      return (head.at("points").at("count").get<Index>() + head.at("references").get<Index>()) *
             head.at("blocks").get<Index>();
    } catch (const nlohmann::json::exception&) {
      return 0;
    }
  }

  void check(std::int32_t file, std::string_view entry) {
    const auto path = [&](std::int32_t number) { return files_[static_cast<std::size_t>(number)]; };
    const std::pair<Index, Index> which = point_and_block(entry, path(file));
    const Hash hash = hash_of(entry);
    const auto [found, is_new] = known_.try_emplace(which, Known{file, hash});
    if (is_new) return;
    if (found->second.hash != hash)
      throw_conflict(path(found->second.file), path(file), which.first, which.second);
    ++merged_.doubles;
  }

  std::vector<std::filesystem::path> files_;
  std::string head_;
  std::filesystem::path head_file_;
  std::map<std::pair<Index, Index>, Known> known_;
  Merged merged_;
};

}  // namespace

// Nothing is written before all is known to fit.
Merged merge_journals(const std::vector<std::filesystem::path>& folders,
                      const std::filesystem::path& to) {
  Parts parts(folders);
  Journal journal(to, [&](std::string_view, std::uint64_t) {
    throw Error(concat(to.string(), ": exists already; name another folder"));
  });
  const Merged merged = parts.write(journal);
  journal.sync();
  return merged;
}

}  // namespace edgeval
