// Runs the edgeval binary, or a shell script around it, as a user would, and returns its output,
// its errors and its exit code.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/paths.hpp"

namespace edgeval::test {

struct CommandResult {
  int code = -1;  // exit code, or 128 + the number of the signal that ended the program
  std::string out, err;
};

inline std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') word += "'\\'";  // ends the quotes, adds an escaped quote, and begins them again
    word += c;
  }
  return word += '\'';
}

// Runs a script of sh in `folder`; `edgeval` in the script is the binary under test. It finds no
// folder of the user's, so that no test reads features which an earlier run has kept.
inline CommandResult run_shell(const std::string& script,
                               const std::filesystem::path& folder = source_folder()) {
  const std::string path = std::filesystem::path(EDGEVAL_BINARY).parent_path().string();
  const std::string whole = "cd " + quoted(folder.string()) +
                            " || exit 99; unset XDG_CACHE_HOME HOME; PATH=" + quoted(path) +
                            ":$PATH; " + script;
  std::array<std::array<int, 2>, 2> pipes{};
  for (auto& ends : pipes)
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no child");
  if (child == 0) {
    for (int i = 0; i < 2; ++i) {
      ::dup2(pipes[i][1], i + 1);
      ::close(pipes[i][0]);
      ::close(pipes[i][1]);
    }
    ::execl("/bin/sh", "sh", "-c", whole.c_str(), nullptr);
    ::_exit(127);
  }
  CommandResult result;
  std::array<pollfd, 2> ends{{{pipes[0][0], POLLIN, 0}, {pipes[1][0], POLLIN, 0}}};
  for (auto& both : pipes) ::close(both[1]);
  for (int open = 2; open > 0;) {
    ::poll(ends.data(), ends.size(), -1);
    for (int i = 0; i < 2; ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      std::array<char, 65536> bytes;
      const ssize_t read = ::read(ends[i].fd, bytes.data(), bytes.size());
      if (read > 0) {
        (i == 0 ? result.out : result.err).append(bytes.data(), static_cast<std::size_t>(read));
      } else {
        ::close(ends[i].fd);
        ends[i].fd = -1;  // poll ignores a negative descriptor
        --open;
      }
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// Returns `edgeval` with its arguments, each quoted for run_shell.
inline std::string command_line(const std::vector<std::string>& arguments) {
  std::string line = "edgeval";
  for (const std::string& argument : arguments) line.append(" ").append(quoted(argument));
  return line;
}

inline CommandResult edgeval(const std::vector<std::string>& arguments,
                             const std::filesystem::path& folder = source_folder()) {
  return run_shell(command_line(arguments), folder);
}

// The spoken test set and its model, and the captions and theirs, which ship with edgeval.
inline std::string spoken_data() { return (source_folder() / "datasets/spoken").string(); }
inline std::string spoken_model() { return spoken_data() + "/speech-blstm3x128.safetensors"; }
inline std::string captions_file(const std::string& name) {
  return (source_folder() / "datasets/captions" / name).string();
}
inline std::string captions_model() { return captions_file("multi30k-en-de.safetensors"); }

// Whether the program refused its input: with exit code 1, nothing on stdout, and one line on
// stderr that begins with "edgeval: " and has `part` in it.
inline ::testing::AssertionResult is_refusal(const CommandResult& result, const std::string& part) {
  const bool one_line = std::count(result.err.begin(), result.err.end(), '\n') == 1 &&
                        result.err.ends_with('\n') && result.err.starts_with("edgeval: ");
  if (result.code == 1 && one_line && result.out.empty() &&
      result.err.find(part) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "exit code " << result.code << ", stderr:\n"
         << result.err << "wanted: exit code 1 and one line with \"" << part << "\"; stdout:\n"
         << result.out;
}

}  // namespace edgeval::test
