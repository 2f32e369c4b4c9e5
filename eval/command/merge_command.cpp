#include "eval/command/merge_command.hpp"

#include <iostream>

#include "eval/report/sweep_output.hpp"
#include "eval/search/merge.hpp"
#include "eval/search/sweep_journal.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/files/new_folder.hpp"
#include "host/core/files/path.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMergeExample =
    "Example:\n"
    "  edgeval sweep ... --shard 1/2 --out part1\n"
    "  edgeval sweep ... --shard 2/2 --out part2\n"
    "  edgeval merge part1 part2 --out all\n"
    "  edgeval sweep ... --resume --out all\n"
    "The dots stand for the same options each time; the last command writes the tables.\n";

struct MergeOptions {
  std::vector<std::string> folders;
  std::string out;
};

void run_merge(const MergeOptions& options) {
  const fs::path out(options.out);
  const std::vector<fs::path> folders(options.folders.begin(), options.folders.end());
  const std::string journal = concat(kJournalFolder, "/1.jsonl");
  NewFolder made(out, {journal, kSweepPolicyFile, kSweepProfileFile, kSweepPointsFile});
  const Merged merged = merge_journals(folders, made.path() / journal);
  for (const char* name : {kSweepPolicyFile, kSweepProfileFile, kSweepPointsFile})
    if (const fs::path file = folders.front() / name; is_there(file))
      write_new_file(made.path() / name, read_file(file), out / name);
  made.publish();
  const bool whole = merged.of == 0 || merged.results == merged.of;
  std::string text = whole ? counted(static_cast<std::size_t>(merged.results), "result")
                           : concat(merged.results, " of ", merged.of, " results");
  text += " from " + counted(folders.size(), "folder");
  if (merged.doubles > 0)
    text += concat("; ", counted(static_cast<std::size_t>(merged.doubles), "double"), " left out");
  if (!whole) text += "; a share is missing";
  std::cout << printable(
      concat(text, "\nedgeval sweep with --resume --out ", options.out,
             whole ? " writes the tables\n" : " runs what is missing and writes the tables\n"));
}

}  // namespace

void setup_merge(CLI::App& app) {
  auto options = std::make_shared<MergeOptions>();
  CLI::App* command = app.add_subcommand("merge", "Join the shares of a sweep that ran apart");
  command->add_option("folders", options->folders, "Folders of sweeps with --shard")
      ->type_name("FOLDER")
      ->required();
  command->add_option("--out", options->out, "A new folder for the whole sweep")
      ->type_name("FOLDER")
      ->required();
  command->footer(kMergeExample);
  command->callback([options] { run_merge(*options); });
}

}  // namespace edgeval
