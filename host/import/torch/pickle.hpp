// Tells what a pickle describes without doing it: an interpreter of the opcodes of Python's pickle
// protocols 2 to 5 that imports nothing and calls nothing. A global stays a name; what Python would
// make by calling one becomes a record of that name, the arguments and the state. Memory is at most
// some 100 bytes for each byte read, and for 4 million of them in all.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "host/import/torch/pickle_value.hpp"

namespace edgeval::pickle {

class Pickle {
 public:
  using Knows = bool (*)(std::string_view global);  // whether "module.name" may occur

  // Reads one pickle from the start of `bytes`, of which the values keep views. Throws Error,
  // opening with `place`, where the pickle is cut off or inconsistent, at globals that `knows`
  // refuses, and at opcodes that checkpoints do not need.
  Pickle(std::string_view bytes, const std::string& place, Knows knows);
  Pickle(const Pickle&) = delete;

  const Value& root() const { return *root_; }
  std::size_t size() const { return size_; }  // bytes up to the end of the pickle
  // All values of kind kPersistent.
  const std::vector<const Value*>& persistent() const { return persistent_; }

 private:
  friend class Machine;
  std::deque<Value> values_;       // owns all values
  std::deque<std::string> names_;  // names of globals
  std::vector<const Value*> persistent_;
  const Value* root_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace edgeval::pickle
