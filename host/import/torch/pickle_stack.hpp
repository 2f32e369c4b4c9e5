// The state on which the opcodes of a pickle act: the bytes that are still to be read, the stack
// with its marks, and the memo. Every refusal is an Error that names the place and the byte of the
// opcode.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/core/error.hpp"
#include "host/import/torch/pickle_value.hpp"

namespace edgeval::pickle {

class PickleStack {
 protected:
  // `values` owns the values that are pushed.
  PickleStack(std::string_view bytes, const std::string& place, std::deque<Value>& values)
      : bytes_(bytes), place_(place), values_(values) {}

  template <class... Parts>
  void expect(bool good, const Parts&... parts) const {
    EDGEVAL_EXPECTS(good, place_, ": pickle, byte ", opcode_at_, ": ", parts...);
  }

  // These functions read.
  std::size_t read() const { return at_; }  // number of bytes
  std::size_t left() const { return bytes_.size() - at_; }
  std::string_view take(std::uint64_t count) {
    expect(count <= left(), count, " bytes are wanted, but the file has ", left(), " more");
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }
  unsigned char byte() { return static_cast<unsigned char>(take(1)[0]); }
  // The opcode's place opens the refusals up to the next opcode.
  unsigned char opcode() {
    opcode_at_ = at_;
    return byte();
  }
  template <class Number>
  Number little() {
    Number number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }
  std::string_view line();  // name of a global, without the line's end

  // These functions act on the stack.
  Value& push(Kind kind);
  void push_again(Value* value);
  void push_text(Kind kind, std::string_view text) { push(kind).text = text; }
  Value& top();
  Value* pop();
  void mark();
  std::vector<const Value*> pop_to_mark();
  void expect_empty() const;  // checked at the end of the pickle

  // These functions act on the memo.
  void remember(std::uint32_t index);
  void remember_next() { remember(static_cast<std::uint32_t>(memo_.size())); }
  void recall(std::uint32_t index);

 private:
  void count();

  std::string_view bytes_;
  const std::string& place_;
  std::deque<Value>& values_;
  std::size_t at_ = 0, opcode_at_ = 0, steps_ = 0;
  std::vector<Value*> stack_;
  std::vector<std::size_t> marks_;  // sizes of the stack at its marks
  std::unordered_map<std::uint32_t, Value*> memo_;
};

}  // namespace edgeval::pickle
