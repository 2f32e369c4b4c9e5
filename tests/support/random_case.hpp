// Draws small random cases for tests: a stack of layers, a ragged batch that changes slowly enough
// for the techniques to act, and an operating point. A seed gives the same case on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <random>
#include <stdexcept>
#include <vector>

#include "host/engine/engine.hpp"

namespace edgeval::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}
  double uniform(double low, double high);  // a number in [low, high)
  Index whole(Index low, Index high);       // a whole number from low to high
  Index skewed(Index low, Index high);      // a whole number from low to high, log-uniform
  bool chance(double probability) { return uniform(0, 1) < probability; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(whole(0, static_cast<Index>(choices.size()) - 1))];
  }

 private:
  std::mt19937_64 bits_;
};

// Returns 1 to 3 LSTM layers of up to 70 cells, sometimes with a rectified linear layer in front of
// them, and often with a linear layer behind them.
Model random_stack(Random& random);

// Returns an utterance [frames, inputs]: a random walk that often stands still, in some elements or
// in all, with zeros and silent frames.
Matrix<float> random_frames(Random& random, Index frames, Index inputs);
Ragged<float> ragged(const std::vector<Matrix<float>>& utterances, Index inputs);
Ragged<float> random_batch(Random& random, const std::vector<Index>& lengths, Index inputs);

// What a point chooses: an operand that random_operand knows, a plan that skips, or both.
enum class Kind { kDense, kSkip, kReuse, kDelta, kSkipReuse, kSkipDelta, kMixed };
inline constexpr auto kKinds = [] {
  std::array<Kind, static_cast<std::size_t>(Kind::kMixed) + 1> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = static_cast<Kind>(i);
  return kinds;
}();

// Returns an operand that acts on the elements of any layer; their values reach about 2.
inline OperandChoice random_operand(Random& random, Kind kind) {
  switch (kind) {
    case Kind::kReuse:
    case Kind::kSkipReuse: {
      Reuse reuse;
      reuse.clusters = random.of<double>({1, 4, 8, 12, 16, 32});
      reuse.range_min = random.uniform(-2.5, -0.5);
      reuse.range_max = random.uniform(0.5, 2.5);
      return reuse;
    }
    case Kind::kDelta:
    case Kind::kSkipDelta:
      return Delta{.threshold_x = random.uniform(0.02, 0.5),
                   .threshold_h = random.uniform(0.02, 0.3)};
    case Kind::kDense:
    case Kind::kSkip:
    case Kind::kMixed:
      return AsIs{};
  }
  throw std::logic_error("random_operand: a kind without an operand");
}

inline const char* name(Kind kind) {
  static constexpr const char* kNames[] = {"Dense",     "Skip",      "Reuse", "Delta",
                                           "SkipReuse", "SkipDelta", "Mixed"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Kind::kMixed) + 1);
  return kNames[static_cast<int>(kind)];
}
inline void PrintTo(Kind kind, std::ostream* out) { *out << name(kind); }

// Returns a point whose parameters differ from layer to layer; kMixed also draws other techniques
// for each layer. Linear layers sometimes take the operand. Delta's thresholds are above 0.
OperatingPoint random_point(Random& random, const Model& model, Kind kind);

enum class IntegerKind { kInt16, kInt8, kBoth };

inline const char* name(IntegerKind kind) {
  static constexpr const char* kNames[] = {"Int16", "Int8", "Both"};
  return kNames[static_cast<int>(kind)];
}
inline void PrintTo(IntegerKind kind, std::ostream* out) { *out << name(kind); }

// Gives every layer integer arithmetic, with a format of its own that saturates now and then; kBoth
// draws the width of each layer.
void make_integer(Random& random, IntegerKind kind, OperatingPoint& point);

}  // namespace edgeval::test
