// All problems of one JSON object in one message: checks throw as ever, and what they throw is
// gathered here.
#pragma once

#include <string>
#include <vector>

#include "host/core/error.hpp"
#include "host/core/json.hpp"

namespace edgeval {

class Problems {
 public:
  explicit Problems(std::string path) : path_(std::move(path)) {}

  // Runs the check; false when it threw an Error, which is kept.
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

  // Fields::expect_only for each key, so that all unknown ones are found.
  void expect_only(const Json& object, const std::string& place,
                   const std::vector<std::string>& known);

  bool empty() const { return messages_.empty(); }
  void add(std::string message);

  // Throws an Error with all of them: the one there is, or "PATH: 2 problems: (1) ... (2) ...".
  void finish() const;

 private:
  std::string path_;
  std::vector<std::string> messages_;  // without the path
};

}  // namespace edgeval
