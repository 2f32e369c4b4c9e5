// Operand: elements enter as they are, but the dot product of a neuron is remembered and evaluated
// again only when a cheap predictor says that it has moved (Silfa et al., MICRO 2019, "Neuron-level
// fuzzy memoization"; docs/techniques.md, "Memoization"). With p the predictor of a neuron and p_m
// its value when y_m was evaluated:
//   epsilon = |(p - p_m) / p|,  delta += epsilon
//   delta <= threshold: y = y_m;  else y is evaluated, y_m = y, p_m = p, delta = 0
// The binary predictor is p = sum of bin(w) bin(v) over [x; h], with bin(v) = +1 if v >= 0, else
// -1. The oracle is p = y itself, with delta = epsilon.
#pragma once

#include <array>
#include <string_view>

#include "host/technique/as_is.hpp"
#include "host/technique/papers.hpp"

namespace edgeval {

enum class MemoPredictor : std::uint8_t { kBinary, kOracle };
constexpr std::array<std::string_view, 2> names(MemoPredictor) { return {"binary", "oracle"}; }

struct Memoized {
  static constexpr const char* kName = "memoized";
  static constexpr const char* kMeaning =
      "remembers dot products until a predictor says they moved (Silfa et al.)";
  static constexpr const char* kPaper = kPaperMemoization;
  static constexpr OperandCost kCost{};  // no cost per element: the engine counts neurons
  static constexpr bool kSelects = true;
  static constexpr Refusals kRefusals{
      .linear =
          "remembers the neurons of recurrent layers only; a linear layer takes reuse or "
          "delta"};
  static constexpr const char* kChosen[] = {"threshold"};

  double threshold = 0.1;  // greatest accumulated relative change; below 0 nothing is remembered
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
      bool known = false;  // false before a sequence's first executed step
    };

    // Whether the remembered product serves; updates the memo in either case.
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

  // Returns the rule for what enters the products.
  AsIs::Rule rule() const { return {}; }
};

}  // namespace edgeval
