// Parses by recursive descent into reverse Polish notation, and evaluates that on a small stack.
#include "hwmodel/expression.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "host/core/error.hpp"
#include "host/core/names.hpp"

namespace edgeval::hw {
namespace {

constexpr std::size_t kLongest = 200;  // characters; also bounds the depth of the recursion

struct Name {
  std::string_view text;
  std::int64_t (*value)(const LayerShape&);
};

constexpr std::array<Name, 8> kNames{{
    {"inputs", [](const LayerShape& shape) { return shape.inputs; }},
    {"recurrent", [](const LayerShape& shape) { return shape.recurrent; }},
    {"outputs", [](const LayerShape& shape) { return shape.outputs; }},
    {"gates", [](const LayerShape& shape) { return shape.gates; }},
    {"weights", [](const LayerShape& shape) { return shape.weights(); }},
    {"biases", [](const LayerShape& shape) { return shape.biases(); }},
    {"weight_bits", [](const LayerShape& shape) { return shape.weight_bits; }},
    {"stored_bits", [](const LayerShape& shape) { return shape.stored_bits(); }},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text) {}

  Expression whole() {
    EDGEVAL_EXPECTS(text_.size() <= kLongest, "an expression has at most ", kLongest,
                    " characters");
    sum();
    if (peek() != '\0') fail("an operator or the end");
    return std::move(expression_);
  }

 private:
  using Code = Expression::Code;

  [[noreturn]] void fail(std::string_view wanted) const {
    throw Error(concat("'", text_, "': expected ", wanted, " at character ", at_ + 1));
  }

  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!take(c)) fail(concat("'", c, "'"));
  }

  void emit(Code code, double number = 0, std::size_t name = 0) {
    expression_.operations_.push_back({code, number, name});
  }

  void sum() {
    product();
    while (peek() == '+' || peek() == '-') {
      const Code code = text_[at_++] == '+' ? Code::kAdd : Code::kSubtract;
      product();
      emit(code);
    }
  }

  void product() {
    atom();
    while (peek() == '*' || peek() == '/') {
      const Code code = text_[at_++] == '*' ? Code::kMultiply : Code::kDivide;
      atom();
      emit(code);
    }
  }

  void atom() {
    const char c = peek();
    if (take('(')) {
      sum();
      expect(')');
    } else if (is_digit(c) || c == '.') {
      number();
    } else if (is_letter(c)) {
      word();
    } else {
      fail("a number, a name or '('");
    }
  }

  void number() {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc{}) fail("a number in range");
    at_ = static_cast<std::size_t>(end - text_.data());
    emit(Code::kNumber, value);
  }

  void word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string_view word = text_.substr(start, at_ - start);
    if (word == "ceil" || word == "max") {
      expect('(');
      sum();
      if (word == "max") {
        expect(',');
        sum();
      }
      expect(')');
      emit(word == "max" ? Code::kMax : Code::kCeil);
      return;
    }
    const auto found = std::ranges::find(kNames, word, &Name::text);
    if (found == kNames.end()) {
      std::vector<std::string> known{"ceil", "max"};
      for (const Name& name : kNames) known.emplace_back(name.text);
      throw Error(concat("'", text_, "': unknown name '", word, "'", suggestion(word, known)));
    }
    emit(Code::kName, 0, static_cast<std::size_t>(found - kNames.begin()));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Expression expression_;
};

Expression Expression::parse(std::string_view text) { return ExpressionParser(text).whole(); }

double Expression::operator()(const LayerShape& shape) const {
  std::array<double, kLongest> stack;  // there are at most as many values as characters
  std::size_t size = 0;
  for (const Operation& operation : operations_) {
    switch (operation.code) {
      case Code::kNumber:
        stack[size++] = operation.number;
        continue;
      case Code::kName:
        stack[size++] = static_cast<double>(kNames[operation.name].value(shape));
        continue;
      case Code::kCeil:
        stack[size - 1] = std::ceil(stack[size - 1]);
        continue;
      default:
        break;
    }
    const double right = stack[--size];
    double& left = stack[size - 1];
    switch (operation.code) {
      case Code::kAdd:
        left += right;
        break;
      case Code::kSubtract:
        left -= right;
        break;
      case Code::kMultiply:
        left *= right;
        break;
      case Code::kDivide:
        left /= right;
        break;
      case Code::kMax:
        left = std::max(left, right);
        break;
      default:
        EDGEVAL_ASSERT(false);
    }
  }
  EDGEVAL_ASSERT(size == 1);
  return stack[0];
}

}  // namespace edgeval::hw
