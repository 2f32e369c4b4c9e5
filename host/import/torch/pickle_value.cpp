#include "host/import/torch/pickle_value.hpp"

#include <stdexcept>

#include "host/core/error.hpp"
#include "host/core/json.hpp"

namespace edgeval::pickle {

std::string described(const Value& value) {
  switch (value.kind) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return "a bool";
    case Kind::kInteger:
      return "a whole number";
    case Kind::kLong:
      return "a long number";
    case Kind::kReal:
      return "a number";
    case Kind::kText:
      return "a text";
    case Kind::kBytes:
      return "bytes";
    case Kind::kList:
      return "a list";
    case Kind::kTuple:
      return "a tuple";
    case Kind::kSet:
      return "a set";
    case Kind::kDict:
      return "a dict";
    case Kind::kGlobal:
      return concat("the global ", shown(value.text));
    case Kind::kPersistent:
      return "a storage";
    case Kind::kRecord:
      return concat("a record of ", shown(value.text));
  }
  throw std::logic_error("a pickle's value of no kind");
}

std::vector<std::pair<const Value*, const Value*>> entries(const Value& value) {
  std::vector<std::pair<const Value*, const Value*>> all;
  const bool ordered = value.kind == Kind::kRecord && value.text == "collections.OrderedDict";
  if (!ordered && value.kind != Kind::kDict) return all;
  // Python 2 stored the entries of an OrderedDict as an argument: a list of [key, value].
  if (ordered && value.made_of->items.size() == 1)
    for (const Value* pair : value.made_of->items[0]->items)
      if (pair->items.size() == 2) all.emplace_back(pair->items[0], pair->items[1]);
  for (std::size_t i = 0; i + 1 < value.items.size(); i += 2)
    all.emplace_back(value.items[i], value.items[i + 1]);
  return all;
}

const Value* find(const Value& value, std::string_view key) {
  const Value* found = nullptr;
  for (const auto& [name, entry] : entries(value))
    if (name->kind == Kind::kText && name->text == key) found = entry;
  return found;
}

const Value* attribute(const Value& value, std::string_view name) {
  return value.kind == Kind::kRecord && value.state != nullptr ? find(*value.state, name) : nullptr;
}

}  // namespace edgeval::pickle
