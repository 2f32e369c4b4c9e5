// The command line: one subcommand a file. Exit code 0: done; 1: the user's input is wrong; 2: something failed.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "eval/energy_command.hpp"
#include "eval/info_command.hpp"
#include "eval/profile_command.hpp"
#include "eval/run_command.hpp"
#include "eval/score_command.hpp"
#include "host/core/error.hpp"

int main(int argc, char** argv) {
  CLI::App app("What energy-saving techniques do to a recurrent network: words wrong, work avoided, joules saved.",
               "edgeval");
  app.set_version_flag("--version", EDGEVAL_VERSION);
  app.require_subcommand(1);
  edgeval::setup_run(app);
  edgeval::setup_profile(app);
  edgeval::setup_score(app);
  edgeval::setup_energy(app);
  edgeval::setup_info(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;
  } catch (const edgeval::Error& error) {
    std::fprintf(stderr, "edgeval: %s\n", error.what());
    return 1;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "edgeval: out of memory; try a smaller --batch\n");
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "edgeval: failed: %s\n", error.what());
    return 2;
  }
}
