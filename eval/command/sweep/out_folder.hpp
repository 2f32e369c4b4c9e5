// The folder of a sweep or calibration: whether it may be taken, and its journals, which the
// processes open together.
#pragma once

#include <optional>
#include <string>

#include "eval/command/sweep/ranks.hpp"
#include "eval/search/sweep_journal.hpp"
#include "eval/task/progress.hpp"

namespace edgeval {

// What an output folder is for, and how it may be taken.
struct OutFolder {
  std::string path;     // as --out has it
  const char* work;     // "sweep" or "calibration"
  const char* journal;  // the folder within it that holds its first journals
  const char* shared;   // how several processes must take it, for messages
  bool resumes = false;
  bool may_be_there = false;  // the journals of others may be there without --resume
};

// Throws Error unless the folder is empty or missing, or holds such work that is to go on.
void expect_free(const OutFolder& out);

// Opens this process's journal, number `number`, in the folder `journals`, and takes in those of
// the others. The first process is first, since it makes the folder; a folder with journals belongs
// to their work, whenever the process is killed. Throws Error where work is there that is not to go
// on, and where the machines of the processes do not share the folder.
void open_journal(std::optional<SweepJournal>& journal, const OutFolder& out,
                  const std::string& journals, int number, const Ranks& ranks,
                  const nlohmann::ordered_json& head, SweepJournal::Size size);

// Returns what Ctrl-C prints, which removes a bar of progress where one is shown.
const char* interrupted_text(Display display);

}  // namespace edgeval
