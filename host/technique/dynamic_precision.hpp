// Operand: every cell element k is evaluated with 8 or with 4 bits, all four gates alike. A state
// machine on c[k] chooses the bits for the next executed step (Silfa, Arnau, Gonzalez, "Boosting
// LSTM performance through dynamic precision selection", section 3; docs/techniques.md, "Dynamic
// precision"). For each element, with c of the step just evaluated, its states are
//
//   - profile (4 bits): the least and greatest c over T steps are found, r is their distance; then
//     stable, with low = least - margin r and high = greatest + margin r
//   - stable (4 bits): c outside [low, high] leads to peak, more than N steps lead to profile
//   - peak (8 bits): c inside [low, high] leads to stable, more than M steps lead to profile
//
// Weights, x and h have the steps q8 and q4 = 16 q8. i8 = round(v / q8); i4 = min((i8 + 8) >> 4, 7)
// for x and h, round(w / q4) for weights; without the offset bit i4 = i8 >> 4.
#pragma once

#include <array>
#include <string_view>

#include "host/numeric/random.hpp"
#include "host/numeric/rounding.hpp"
#include "host/technique/as_is.hpp"
#include "host/technique/papers.hpp"

namespace edgeval {

enum class PrecisionSelector : std::uint8_t { kPeaks, kRandom };
constexpr std::array<std::string_view, 2> names(PrecisionSelector) { return {"peaks", "random"}; }
enum class Switch : std::uint8_t { kOff, kOn };
constexpr std::array<std::string_view, 2> names(Switch) { return {"off", "on"}; }

struct DynamicPrecision {
  static constexpr const char* kName = "dynamic_precision";
  static constexpr const char* kMeaning =
      "8 or 4 bits for each cell element, by the peaks of c (P0)";
  static constexpr const char* kPaper = kPaperP0;
  static constexpr OperandCost kCost{};  // no cost per element: the engine counts cell elements
  static constexpr bool kSelects = true;
  static constexpr bool kEightBitsOfFloats = true;
  static constexpr Refusals kRefusals{
      .linear = "follows the cell state c, which a linear layer has not",
      .without_c = "follows the cell state c, which these cells have not",
      .projection =
          "chooses a precision for each cell, but a projection multiplies all cells at once",
      .int16 =
          "chooses between 8 and 4 bits and replaces the products of fp32 or int8; int16 has "
          "none of them"};

  double margin = 0.1;
  // T, M and N as shares of an utterance's executed steps.
  double profiling_share = 0.05;
  double peak_share = 0.05;
  double stable_share = 0.05;
  Switch offset_bit = Switch::kOn;
  PrecisionSelector selector = PrecisionSelector::kPeaks;
  double high_share = 0.3;  // probability of 8 bits under the random selector
  double seed = 1;
  double input_alpha = kFromProfile;  // greatest |x|

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("margin", self.margin,
          "how far a peak lies beyond the profiled range of c, over that range");
    visit("profiling_share", self.profiling_share,
          "T: share of the steps that a profile of c takes, at least 2");
    visit("peak_share", self.peak_share,
          "M: share of the steps after which a peak is profiled again");
    visit("stable_share", self.stable_share,
          "N: share of the steps after which a stable c is profiled again");
    visit("offset_bit", self.offset_bit, "on: 4-bit values are rounded; off: cut");
    visit("selector", self.selector, "peaks, or random: the control experiment");
    visit("high_share", self.high_share, "probability of 8 bits under the random selector");
    visit("seed", self.seed, "seed of the random selector");
    visit("input_alpha", self.input_alpha, "greatest |x|, which sets the step of x under fp32",
          Origin::kInputAlpha);
  }
  const char* problem() const {
    if (!(margin >= 0 && margin <= 1e30)) return "margin must be from 0 to 1e30";
    for (double share : {profiling_share, peak_share, stable_share, high_share})
      if (!(share >= 0 && share <= 1)) return "shares must be from 0 to 1";
    if (!is_whole(seed, 0, 1e15)) return "seed must be a whole number from 0 to 1e15";
    if (!from_profile(input_alpha) && !(input_alpha >= 0 && input_alpha <= 1e30))
      return "input_alpha must be from 0 to 1e30";
    return nullptr;
  }

  // The state machine of one cell element. C is the type that holds c, float or std::int32_t.
  template <class C>
  struct Detector {
    enum class State : std::uint8_t { kProfile, kStable, kPeak };
    // While profiling, the least and greatest c so far; afterwards the ends of the range outside
    // which c is at a peak.
    C low = 0, high = 0;
    std::int32_t count = 0;
    State state = State::kProfile;
    bool eight_bits = false;  // whether the next executed step is evaluated with 8 bits
  };

  // The decision for one utterance.
  struct Rule {
    double margin;
    std::int32_t profiling, most_peak, most_stable;  // T, M, N
    bool random;                                     // whether the bits are drawn, whatever c does
    // The seed of the draws, and how many of the 2^53 numbers that can be drawn give 8 bits.
    std::uint64_t seed, drawn_below;

    // Whether the random selector draws 8 bits at executed step `step` of element k. The draw is
    // the same for every utterance.
    EDGEVAL_HD bool draws_eight_bits(std::int64_t step, std::int64_t k) const {
      const auto stream = static_cast<std::uint64_t>(step) << 32 | static_cast<std::uint64_t>(k);
      return random_stream(seed, stream).next() >> 11 < drawn_below;
    }
    template <class C>
    EDGEVAL_HD void next(C c, Detector<C>& element) const {
      using State = typename Detector<C>::State;
      if (element.state == State::kProfile) {
        element.low = element.count == 0 || c < element.low ? c : element.low;
        element.high = element.count == 0 || c > element.high ? c : element.high;
        if (++element.count < profiling) return;
        const auto low = static_cast<double>(element.low), high = static_cast<double>(element.high);
        const double reach = margin * (high - low);
        element = {least_from<C>(low - reach), greatest_to<C>(high + reach), 0, State::kStable,
                   false};
        return;
      }
      const bool peak = c < element.low || c > element.high;
      const State now = peak ? State::kPeak : State::kStable;
      const bool stays = now == element.state;
      const std::int32_t count = stays ? element.count + 1 : 0;
      if (stays && count > (peak ? most_peak : most_stable))
        element = {};
      else
        element = {element.low, element.high, count, now, peak};
    }
  };
  // Returns the decision for an utterance of which `steps` steps run.
  EDGEVAL_HD Rule machine(std::int64_t steps) const {
    const auto share = [&](double part, std::int32_t least) {
      const std::int32_t count = round_half_up(part * static_cast<double>(steps));
      return count < least ? least : count;
    };
    // A draw is one of 2^53 whole numbers. Those below high_share 2^53, an exact product, give 8
    // bits.
    const double below = high_share * 0x1p53;
    const auto whole = static_cast<std::uint64_t>(below);
    return {.margin = margin,
            .profiling = share(profiling_share, 2),
            .most_peak = share(peak_share, 1),
            .most_stable = share(stable_share, 1),
            .random = selector == PrecisionSelector::kRandom,
            .seed = static_cast<std::uint64_t>(seed),
            .drawn_below = whole + (static_cast<double>(whole) < below ? 1 : 0)};
  }

  // Returns i4 of an element of x or h from its i8.
  EDGEVAL_HD std::int32_t low_code(std::int32_t high_code) const {
    if (offset_bit == Switch::kOff) return high_code >> 4;
    const std::int32_t rounded = (high_code + 8) >> 4;
    return rounded < 7 ? rounded : 7;
  }

  // Returns the rule for what enters the products at 8 bits under int8. Under fp32 QuantizedLayer
  // has its own.
  AsIs::Rule rule() const { return {}; }
};

}  // namespace edgeval
