// The values that a pickle describes, and how they are looked into. They point at each other, in
// circles too if the pickle says so: no function here follows more than a fixed number of links.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgeval::pickle {

enum class Kind {
  kNone,
  kBool,
  kInteger,
  kLong,
  kReal,
  kText,
  kBytes,
  kList,
  kTuple,
  kSet,
  kDict,
  kGlobal,
  kPersistent,
  kRecord
};

struct Value {
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;  // kBool, kInteger
  double real = 0;           // kReal
  // kText (UTF-8), kBytes, kLong (little-endian); "module.name" of kGlobal and kRecord
  std::string_view text;
  // kList, kTuple, kSet; key, value, key, value, ... of kDict; of kRecord what was put into it,
  // entries or items
  std::vector<const Value*> items;
  const Value* made_of = nullptr;  // kRecord: the tuple of arguments; kPersistent: the id
  const Value* state = nullptr;    // kRecord: what BUILD gave it, or null
};

// For messages: "a dict", "a record of "argparse.Namespace"".
std::string described(const Value& value);

// The entries of a dict or of a record of collections.OrderedDict, in order; empty for any other
// value.
std::vector<std::pair<const Value*, const Value*>> entries(const Value& value);

// The value that the text `key` has in entries(), or null. Of several the last one, as in Python.
const Value* find(const Value& value, std::string_view key);

// The attribute of a record, or null.
const Value* attribute(const Value& value, std::string_view name);

}  // namespace edgeval::pickle
