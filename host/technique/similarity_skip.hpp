// Plan: a step whose input resembles that of the step before is skipped, and h and c are copied (Jo
// et al., section III, equation 6 with its sign mended; docs/techniques.md, "Similarity skip").
//
// The input is brought into 16-bit fixed point, q = sat16(floor(x 2^f + 0.5)). Of the `active`
// elements with q != 0, `differing` ones have other upper bits (q >> shift) than in the adjacent
// step. S = (active - differing) / active; where no element is active, S is 1 if the neighbour is
// all zero too, else 0. The neighbour is t-1 forward and t+1 backward, whether it ran or was
// skipped.
//
// A step whose S is at most `threshold` but above pseudo_threshold is a pseudo-skip (int16 only):
// 8-bit weights are multiplied with the differences of the inputs, in 8 bits
// (host/technique/pseudo_skip.hpp).
#pragma once

#include "host/numeric/rounding.hpp"
#include "host/technique/as_is.hpp"
#include "host/technique/delta.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

struct SimilaritySkip {
  static constexpr const char* kName = "similarity_skip";
  static constexpr const char* kMeaning = "skips a step whose input resembles the step before (P1)";
  static constexpr const char* kPaper = kPaperP1;
  static constexpr PlanCost kCost{.quantizations = 1, .comparisons = 1};
  static constexpr const char* kChosen[] = {"threshold"};

  double threshold = 0.5;      // a step is skipped where S > threshold; 1 or more never skips
  double max_consecutive = 2;  // longest run of skips; .inf: no limit, 0: never skip
  double shift = 10;           // bits of q dropped before comparing
  double fraction_bits = kFromProfile;  // f
  // There are no pseudo-skips where this is 1 or more, or not below `threshold`.
  double pseudo_threshold = 1;
  double pseudo_clip = 0.02;          // least difference that is propagated, in units of x and of h
  double delta_scale = kFromProfile;  // step of the 8-bit differences, a power of two

  bool has_pseudo() const { return pseudo_threshold < 1 && pseudo_threshold < threshold; }

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("threshold", self.threshold, "skip when the similarity (0 to 1) is above this");
    visit("max_consecutive", self.max_consecutive,
          "longest run of skips; .inf: no limit, 0: never");
    visit("shift", self.shift, "low bits left out of the comparison of 16-bit inputs");
    visit("fraction_bits", self.fraction_bits, "fraction bits of the 16-bit inputs",
          Origin::kFractionBits);
    visit("pseudo.threshold", self.pseudo_threshold,
          "pseudo-skip when the similarity is above this; 1: never");
    visit("pseudo.clip", self.pseudo_clip, "least difference that a pseudo-skip propagates");
    visit("delta_scale", self.delta_scale, "step of a pseudo-skip's 8-bit differences",
          Origin::kDeltaScale);
  }

  const char* problem() const {
    if (threshold != threshold) return "threshold must be a number";
    if (!(max_consecutive >= 0)) return "max_consecutive must be 0 or more";
    if (max_consecutive < 1e15 && !is_whole(max_consecutive, 0, 1e15))
      return "max_consecutive must be a whole number or .inf";
    if (!is_whole(shift, 0, 15)) return "shift must be a whole number from 0 to 15";
    if (!from_profile(fraction_bits) && !is_whole(fraction_bits, -100, 100))
      return "fraction_bits must be a whole number from -100 to 100";
    if (pseudo_threshold != pseudo_threshold) return "pseudo.threshold must be a number";
    if (!(pseudo_clip >= 0)) return "pseudo.clip must be 0 or more";
    if (from_profile(delta_scale)) return nullptr;
    for (int bits = -40; bits <= 40; ++bits)
      if (delta_scale == power_of_two(bits)) return nullptr;
    return "delta_scale must be a power of two from 2^-40 to 2^40";
  }
  bool unused(std::string_view key) const { return key == "delta_scale" && !has_pseudo(); }
  template <class ArithmeticChoice, class Technique>
  const char* problem_beside(const ArithmeticChoice&, const Technique&) const {
    if (!has_pseudo()) return nullptr;
    if (ArithmeticChoice::kBits != 16)
      return "a pseudo-skip adds 8-bit products to 16-bit ones and needs arithmetic int16";
    if (!std::is_same_v<Technique, AsIs> && !std::is_same_v<Technique, Delta>)
      return "a pseudo-skip propagates differences of its own, which go with the operands as_is "
             "and delta only";
    return nullptr;
  }

  struct Rule {
    float scale;  // 2^f
    double threshold;
    double max_consecutive;
    int shift;
    double pseudo_threshold = 1;

    // Returns q, which has 16 bits.
    EDGEVAL_HD std::int32_t quantize(float value) const {
      return round_half_up(clamp(value * scale, -32768.0F, 32767.0F));
    }
    EDGEVAL_HD bool differs(std::int32_t q, std::int32_t neighbour) const {
      // There is no branch, so that loops vectorise.
      return (q != 0) & ((q >> shift) != (neighbour >> shift));
    }
    // Returns S of a step with `active` nonzero elements, of which `differing` differ.
    // neighbour_active is the number of nonzero elements in the adjacent step.
    EDGEVAL_HD static double similarity(int active, int differing, int neighbour_active) {
      if (active == 0) return neighbour_active == 0 ? 1.0 : 0.0;
      return static_cast<double>(active - differing) / static_cast<double>(active);
    }
    // Decides about every step after a sequence's first, which always runs. `skipped` is the number
    // of skips just before the step.
    EDGEVAL_HD StepMode next(double score, std::int64_t skipped) const {
      if (score > threshold)
        return static_cast<double>(skipped) < max_consecutive ? StepMode::kSkip : StepMode::kRun;
      return score > pseudo_threshold ? StepMode::kPseudo : StepMode::kRun;
    }
  };

  Rule rule() const {
    return {static_cast<float>(power_of_two(static_cast<int>(fraction_bits))), threshold,
            max_consecutive, static_cast<int>(shift), pseudo_threshold};
  }
};

}  // namespace edgeval
