// What operands do with elements, as their papers write it: one element at a time, without the
// identities of docs/techniques.md, in doubles for fp32 and in whole numbers for integer
// arithmetic. Every operand has a specialisation of LiteralElements and of LiteralCodes here.
// literal.cpp, literal_fixed.cpp and literal_fixed_translation.cpp do not compile while one is
// missing.
#pragma once

#include <algorithm>
#include <cmath>

#include "host/core/error.hpp"
#include "tests/literal/literal.hpp"
#include "tests/support/whole.hpp"

namespace edgeval::test {

// What an element does at a step: whether it costs work, and by how many times its column of
// weights the memory of the products moves.
struct Move {
  bool changed;
  double amount;
};
struct FixedMove {
  bool changed;
  std::int64_t amount;  // in units of the element's code
};

inline void note_margin(double distance, double value, bool exact, LiteralDirection& log) {
  if (!exact) log.margin = std::min(log.margin, distance / std::max(1.0, std::abs(value)));
}

// The elements of a layer's x or h. A specialisation has
//   kStartsOver                  whether the memory is built anew at every step
//   (operand, source, count)     a constructor for `count` elements before a sequence's first step
//   next(i, value, exact, log)   a function that takes the next value of element i; `exact` says
//                                that an engine sees this very float
template <class Operand>
class LiteralElements;

// The elements as codes in a fixed-point format. A specialisation has kStartsOver, the constructor
// (operand, source, format, count), and next(i, code, log).
template <class Operand>
class LiteralCodes;

// Operands that choose between two sums have loops of their own (literal_selection.hpp).
template <class Operand>
requires(selects<Operand>()) class LiteralElements<Operand> {
 public:
  static constexpr bool kStartsOver = true;
  LiteralElements(const Operand&, Source, Index) {
    throw Error(concat(Operand::kName, " has no loop over elements"));
  }
  Move next(Index, double value, bool, LiteralDirection&) { return {true, value}; }
};
template <class Operand>
requires(selects<Operand>()) class LiteralCodes<Operand> {
 public:
  static constexpr bool kStartsOver = true;
  LiteralCodes(const Operand&, Source, Format, Index) {
    throw Error(concat(Operand::kName, " has no loop over elements"));
  }
  FixedMove next(Index, std::int64_t code, LiteralDirection&) { return {true, code}; }
};

template <>
class LiteralElements<AsIs> {
 public:
  static constexpr bool kStartsOver = true;
  LiteralElements(const AsIs&, Source, Index) {}
  Move next(Index, double value, bool, LiteralDirection&) { return {true, value}; }
};
template <>
class LiteralCodes<AsIs> {
 public:
  static constexpr bool kStartsOver = true;
  LiteralCodes(const AsIs&, Source, Format, Index) {}
  FixedMove next(Index, std::int64_t code, LiteralDirection&) { return {true, code}; }
};

// Reuse, after equations 9 and 10 of P3: M += (new centroid - old centroid) w.
template <>
class LiteralElements<Reuse> {
 public:
  static constexpr bool kStartsOver = false;
  LiteralElements(const Reuse& reuse, Source, Index count)
      : step_((reuse.range_max - reuse.range_min) / reuse.clusters),
        lowest_(std::floor(reuse.range_min / step_ + 0.5)),
        highest_(lowest_ + reuse.clusters - 1),
        index_(count),
        seen_(count, false) {}

  Move next(Index i, double value, bool exact, LiteralDirection& log) {
    const double place = static_cast<double>(static_cast<float>(value)) / step_ + 0.5;
    const double now = std::min(std::max(std::floor(place), lowest_), highest_);
    // The index changes where `place` is a whole number from lowest + 1 to highest.
    if (highest_ > lowest_) {
      const double turn = std::min(std::max(std::round(place), lowest_ + 1), highest_);
      note_margin(std::abs(place - turn) * step_, value, exact, log);
    }
    ++log.activity[Count::kOperandQuantizations];
    ++log.activity[Count::kOperandComparisons];
    const double old = index_[i];
    index_[i] = now;
    if (!seen_[i]) {
      seen_[i] = true;
      return {true, step_ * now};
    }
    if (now == old) return {false, 0};
    ++log.activity[Count::kOperandSubtractions];
    return {true, step_ * (now - old)};
  }

 private:
  double step_, lowest_, highest_;
  std::vector<double> index_;
  std::vector<bool> seen_;
};
template <>
class LiteralCodes<Reuse> {
 public:
  static constexpr bool kStartsOver = false;
  LiteralCodes(const Reuse& reuse, Source, Format format, Index count)
      : step_((reuse.range_max - reuse.range_min) / reuse.clusters),
        lowest_(std::floor(reuse.range_min / step_ + 0.5)),
        highest_(lowest_ + reuse.clusters - 1),
        format_(format),
        elements_(count) {}

  FixedMove next(Index i, std::int64_t code, LiteralDirection& log) {
    const double place = std::floor(static_cast<double>(format_.value(code)) / step_ + 0.5);
    const double index = std::min(std::max(place, lowest_), highest_);
    ++log.activity[Count::kOperandQuantizations];
    ++log.activity[Count::kOperandComparisons];
    Element& element = elements_[i];
    const Element before = element;
    const auto centroid = static_cast<float>(step_ * index);
    element = {true, index,
               static_cast<std::int64_t>(
                   saturated(to_whole(centroid, format_.fraction, half_up), format_.bits))};
    if (!before.seen) return {true, element.centroid};
    if (index == before.index) return {false, 0};
    ++log.activity[Count::kOperandSubtractions];
    return {true, element.centroid - before.centroid};
  }

 private:
  struct Element {
    bool seen = false;
    double index = 0;
    std::int64_t centroid = 0;
  };
  double step_, lowest_, highest_;
  Format format_;
  std::vector<Element> elements_;
};

// Delta, after section 2 of Neil et al.: M += W move.
template <>
class LiteralElements<Delta> {
 public:
  static constexpr bool kStartsOver = false;
  LiteralElements(const Delta& delta, Source source, Index count)
      : threshold_(
            static_cast<float>(source == Source::kInput ? delta.threshold_x : delta.threshold_h)),
        held_(count) {}

  Move next(Index i, double value, bool exact, LiteralDirection& log) {
    const float moved = static_cast<float>(value) - static_cast<float>(held_[i]);
    ++log.activity[Count::kOperandSubtractions];
    ++log.activity[Count::kOperandComparisons];
    note_margin(std::abs(std::abs(moved) - threshold_), value, exact, log);
    if (moved == 0 || std::abs(moved) < threshold_) return {false, 0};
    const double amount = value - held_[i];
    held_[i] = value;
    return {true, amount};
  }

 private:
  float threshold_;
  std::vector<double> held_;
};
template <>
class LiteralCodes<Delta> {
 public:
  static constexpr bool kStartsOver = false;
  LiteralCodes(const Delta& delta, Source source, Format format, Index count)
      : threshold_(to_whole(
            static_cast<float>(source == Source::kInput ? delta.threshold_x : delta.threshold_h),
            format.fraction, half_up)),
        held_(count) {}

  FixedMove next(Index i, std::int64_t code, LiteralDirection& log) {
    const std::int64_t move = code - held_[i];
    ++log.activity[Count::kOperandSubtractions];
    ++log.activity[Count::kOperandComparisons];
    if (move == 0 || std::abs(move) < threshold_) return {false, 0};
    held_[i] = code;
    return {true, move};
  }

 private:
  Whole threshold_;
  std::vector<std::int64_t> held_;
};

}  // namespace edgeval::test
