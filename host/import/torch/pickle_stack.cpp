#include "host/import/torch/pickle_stack.hpp"

namespace edgeval::pickle {
namespace {

// The most values, references, marks and memos; each takes some 100 bytes at most.
constexpr std::size_t kMaxSteps = 1 << 22;

}  // namespace

std::string_view PickleStack::line() {
  const std::size_t end = bytes_.find('\n', at_);
  expect(end != std::string_view::npos, "the name of a global does not end");
  const std::string_view name = take(end - at_);
  ++at_;
  return name;
}

void PickleStack::count() {
  expect(++steps_ <= kMaxSteps, "the pickle has more than ", kMaxSteps, " values");
}

Value& PickleStack::push(Kind kind) {
  count();
  Value& value = values_.emplace_back();
  value.kind = kind;
  stack_.push_back(&value);
  return value;
}

void PickleStack::push_again(Value* value) {
  count();
  stack_.push_back(value);
}

Value& PickleStack::top() {
  expect(!stack_.empty() && (marks_.empty() || stack_.size() > marks_.back()),
         "the stack is empty");
  return *stack_.back();
}

Value* PickleStack::pop() {
  Value* value = &top();
  stack_.pop_back();
  return value;
}

void PickleStack::mark() {
  count();
  marks_.push_back(stack_.size());
}

std::vector<const Value*> PickleStack::pop_to_mark() {
  expect(!marks_.empty(), "no mark is set");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<const Value*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleStack::expect_empty() const {
  expect(stack_.empty() && marks_.empty(), "the pickle ends with values left over");
}

void PickleStack::remember(std::uint32_t index) {
  count();
  memo_[index] = &top();
}

void PickleStack::recall(std::uint32_t index) {
  const auto found = memo_.find(index);
  expect(found != memo_.end(), "memo ", index, " was never set");
  push_again(found->second);
}

}  // namespace edgeval::pickle
