// The beam axis: how many hypotheses of a sentence, or prefixes of an utterance, live on after a
// step of the search. A choice looks at the scores of the best k candidates, k being its greatest
// width. Scores are cumulative natural-log probabilities in falling order (docs/techniques.md,
// "Beam"). rule() returns the part that decides; it is trivially copyable and gives the same bits
// on every device. The type of `scores` has operator[], and there are `count` scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <variant>

#include "host/numeric/rounding.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

inline constexpr int kWidestBeam = 1000;

struct FixedBeam {
  static constexpr const char* kName = "fixed";
  static constexpr const char* kMeaning = "the same width at every step";

  double width = 5;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("width", self.width, "hypotheses kept after each step");
  }
  const char* problem() const {
    return is_whole(width, 1, kWidestBeam) ? nullptr : "width must be a whole number, 1 to 1000";
  }
  EDGEVAL_HD int widest() const { return static_cast<int>(width); }
  FixedBeam rule() const { return *this; }
  template <class Scores>
  EDGEVAL_HD int keep(const Scores& /*scores*/, int /*count*/) const {
    return widest();
  }
};

// The wider the scores spread, the fewer hypotheses are kept (Jahier Pagliari et al., GLSVLSI
// 2019):
//   BW = max - (max - min) (sigma - sigma_min) / (sigma_max - sigma_min), half up, in min ... max
// sigma is the standard deviation of the best `max` scores, with n - 1 in its denominator. Infinite
// scores are left out, and fewer than two finite ones give 0.
struct DynamicBeam {
  static constexpr const char* kName = "dynamic";
  static constexpr const char* kMeaning = "a width that follows the spread of the best scores (P4)";
  static constexpr const char* kPaper =
      "P4: Jahier Pagliari, Panini, Macii, Poncino, Dynamic beam width tuning for energy-efficient "
      "recurrent neural networks, GLSVLSI 2019";

  double min = 2, max = 5;
  double sigma_min = kFromProfile, sigma_max = kFromProfile;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("min", self.min, "least width");
    visit("max", self.max, "greatest width");
    visit("sigma_min", self.sigma_min,
          "spread up to which the beam is widest, in nats; a profile has its 5th percentile",
          Origin::kSpread5);
    visit("sigma_max", self.sigma_max,
          "spread from which it is narrowest, in nats; a profile has its 50th percentile",
          Origin::kSpread50);
  }
  const char* problem() const {
    if (!is_whole(min, 1, kWidestBeam) || !is_whole(max, 1, kWidestBeam))
      return "min and max must be whole numbers, 1 to 1000";
    if (min > max) return "min must not be above max";
    if (sigma_min < 0 || sigma_max > 1e30)
      return "sigma_min and sigma_max must be numbers, 0 or more";
    return sigma_max <= sigma_min ? "sigma_max must be above sigma_min" : nullptr;
  }
  int widest() const { return static_cast<int>(max); }

  template <class Scores>
  EDGEVAL_HD static double spread(const Scores& scores, int count) {
    double sum = 0, squares = 0;
    int finite = 0;
    for (int i = 0; i < count; ++i)
      if (is_finite(scores[i])) sum += static_cast<double>(scores[i]), ++finite;
    if (finite < 2) return 0;
    const double mean = sum / static_cast<double>(finite);
    for (int i = 0; i < count; ++i)
      if (is_finite(scores[i])) {
        const double off = static_cast<double>(scores[i]) - mean;
        squares += off * off;
      }
    return std::sqrt(squares / static_cast<double>(finite - 1));
  }
  // Returns BW(sigma).
  EDGEVAL_HD int width(double sigma) const {
    if (sigma <= sigma_min) return static_cast<int>(max);
    if (sigma >= sigma_max) return static_cast<int>(min);
    const double real = max - (max - min) * (sigma - sigma_min) / (sigma_max - sigma_min);
    return static_cast<int>(clamp(std::floor(real + 0.5), min, max));
  }
  DynamicBeam rule() const { return *this; }
  template <class Scores>
  EDGEVAL_HD int keep(const Scores& scores, int count) const {
    return width(spread(scores, count));
  }
};

// Keeps those of `width` candidates that are near the best one (Freitag and Al-Onaizan 2017,
// section 3).
struct PrunedBeam {
  static constexpr const char* kName = "pruned";
  static constexpr const char* kMeaning =
      "candidates whose score is near the best one's (Freitag and Al-Onaizan)";
  static constexpr const char* kPaper =
      "Freitag, Al-Onaizan, Beam search strategies for neural machine translation, 2017, arXiv "
      "1702.01806";

  double width = 5;
  // The least probability, over that of the best candidate, of one that is kept; 0 keeps all.
  double relative = 0.6;
  // The greatest distance from the best score, in nats, of a candidate that is kept; .inf keeps
  // all.
  double absolute = 2.5;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("width", self.width, "greatest width");
    visit("relative", self.relative,
          "least probability of a hypothesis, over the best one's; 0: any");
    visit("absolute", self.absolute, "greatest distance from the best score, in nats; .inf: any");
  }
  const char* problem() const {
    if (!is_whole(width, 1, kWidestBeam)) return "width must be a whole number, 1 to 1000";
    if (!(relative >= 0 && relative <= 1)) return "relative must be from 0 to 1";
    return absolute >= 0 ? nullptr : "absolute must be 0 or more";
  }
  int widest() const { return static_cast<int>(width); }
  struct Rule {
    double farthest;  // distance from the best score, in nats
    template <class Scores>
    EDGEVAL_HD int keep(const Scores& scores, int count) const {
      int kept = 0;
      for (int i = 0; i < count; ++i)
        kept += static_cast<double>(scores[0]) - static_cast<double>(scores[i]) <= farthest ? 1 : 0;
      return kept;
    }
  };
  Rule rule() const { return {relative > 0 ? std::min(absolute, -std::log(relative)) : absolute}; }
};

// The first is the neutral choice (technique.hpp).
using Beam = std::variant<FixedBeam, DynamicBeam, PrunedBeam>;

// Returns the greatest width that the choice can take.
inline int widest_of(const Beam& beam) {
  return std::visit([](const auto& choice) { return choice.widest(); }, beam);
}

}  // namespace edgeval
