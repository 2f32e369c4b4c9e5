#include "eval/command/program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "eval/command/about/completion_command.hpp"
#include "eval/command/about/info_command.hpp"
#include "eval/command/about/man_command.hpp"
#include "eval/command/calibrate/calibrate_command.hpp"
#include "eval/command/compare_command.hpp"
#include "eval/command/count_command.hpp"
#include "eval/command/energy_command.hpp"
#include "eval/command/import_command.hpp"
#include "eval/command/merge_command.hpp"
#include "eval/command/options/path_options.hpp"
#include "eval/command/profile_command.hpp"
#include "eval/command/run_command.hpp"
#include "eval/command/score_command.hpp"
#include "eval/command/serve/serve_command.hpp"
#include "eval/command/similarity_command.hpp"
#include "eval/command/sweep/sweep_command.hpp"
#include "eval/report/provenance.hpp"
#include "eval/task/batches.hpp"
#include "host/core/error.hpp"
#include "host/core/files/path.hpp"
#include "host/core/files/unfinished.hpp"
#include "host/core/memory.hpp"
#include "host/core/names.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

constexpr const char* kExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval run --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken\n"
    "`edgeval COMMAND --help` shows the options of a command and an example.\n";

int complain(const std::string& text, int code) {
  std::fprintf(stderr, "edgeval: %s\n", message_line(text).c_str());
  return code;
}

// An option of many values also takes positional words that follow it, as in `compare --reference
// FILE A B`. Returns a hint when a positional is missing and an option may have taken it.
std::string swallowed(const CLI::App& command) {
  std::string wanted, taker;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() && option->get_required() && option->count() == 0)
      wanted += (wanted.empty() ? "" : " and ") + option->get_name(/*positional=*/true);
    else if (option->get_expected_max() > 1 && option->results().size() > 1)
      taker = option->get_name();
  }
  if (wanted.empty() || taker.empty()) return "";
  return concat("; ", taker, " takes every word behind it: put ", wanted, " first");
}

int complain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<CLI::App*> used = app.get_subcommands();
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  if (used.empty()) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
    const std::string wanted =
        unknown.empty() ? "a command is wanted" : "unknown command " + unknown[0];
    return complain(concat(wanted, suggestion(unknown.empty() ? "" : unknown[0], names),
                           " (edgeval --help shows what each does)"),
                    1);
  }
  const std::string help = concat("; edgeval ", used[0]->get_name(), " --help shows the options");
  if (!unknown.empty()) return complain(concat("unknown option or word ", unknown[0], help), 1);
  return complain(error.what() + swallowed(*used[0]) + help, 1);
}

// Reports a path that a function of the standard library could not reach.
int complain(const std::filesystem::filesystem_error& error) {
  try {
    throw_system_error(error.path1().string(), "cannot be reached", error.code().value());
  } catch (const Error& mistake) {
    return complain(mistake.what(), 1);
  } catch (const std::exception& failure) {
    return complain(concat("failed: ", failure.what()), 2);
  }
}

int parse_and_run(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::RuntimeError& result) {
    return result.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return complain(app, error);
  } catch (const Error& error) {
    return complain(error.what(), 1);
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(error);
  } catch (const OutOfMemoryForOne& error) {
    return complain(error.what(), 2);
  } catch (const std::bad_alloc&) {
    return complain("out of memory", 2);
  } catch (const std::exception& error) {
    return complain(concat("failed: ", error.what()), 2);
  }
}

void add_commands(CLI::App& app) {
  app.set_version_flag("--version", EDGEVAL_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.footer(kExample);
  setup_run(app);
  setup_sweep(app);
  setup_serve(app);
  setup_merge(app);
  setup_calibrate(app);
  setup_profile(app);
  setup_similarity(app);
  setup_score(app);
  setup_compare(app);
  setup_energy(app);
  setup_import(app);
  setup_count(app);
  setup_info(app);
  setup_man(app);
  setup_completion(app);
  for (CLI::App* command : app.get_subcommands({})) {
    command->group("Commands");
    command->parse_complete_callback([command] { check_path_options(*command); });
  }
}

// A standard stream that is closed lends its number to the next file that is opened, which would
// then receive what is printed. /dev/null takes the place of such streams. It is opened for reading
// alone, so that printing fails, as it should.
void occupy_closed_streams() {
  int descriptor = 0;
  do descriptor = ::open("/dev/null", O_RDONLY);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor >= 0) ::close(descriptor);
}

int run(int argc, char** argv) {
  occupy_closed_streams();
  keep_freed_memory();
  end_orderly_without_memory(remove_unfinished);
  remove_unfinished_at_signals();
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond `ulimit -f` fails, as on a full disk
  remember_invocation(argc, argv);
  CLI::App app(
      "What energy-saving techniques do to a recurrent network: words wrong, work avoided, joules "
      "saved.",
      "edgeval");
  add_commands(app);
  const int code = parse_and_run(app, argc, argv);
  if ((code == 0 || code == kLossExceeded) && !std::cout.flush())
    return complain("failed: standard output cannot be written", 2);
  return code;
}

}  // namespace

int run_program(int argc, char** argv) noexcept {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {  // memory did not suffice for complain()'s message either
    std::fputs("edgeval: out of memory\n", stderr);
  } catch (...) {
    std::fputs("edgeval: failed\n", stderr);
  }
  return 2;
}

}  // namespace edgeval
