// The options of an OpenNMT-py checkpoint, entry "opt": an argparse.Namespace or a dict. One that
// is missing or None has its default.
#pragma once

#include <string>
#include <vector>

#include "host/import/torch/pickle_value.hpp"

namespace edgeval {

class OpennmtOptions {
 public:
  // Keeps a view on `options`. `path` opens the messages.
  OpennmtOptions(const pickle::Value& options, std::string path)
      : options_(options), path_(std::move(path)) {}

  // Throws, naming the option, where the network has a part that edgeval has no counterpart for.
  void check() const;

  // Throws when the option is no text.
  std::string text(const char* name, const std::string& otherwise) const;

 private:
  const pickle::Value* find(const char* name) const;
  bool flag(const char* name) const;
  void expect(const char* name, const std::vector<std::string>& known, const char* otherwise) const;

  const pickle::Value& options_;
  std::string path_;
};

}  // namespace edgeval
