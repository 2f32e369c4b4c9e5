// Reports all problems of one JSON object in one message: checks throw as they always do, and their
// errors are gathered here.
#pragma once

#include <string>
#include <vector>

#include "host/core/error.hpp"
#include "host/core/json.hpp"

namespace edgeval {

class Problems {
 public:
  explicit Problems(std::string path) : path_(std::move(path)) {}

  // Runs the check. Returns false when it threw an Error, which is kept.
  template <class Check>
  bool check(const Check& check) {
    try {
      check();
      return true;
    } catch (const Error& error) {
      add(error.what());
      return false;
    }
  }

  // Runs Fields::expect_only for each key alone, so that all unknown keys are found.
  void expect_only(const Json& object, const std::string& place,
                   const std::vector<std::string>& known);

  bool empty() const { return messages_.empty(); }
  void add(std::string message);

  // Throws an Error with all problems if there are any: "PATH: PROBLEM" or "PATH: 2 problems: (1)
  // ... (2) ...".
  void finish() const;

 private:
  std::string path_;
  std::vector<std::string> messages_;  // messages without the path
};

}  // namespace edgeval
