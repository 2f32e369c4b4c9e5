#include "eval/command/sweep/out_folder.hpp"

#include "host/core/error.hpp"
#include "host/core/files/path.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInterrupted =
    "\r\033[Kedgeval: interrupted; what was found is kept, --resume goes on\n";
const std::size_t kClearing = std::string_view(kClearLine).size();  // bytes at its beginning

std::string holds_text(const OutFolder& out) {
  return concat(": holds a ", out.work, "; --resume goes on with it, another --out begins anew");
}

}  // namespace

void expect_free(const OutFolder& out) {
  const bool exists = is_there(out.path);
  EDGEVAL_EXPECTS(!exists || is_folder(out.path), out.path,
                  ": the folder cannot be made: a file has this name");
  // Looked for last, since another share may make the journal meanwhile.
  const bool empty = !exists || entries_of(out.path).empty();
  const bool holds = !empty && is_there(fs::path(out.path) / out.journal);
  EDGEVAL_EXPECTS(holds || empty, out.path, ": holds files that are no ", out.work,
                  "'s; name another folder");
  EDGEVAL_EXPECTS(holds || !out.resumes, out.path, ": holds no ", out.work,
                  " that --resume could go on with; leave out --resume, or name the folder of a ",
                  out.work);
  EDGEVAL_EXPECTS(!holds || out.resumes || out.may_be_there, out.path, holds_text(out));
}

void open_journal(std::optional<SweepJournal>& journal, const OutFolder& out,
                  const std::string& journals, int number, const Ranks& ranks,
                  const nlohmann::ordered_json& head, SweepJournal::Size size) {
  const bool is_first = ranks.rank() == 0;
  const fs::path folder = fs::path(out.path) / journals;
  if (!is_first) ranks.wait();
  journal.emplace(folder, head, size, std::to_string(number));
  EDGEVAL_EXPECTS(!is_first || !journal->was_there() || out.resumes || out.may_be_there, out.path,
                  holds_text(out));
  if (is_first) ranks.wait();
  ranks.wait();
  for (int part = 1; is_first && part <= ranks.size() && ranks.size() > 1; ++part)
    EDGEVAL_EXPECTS(is_there(folder / concat(part, ".jsonl")), folder.string(),
                    ": the journal of process ", part - 1, " is not there; ", out.shared);
  if (ranks.size() == 1) return;
  journal->refresh();
  ranks.wait();
}

const char* interrupted_text(Display display) {
  const bool has_bar = display.out != nullptr && display.terminal;
  return has_bar ? kInterrupted : kInterrupted + kClearing;
}

}  // namespace edgeval
