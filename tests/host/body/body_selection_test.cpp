// Compares the bodies that choose between a step's sums, and the window of frames, with plain
// loops. The CPU engine's block runs the bodies, and so do blocks that order the work as a GPU may.
#include <gtest/gtest.h>

#include "host/body/memo.hpp"
#include "host/body/precision.hpp"
#include "host/body/pseudo.hpp"
#include "host/body/window.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/strided_block.hpp"

namespace edgeval::test {
namespace {

constexpr Index kWidths[] = {0, 1, 31, 32, 33, 300};

template <class T>
class SelectionBody : public testing::Test {};
using Blocks = testing::Types<SerialBlock, StridedBlock<1>, StridedBlock<32>, StridedBlock<256>>;
TYPED_TEST_SUITE(SelectionBody, Blocks);

template <class T>
std::vector<T> random_integers(Random& random, Index count, Index most) {
  std::vector<T> values;
  for (Index i = 0; i < count; ++i) values.push_back(static_cast<T>(random.whole(-most, most)));
  return values;
}

TYPED_TEST(SelectionBody, AWindowHoldsTheFramesBeforeIt) {
  constexpr Index kFrames = 5;
  for (Index width : kWidths)
    for (Index window : {1, 2, 4, 7})
      for (bool backward : {false, true})
        for (Index t = 0; t < kFrames; ++t) {
          Matrix<float> frames(kFrames, width);
          for (Index r = 0; r < kFrames; ++r)
            for (Index i = 0; i < width; ++i) frames(r, i) = static_cast<float>(1000 * r + i + 1);
          std::vector<float> row(static_cast<std::size_t>(window * width), -1), wanted;
          for (Index k = window - 1; k >= 0; --k) {
            const Index from = backward ? t + k : t - k;
            for (Index i = 0; i < width; ++i)
              wanted.push_back(from < 0 || from >= kFrames ? 0.0F : frames(from, i));
          }
          window_row(TypeParam{}, MatrixView<const float>(frames.view()), t, window, backward,
                     row.data());
          EXPECT_EQ(row, wanted);
        }
}

// Over several steps, a row of neurons is remembered as the rule decides for each neuron alone.
TYPED_TEST(SelectionBody, RemembersNeuronByNeuron) {
  for (Index neurons : kWidths) {
    Random random(static_cast<std::uint64_t>(neurons));
    const Memoized::Rule rule = Memoized{.threshold = 0.4}.decision();
    std::vector<NeuronMemo<std::int64_t>> memo(static_cast<std::size_t>(neurons));
    std::vector<Memoized::Rule::Memo> alone(memo.size());
    std::vector<std::int64_t> kept_wx(memo.size()), kept_uh(memo.size());
    for (int step = 0; step < 6; ++step) {
      const auto wx = random_integers<std::int64_t>(random, neurons, 1 << 30);
      const auto uh = random_integers<std::int64_t>(random, neurons, 1 << 30);
      const auto p = random_integers<int>(random, neurons, 5);
      std::vector<std::int64_t> chosen_wx(memo.size()), chosen_uh(memo.size());
      const MemoRow<std::int64_t> row{wx.data(), uh.data(), chosen_wx.data(), chosen_uh.data(),
                                      memo.data()};
      const int remembered = memo_row(TypeParam{}, rule, neurons, row, [&](Index at) {
        return static_cast<double>(p[static_cast<std::size_t>(at)]);
      });
      int wanted = 0;
      for (std::size_t at = 0; at < memo.size(); ++at) {
        if (rule.remembers(p[at], alone[at])) {
          ++wanted;
        } else {
          kept_wx[at] = wx[at];
          kept_uh[at] = uh[at];
        }
      }
      EXPECT_EQ(remembered, wanted);
      EXPECT_EQ(chosen_wx, kept_wx);
      EXPECT_EQ(chosen_uh, kept_uh);
    }
  }
}

TYPED_TEST(SelectionBody, ChoosesAPrecisionCellByCell) {
  constexpr Index kGates = 3;
  const DynamicPrecision choice{.margin = 0, .profiling_share = 0.1};
  const DynamicPrecision::Rule machine = choice.machine(20);  // profiles for 2 steps
  const auto as_high = [](std::int32_t sum, Source source, Index at) {
    return sum * 256 + (source == Source::kInput ? 1 : 2) + static_cast<std::int32_t>(at);
  };
  int high_cells = 0;
  for (Index cells : kWidths)
    for (bool recurrent : {false, true}) {
      Random random(static_cast<std::uint64_t>(cells));
      std::vector<DynamicPrecision::Detector<float>> elements(static_cast<std::size_t>(cells)),
          alone(elements);
      for (Index step = 0; step < 8; ++step) {
        const Index rows = kGates * cells;
        const auto wx = random_integers<std::int32_t>(random, rows, 1000),
                   uh = random_integers<std::int32_t>(random, rows, 1000);
        const auto low_wx = random_integers<std::int32_t>(random, rows, 9),
                   low_uh = random_integers<std::int32_t>(random, rows, 9);
        std::vector<float> c;
        for (Index k = 0; k < cells; ++k) c.push_back(static_cast<float>(random.uniform(-1, 1)));
        std::vector<std::int32_t> chosen_wx(wx.size(), -7), chosen_uh(uh.size(), -7),
            wanted_wx(chosen_wx), wanted_uh(chosen_uh);
        const int low = precision_row(
            TypeParam{}, machine, step,
            PrecisionRow<float>{wx.data(), uh.data(), low_wx.data(),
                                recurrent ? low_uh.data() : nullptr, chosen_wx.data(),
                                chosen_uh.data(), cells, rows, c.data(), elements.data()},
            as_high);
        int wanted = 0;
        for (Index k = 0; k < cells; ++k) {
          auto& element = alone[static_cast<std::size_t>(k)];
          if (step > 0) machine.next(c[static_cast<std::size_t>(k)], element);
          wanted += element.eight_bits ? 0 : 1;
          for (Index gate = 0; gate < kGates; ++gate) {
            const auto at = static_cast<std::size_t>(gate * cells + k);
            wanted_wx[at] = element.eight_bits
                                ? wx[at]
                                : as_high(low_wx[at], Source::kInput, static_cast<Index>(at));
            if (recurrent)
              wanted_uh[at] = element.eight_bits
                                  ? uh[at]
                                  : as_high(low_uh[at], Source::kRecurrent, static_cast<Index>(at));
          }
        }
        EXPECT_EQ(low, wanted);
        EXPECT_EQ(chosen_wx, wanted_wx);
        EXPECT_EQ(chosen_uh, wanted_uh);
        high_cells += static_cast<int>(cells) - low;
      }
    }
  EXPECT_GT(high_cells, 0);
}

PseudoRule pseudo_rule(bool moves) {
  return {
      .grid = Grid::of(13, 16), .clip = 100, .delta_shift = 6, .moves = moves, .threshold = 500};
}

TYPED_TEST(SelectionBody, SplitsElementByElement) {
  for (Index width : kWidths)
    for (bool moves : {false, true})
      for (bool pseudo : {false, true}) {
        Random random(static_cast<std::uint64_t>(width));
        const PseudoRule rule = pseudo_rule(moves);
        std::vector<float> value;
        for (Index i = 0; i < width; ++i)
          value.push_back(random.chance(0.3) ? 0.0F : static_cast<float>(random.uniform(-4, 4)));
        auto reference = random_integers<std::int32_t>(random, width, 32000), alone = reference;
        std::vector<std::int32_t> full(value.size()), delta(value.size()), wanted_full,
            wanted_delta;
        const OperandCounts counts =
            pseudo_operand_row(TypeParam{}, rule, pseudo, value.data(), width, reference.data(),
                               [&](Index i, const PseudoRule::Elements& elements) {
                                 full[static_cast<std::size_t>(i)] = elements.full;
                                 delta[static_cast<std::size_t>(i)] = elements.delta;
                               });
        OperandCounts wanted{0, 0};
        for (std::size_t i = 0; i < value.size(); ++i) {
          const PseudoRule::Elements elements = rule.next(value[i], pseudo, alone[i]);
          wanted_full.push_back(elements.full);
          wanted_delta.push_back(elements.delta);
          wanted.changed += elements.changed;
          wanted.zero += value[i] == 0 ? 1 : 0;
        }
        EXPECT_EQ(counts.changed, wanted.changed);
        EXPECT_EQ(counts.zero, wanted.zero);
        EXPECT_EQ(reference, alone);
        EXPECT_EQ(full, wanted_full);
        EXPECT_EQ(delta, wanted_delta);
      }
}

struct FixedSums {
  std::int64_t full(Index at) const { return 1000 + at; }
  std::int64_t delta(Index at) const { return 3 * at; }
  std::int64_t offset(Index at) const { return 10 * at; }
};

// After a full step, a pseudo-skip, a full step and a pseudo-skip, z's half is W16 a + 2^14 W8 s.
TYPED_TEST(SelectionBody, KeepsBothSumsOfPseudoSkips) {
  for (Index neurons : kWidths)
    for (bool moves : {false, true}) {
      const PseudoRule rule = pseudo_rule(moves);
      const auto count = static_cast<std::size_t>(neurons);
      std::vector<std::int64_t> full(count), delta(count), sums(count);
      const PseudoMemory memory{neurons, full.data(), delta.data(), sums.data()};
      for (int step = 0; step < 4; ++step) {
        pseudo_sums_row(TypeParam{}, rule, step % 2 == 1, memory, FixedSums{});
        for (Index at = 0; at < neurons; ++at) {
          const std::int64_t fulls = moves && step >= 2 ? 2 : 1;
          const std::int64_t deltas = moves ? (step + 1) / 2 : step % 2;
          EXPECT_EQ(sums[static_cast<std::size_t>(at)],
                    fulls * (1000 + at) + deltas * 3 * at * (1 << 14) - 10 * at);
        }
      }
    }
}

}  // namespace
}  // namespace edgeval::test
