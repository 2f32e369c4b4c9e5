// What the choices of the plan and operand axes have in common; those of the other axes have kName,
// kMeaning, fields and problem, too.
//
// A technique is a struct of parameters with
//   kName, kMeaning       its name in a policy, and one line for `edgeval info`
//   fields(self, visit)   calls visit(key, member, meaning) for every parameter: a double, or an
//                         enum, whose words in a policy names(Enum) gives, in order. A double that
//                         takes a figure of a profile where the policy leaves it open has its
//                         Origin as a fourth argument; visitors declare `Origin origin = {}`
//   problem()             returns nullptr, or what is wrong with the parameters
//   kCost                 what deciding costs: OperandCost or PlanCost
//   rule()                returns the decision, a trivially copyable struct that engines run
// and, where it needs it,
//   kChosen               keys that a policy must give, as no value of theirs suits every network
//   kPaper                the paper it comes from, as `edgeval info` cites it; without it, it comes
//                         from none
//   unused(key)           whether it does not use this parameter, given the others, so that it may
//                         stay unknown; without it, it uses all
// A plan may also have
//   problem_beside(arithmetic, operand)
//                         returns nullptr, or why it cannot act beside these choices; without it,
//                         it acts beside all
// An operand may also have
//   put_on_grids(x, h)    rounds parameters for integer arithmetic, with x and h on these grids;
//                         without it they stay as they are (on_grid.hpp)
//   kRefusals             where it does not act; without it, it acts on every layer and under
//                         every arithmetic
//   kSelects              true: it takes one of two sums for each neuron, by code of its own in
//                         the engines (host/engine/sequence/selection.hpp); rule() then says what
//                         enters the products
//   kEightBitsOfFloats    true: under fp32 it has products of 8-bit integers (QuantizedLayer in
//                         host/engine/product/layer_arithmetic.hpp)
// Everything that prints, parses, sweeps or runs techniques goes through these members and through
// the lists of the axes, such as those in plan.hpp and operand.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "host/numeric/host_device.hpp"

namespace edgeval {

// The choice of an axis that changes nothing: the network then computes what it was trained to
// compute, and a search has a fixed beam. It is the first one in the list of every axis.
template <class Choice>
using Neutral = std::variant_alternative_t<0, Choice>;
template <class... Techniques>
constexpr bool is_neutral(const std::variant<Techniques...>& choice) {
  return choice.index() == 0;
}

// The value of a parameter that the policy leaves open.
inline constexpr double kFromProfile = std::numeric_limits<double>::quiet_NaN();
EDGEVAL_HD bool from_profile(double value) { return value != value; }

// Which figure of a profile an open parameter takes.
enum class Origin : std::uint8_t {
  kPolicy,  // no figure: the policy or the default has the value
  // These are figures of a layer.
  kFractionBits,  // fraction bits of x in 16 bits, with few values saturating
  kInputBits16,   // fraction bits of x under int16
  // The fraction bits of x under int8.
  kInputBits8,
  kInputAlpha,  // greatest |x|
  kRangeMin,    // range of x and h together
  kRangeMax,
  kDeltaScale,  // step of the differences of adjacent steps in 8 bits
  // These are percentiles of the spread of a beam's scores.
  kSpread5,
  kSpread50
};
constexpr bool is_of_layer(Origin origin) {
  return origin >= Origin::kFractionBits && origin <= Origin::kDeltaScale;
}

// Whether a policy that names the technique must give this parameter. The value in the struct is
// then for code alone.
template <class Technique>
constexpr bool must_be_chosen(std::string_view field) {
  if constexpr (requires { Technique::kChosen; })
    for (const std::string_view key : Technique::kChosen)
      if (key == field) return true;
  return false;
}

// Whether the technique uses a parameter, which then must be known.
template <class Technique>
bool uses(const Technique& technique, std::string_view field) {
  if constexpr (requires { technique.unused(field); })
    return !technique.unused(field);
  else
    return true;
}

// Returns numbers that two choices of an axis have in common only if they are the same choice
// (same_choice): the technique's place in the axis's list, and the parameters that it uses. One
// that is left open is the lowest number there is.
template <class Axis>
std::vector<double> choice_numbers(const Axis& choice) {
  std::vector<double> numbers{static_cast<double>(choice.index())};
  const auto add = [&](const auto& technique) {
    const auto take = [&](const char* key, const auto& value, const auto&...) {
      const auto number = static_cast<double>(value);
      if (uses(technique, key))
        numbers.push_back(from_profile(number) ? std::numeric_limits<double>::lowest() : number);
    };
    technique.fields(technique, take);
  };
  std::visit(add, choice);
  return numbers;
}

// Whether two choices of an axis are the same technique with the same parameters; those without use
// do not matter. A parameter that both leave open is the same, so that a choice is equal to itself.
template <class Axis>
bool same_choice(const Axis& a, const Axis& b) {
  return choice_numbers(a) == choice_numbers(b);
}

// Returns the citation of the paper that the technique comes from, or null.
template <class Technique>
constexpr const char* paper_of() {
  if constexpr (requires { Technique::kPaper; })
    return Technique::kPaper;
  else
    return nullptr;
}

// The key that a field has in a policy: the pair range[0], range[1] is written range: [min, max],
// and pseudo.clip is clip within the map pseudo.
struct WrittenKey {
  std::string key;
  bool low = false, high = false;  // whether the field is the low or the high end of a pair
  std::string group = {};          // name of the map around the key, if there is one
};
inline WrittenKey written_key(const std::string& field) {
  if (const std::size_t dot = field.find('.'); dot != std::string::npos)
    return {.key = field.substr(dot + 1), .group = field.substr(0, dot)};
  const bool low = field.ends_with("[0]"), high = field.ends_with("[1]");
  return {.key = low || high ? field.substr(0, field.size() - 3) : field, .low = low, .high = high};
}

// Whether the value is a whole number from low to high.
EDGEVAL_HD bool is_whole(double value, double low, double high) {
  return value >= low && value <= high &&
         value == static_cast<double>(static_cast<std::int64_t>(value));
}

// Which operand of a layer's products an element belongs to.
enum class Source : std::uint8_t { kInput, kRecurrent };

// What enters the product for one element, and whether it costs work.
struct Operand {
  float value;
  std::int32_t changed;  // 1 or 0
};

// The cost of an operand's decision, for every element of an executed step unless said otherwise.
struct OperandCost {
  int comparisons = 0;
  int quantizations = 0;
  int subtractions = 0;
  // The cost for each changed element, those of a sequence's first executed step excepted.
  int subtractions_per_change = 0;
};

// Why an operand does not act somewhere, in words that follow its name; null where it acts.
struct Refusals {
  const char* linear = nullptr;      // on a linear layer
  const char* without_c = nullptr;   // on cells that have no state c beside h, such as a GRU's
  const char* projection = nullptr;  // on cells whose h is projected
  const char* int16 = nullptr;       // under int16

  constexpr const char* under(int bits) const { return bits == 16 ? int16 : nullptr; }
};
template <class Technique>
constexpr Refusals refusals_of() {
  if constexpr (requires { Technique::kRefusals; })
    return Technique::kRefusals;
  else
    return {};
}
// Whether an operand acts under a choice of arithmetic. The engines have no code for the others,
// which check_point refuses.
template <class Technique, class ArithmeticChoice>
constexpr bool acts_under() {
  return refusals_of<Technique>().under(ArithmeticChoice::kBits) == nullptr;
}
template <class Technique>
constexpr bool selects() {
  return requires { Technique::kSelects; };
}
template <class Technique>
constexpr bool eight_bits_of_floats() {
  return requires { Technique::kEightBitsOfFloats; };
}

// The cost of a plan's decision, for every element of every step of the data, run or skipped.
struct PlanCost {
  int quantizations = 0;
  int comparisons = 0;  // none in the first step, which has no neighbour
};

// Returns why a plan cannot act beside an arithmetic and an operand, or null.
template <class Plan, class ArithmeticChoice, class OperandTechnique>
const char* problem_beside(const Plan& plan, const ArithmeticChoice& arithmetic,
                           const OperandTechnique& operand) {
  if constexpr (requires { plan.problem_beside(arithmetic, operand); })
    return plan.problem_beside(arithmetic, operand);
  else
    return nullptr;
}

// What a plan does with one step of one layer and direction.
enum class StepMode : std::uint8_t { kRun, kSkip, kPseudo };

}  // namespace edgeval
