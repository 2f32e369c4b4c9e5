// Operand: elements enter as they are, but a neuron's dot product is remembered, and evaluated
// again only when a cheap predictor says that it has moved (Silfa et al., MICRO 2019, "neuron-level
// fuzzy memoization"; docs/techniques.md, "memoization"). For every neuron, with p the predictor
// and p_m its value when y_m was evaluated:
//   epsilon = |(p - p_m) / p|,  delta += epsilon;  delta <= threshold: y = y_m, else y_m = y, p_m =
//   p, delta = 0
// binary: p = sum of bin(w) bin(v) over [x; h], bin(v) = +1 if v >= 0, else -1. oracle: p = y
// itself, and delta = epsilon.
#pragma once

#include <array>
#include <string_view>

#include "host/technique/as_is.hpp"

namespace edgeval {

enum class MemoPredictor : std::uint8_t { kBinary, kOracle };
constexpr std::array<std::string_view, 2> names(MemoPredictor) { return {"binary", "oracle"}; }

struct Memoized {
  static constexpr const char* kName = "memoized";
  static constexpr const char* kMeaning =
      "remembers dot products until a predictor says they moved (Silfa et al.)";
  static constexpr OperandCost kCost{};  // of neurons, not of elements: counted by the engine
  static constexpr bool kSelects = true;
  static constexpr Refusals kRefusals{
      .linear =
          "remembers the neurons of recurrent layers only; a linear layer takes reuse or "
          "delta"};
  static constexpr const char* kChosen[] = {"threshold"};

  double threshold = 0.1;  // of the accumulated relative change; below 0 nothing is remembered
  MemoPredictor predictor = MemoPredictor::kBinary;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("threshold", self.threshold,
          "greatest accumulated relative change; below 0: never remember");
    visit("predictor", self.predictor, "binary, or oracle: the true change (an upper bound)");
  }
  const char* problem() const {
    return threshold == threshold ? nullptr : "threshold must be a number";
  }

  struct Rule {
    double threshold;
    bool accumulates;

    struct Memo {
      double predicted = 0;  // p_m
      double delta = 0;
      bool known = false;  // not before a sequence's first executed step
    };

    // Whether the remembered product serves; the memo is brought up to date either way.
    EDGEVAL_HD bool remembers(double predicted, Memo& memo) const {
      const double moved = predicted - memo.predicted;
      const bool measurable = predicted != 0 || moved == 0;
      const double epsilon =
          moved == 0 ? 0 : (moved < 0 ? -moved : moved) / (predicted < 0 ? -predicted : predicted);
      const double delta = accumulates ? memo.delta + epsilon : epsilon;
      const bool serves = memo.known & measurable & (delta <= threshold);
      memo = serves ? Memo{memo.predicted, delta, true} : Memo{predicted, 0, true};
      return serves;
    }
  };
  Rule decision() const { return {threshold, predictor == MemoPredictor::kBinary}; }

  // What enters the products.
  AsIs::Rule rule() const { return {}; }
};

}  // namespace edgeval
