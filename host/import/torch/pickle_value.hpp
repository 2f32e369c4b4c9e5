// The values that a pickle describes, and functions to look into them. Values point at each other,
// even in circles if the pickle says so, so no function here follows more than a fixed number of
// links.
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
  std::int64_t integer = 0;  // value of kBool and kInteger
  double real = 0;           // value of kReal
  // The text (UTF-8) of kText, the bytes of kBytes and kLong (little-endian), "module.name" of
  // kGlobal and kRecord.
  std::string_view text;
  // The items of kList, kTuple and kSet; key, value, key, value, ... of kDict; for kRecord the
  // entries or items that were put into it.
  std::vector<const Value*> items;
  const Value* made_of = nullptr;  // kRecord: tuple of arguments; kPersistent: id
  const Value* state = nullptr;    // kRecord: what BUILD gave it, or null
};

// Returns words for messages: "a dict", "a record of "argparse.Namespace"".
std::string described(const Value& value);

// Returns the entries of a dict or of a record of collections.OrderedDict, in order; empty for any
// other value.
std::vector<std::pair<const Value*, const Value*>> entries(const Value& value);

// Returns the value that the text `key` has in entries(), or null. Of several values it is the
// last, as in Python.
const Value* find(const Value& value, std::string_view key);

// Returns the attribute of a record, or null.
const Value* attribute(const Value& value, std::string_view name);

}  // namespace edgeval::pickle
