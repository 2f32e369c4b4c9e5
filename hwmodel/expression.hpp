// Arithmetic over a layer's shape, as written in the `times` of an accelerator's rules:
// "ceil(outputs / 128) - 1".
//
//   sum     = product { ("+" | "-") product }
//   product = atom { ("*" | "/") atom }
//   atom    = number | name | "ceil(" sum ")" | "max(" sum "," sum ")" | "(" sum ")"
//   name    = inputs | recurrent | outputs | gates | weights | biases | weight_bits | stored_bits
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "host/core/activity.hpp"

namespace edgeval::hw {

class Expression {
 public:
  // Throws Error, saying what was expected and at which character.
  static Expression parse(std::string_view text);

  // Returns the value for a layer's shape. It is not finite after a division by zero, which the
  // caller must check.
  double operator()(const LayerShape& shape) const;

 private:
  friend class ExpressionParser;
  enum class Code : std::uint8_t {
    kNumber,
    kName,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kCeil,
    kMax
  };
  struct Operation {
    Code code;
    double number = 0;     // kNumber
    std::size_t name = 0;  // kName: its index
  };
  std::vector<Operation> operations_;  // in reverse Polish notation
};

}  // namespace edgeval::hw
