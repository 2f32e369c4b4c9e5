#include "eval/search/merge.hpp"

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

struct Known {
  std::filesystem::path file;
  std::string hash;
};

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
    for (const std::filesystem::path& file : files_)
      read(
          file, [&](std::string_view head) { check_head(file, head); },
          [&](std::string_view entry) { check(file, entry); });
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
    if (head_.empty()) {
      head_ = head;
      head_file_ = file;
    }
    EDGEVAL_EXPECTS(head_ == head, file.string(), " and ", head_file_.string(),
                    " are of different sweeps; merge the parts of one");
  }

  void check(const std::filesystem::path& file, std::string_view entry) {
    const std::pair<Index, Index> which = point_and_block(entry, file);
    const std::string hash = sha256(entry);
    const auto [found, is_new] = known_.try_emplace(which, Known{file, hash});
    if (is_new) return;
    EDGEVAL_EXPECTS(found->second.hash == hash, file.string(), " and ", found->second.file.string(),
                    " have different results of point ", which.first + 1, ", block ",
                    which.second + 1, "; remove the one that was made by another build or device");
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
