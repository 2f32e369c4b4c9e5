// Operand: an element enters the products again only when it has moved by at least a threshold
// since it last entered (Neil et al. 2017, section 2, but with >= as in their code;
// docs/techniques.md, "Delta"). The z that is summed from the moves equals W times the held vector,
// so it is evaluated as a hold: z = W held_x + U held_h + b.
#pragma once

#include "host/numeric/fixed_point.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

struct Delta {
  static constexpr const char* kName = "delta";
  static constexpr const char* kMeaning =
      "elements enter again when they moved by a threshold (Neil et al.)";
  static constexpr const char* kPaper =
      "Neil, Lee, Delbruck, Liu, Delta networks for optimized recurrent network computation, 2017, "
      "arXiv 1612.05571";
  static constexpr OperandCost kCost{.comparisons = 1, .subtractions = 1};
  static constexpr const char* kChosen[] = {"threshold_x", "threshold_h"};

  double threshold_x = 0.1;  // in units of the layer's input
  double threshold_h = 0.1;  // h lies in (-1, 1)

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("threshold_x", self.threshold_x, "least move of an input, in units of the layer's input");
    visit("threshold_h", self.threshold_h,
          "least move of a recurrent input, which lies in (-1, 1)");
  }

  const char* problem() const {
    return threshold_x >= 0 && threshold_h >= 0 ? nullptr : "thresholds must be 0 or more";
  }

  // Rounds the thresholds half up. A threshold is a distance, which may exceed the grid's range, so
  // it is not saturated.
  void put_on_grids(const Grid& x, const Grid& h) {
    threshold_x = rounded(threshold_x, x);
    threshold_h = rounded(threshold_h, h);
  }

  struct Rule {
    static constexpr bool kIdentity = false;
    static constexpr bool kOnGivenValues = true;  // true: every operand is a value that was seen
    float threshold_x, threshold_h;

    struct State {
      float held = 0;  // zero before the first step, which is therefore not special
    };

    EDGEVAL_HD float seen(float value, Source) const { return value; }
    EDGEVAL_HD Operand next(float value, Source source, State& state) const {
      const float threshold = source == Source::kInput ? threshold_x : threshold_h;
      const float moved = value - state.held;
      // There is no branch, so that loops vectorise.
      const bool changed = (moved != 0) & (absolute(moved) >= threshold);
      state.held = changed ? value : state.held;
      return {state.held, changed};
    }
  };

  Rule rule() const { return {static_cast<float>(threshold_x), static_cast<float>(threshold_h)}; }

 private:
  static double rounded(double threshold, const Grid& grid) {
    const auto seen = static_cast<double>(static_cast<float>(threshold));
    const double scaled = seen * static_cast<double>(grid.scale);
    if (scaled >= 1e9) return seen;
    return static_cast<double>(static_cast<float>(static_cast<double>(round_half_up(scaled)) *
                                                  static_cast<double>(grid.inverse)));
  }
};

}  // namespace edgeval
