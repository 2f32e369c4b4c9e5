#include "eval/search/merge.hpp"

#include <map>
#include <string>

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

}  // namespace

Merged merge_journals(const std::vector<std::filesystem::path>& folders,
                      const std::filesystem::path& to) {
  Merged merged;
  std::string head;
  std::filesystem::path head_file;
  std::map<std::pair<Index, Index>, Known> known;
  Journal journal(to, [&](std::string_view, std::uint64_t) {
    throw Error(concat(to.string(), ": exists already; name another folder"));
  });
  for (const std::filesystem::path& folder : folders) {
    const std::filesystem::path inner = folder / kJournalFolder;
    EDGEVAL_EXPECTS(is_there(inner), folder.string(), ": holds no sweep");
    for (const std::filesystem::path& file : entries_of(inner)) {
      if (file.extension() != ".jsonl") continue;
      bool is_first = true;
      read_journal(file, [&](std::string_view entry, std::uint64_t) {
        if (std::exchange(is_first, false)) {
          if (head.empty()) {
            head = entry;
            head_file = file;
            journal.append(entry);
          }
          EDGEVAL_EXPECTS(head == entry, file.string(), " and ", head_file.string(),
                          " are of different sweeps; merge the parts of one");
          return;
        }
        const std::pair<Index, Index> which = point_and_block(entry, file);
        const auto [found, is_new] = known.try_emplace(which, Known{file, sha256(entry)});
        if (is_new) {
          journal.append(entry);
          ++merged.results;
          return;
        }
        EDGEVAL_EXPECTS(found->second.hash == sha256(entry), file.string(), " and ",
                        found->second.file.string(), " have different results of point ",
                        which.first + 1, ", block ", which.second + 1,
                        "; remove the one that was made by another build or device");
        ++merged.doubles;
      });
    }
  }
  EDGEVAL_EXPECTS(!head.empty(), folders.front().string(), ": its journal is empty");
  journal.sync();
  return merged;
}

}  // namespace edgeval
