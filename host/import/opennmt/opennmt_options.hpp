// The options of an OpenNMT-py checkpoint: the entry "opt", which is an argparse.Namespace or a
// dict. An option that is missing or None has its default.
#pragma once

#include <string>
#include <vector>

#include "host/import/torch/pickle_value.hpp"

namespace edgeval {

class OpennmtOptions {
 public:
  // Keeps a view of `options`. `path` opens the messages.
  OpennmtOptions(const pickle::Value& options, std::string path)
      : options_(options), path_(std::move(path)) {}

  // Throws, naming the option, where the network has a part for which edgeval has no counterpart.
  void check() const;

  // Returns the text of an option, or `otherwise` where it is missing. Throws when the option is no
  // text.
  std::string text(const char* name, const std::string& otherwise) const;

 private:
  const pickle::Value* find(const char* name) const;
  bool flag(const char* name) const;
  void expect(const char* name, const std::vector<std::string>& known, const char* otherwise) const;

  const pickle::Value& options_;
  std::string path_;
};

}  // namespace edgeval
