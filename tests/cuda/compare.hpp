// The tests of the GPU engine share these: random cases, and a comparison with the CPU engine,
// which is the definition. Under int16 and int8, modes, counts and outputs have the same bits. In
// fp32 both engines take in the same bits and decide alike on them, but their products round
// differently, so a decision on h (or on a later layer's input) that lies within an fp32 rounding
// of its threshold may fall either way. Over all cases of a test at most 2e-4 of the decisions may
// differ; a lane whose counts all agree has outputs within 1e-5 of max(1, |reference|).
#pragma once

#include <cmath>
#include <map>

#include "host/core/error.hpp"
#include "tests/literal/tolerance.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/gpu.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {

inline constexpr double kDecisionsThatMayDiffer = 2e-4;

struct Case {
  Model model;
  OperatingPoint point;
  Ragged<float> features;
};

// Sizes around a warp, lanes that never run, and enough lanes for several row blocks of a product.
// On the stand-in nine lanes in ten are short, unless tests take all cases.
inline std::vector<Index> few_lanes() { return {33, 0, 1, 32, 31, 90}; }
inline std::vector<Index> many_lanes() {
  std::vector<Index> lengths;
  for (Index n = 0; n < (kOnStandin ? 150 : 300); ++n)
    lengths.push_back(takes_all_cases() || n % 10 == 0 ? (n * 7) % 61 : 3 + n % 7);
  return lengths;
}

inline Nonlinearity random_nonlinearity(Random& random) {
  return random.of<Nonlinearity>({LookupTable{}, RangeAddressed{}, PiecewiseLinear{}, Hard{}});
}
// A table's steps would turn a rounding of fp32 into a jump; straight pieces that meet do not.
inline Nonlinearity random_continuous(Random& random) {
  return random.of<Nonlinearity>({PiecewiseLinear{}, Hard{}, PiecewiseLinear{.segments = 5}});
}

template <class Draw>
void draw_nonlinearities(Random& random, Case& c, const Draw& draw) {
  for (std::size_t l = 0; l < c.model.layers.size(); ++l)
    if (std::holds_alternative<RecurrentLayer>(c.model.layers[l]))
      c.point.layers[l].nonlinearity = draw(random);
}

inline double distance(MatrixView<const float> a, MatrixView<const float> b) {
  double worst = 0;
  for (Index r = 0; r < a.rows; ++r)
    for (Index c = 0; c < a.cols; ++c) {
      const double error = std::abs(static_cast<double>(a(r, c)) - b(r, c)) /
                           std::max(1.0, std::abs(static_cast<double>(b(r, c))));
      worst = std::isnan(error) ? INFINITY : std::max(worst, error);
    }
  return worst;
}

inline bool same_bits(const Ragged<float>& a, const Ragged<float>& b) {
  return a.offsets == b.offsets && std::ranges::equal(a.values.values(), b.values.values());
}

// Counts the decisions over the cases of a test, and those that differ on the GPU: which steps run,
// which elements changed, which neurons were remembered, which cells took few bits.
class Decisions {
 public:
  void compare(const Case& c) {
    const BatchResult cpu = make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point);
    const BatchResult gpu = gpu::make_engine(borrowed(c.model), {})->run(c.features, c.point);
    ASSERT_EQ(gpu.activity.size(), cpu.activity.size());
    ASSERT_EQ(gpu.outputs.offsets, cpu.outputs.offsets);
    for (Index n = 0; n < c.features.sequences(); ++n) {
      add(gpu.activity[n], cpu.activity[n]);
      ++lanes_;
      if (gpu.activity[n] != cpu.activity[n]) continue;
      ++agreeing_;
      EXPECT_LE(distance(gpu.outputs.sequence(n), cpu.outputs.sequence(n)), kTolerance)
          << "lane " << n;
    }
  }
  std::uint64_t differing() const { return differing_; }
  // Is called at the end of a test; expects that few decisions differ.
  void expect_few_differ() const {
    testing::Test::RecordProperty("decisions", std::to_string(decisions_));
    testing::Test::RecordProperty("differing", std::to_string(differing_));
    EXPECT_LE(static_cast<double>(differing_),
              kDecisionsThatMayDiffer * static_cast<double>(decisions_))
        << agreeing_ << " of " << lanes_ << " lanes agree in every count";
  }

 private:
  void add(const Activity& gpu, const Activity& cpu) {
    const auto apart = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; };
    for (std::size_t l = 0; l < cpu.layers.size(); ++l) {
      const LayerActivity &a = gpu.layers[l], &b = cpu.layers[l];
      EXPECT_EQ(a.shape, b.shape);
      EXPECT_EQ(a[Count::kSteps], b[Count::kSteps]);
      EXPECT_EQ(a[Count::kMacsDense], b[Count::kMacsDense]);
      for (Count count :
           {Count::kSteps, Count::kInputs, Count::kRecurrentInputs, Count::kNeuronsComputed,
            Count::kNeuronsMemoized, Count::kElementsHigh, Count::kElementsLow})
        decisions_ += b[count];
      for (Count count : {Count::kStepsRun, Count::kInputsChanged, Count::kRecurrentInputsChanged,
                          Count::kNeuronsMemoized, Count::kElementsLow})
        differing_ += apart(a[count], b[count]);
    }
  }

  std::uint64_t decisions_ = 0, differing_ = 0;
  Index lanes_ = 0, agreeing_ = 0;
};

class Plans : public LayerObserver {
 public:
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override {
    shapes.push_back(
        {layer, input.cols(), output.cols(), input.values.rows(), output.values.rows()});
  }
  void on_plan(Index layer, Direction direction, Index lane,
               std::span<const StepMode> modes) override {
    plans[{layer, direction, lane}] = {modes.begin(), modes.end()};
  }
  std::vector<std::vector<Index>> shapes;
  std::map<std::tuple<Index, Direction, Index>, std::vector<StepMode>> plans;
};

// Expects modes, counts and outputs in integers to be equal, also where many chunks are needed.
inline void expect_the_bits_of_the_cpu(const Case& c) {
  Plans cpu_plans;
  const BatchResult cpu =
      make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point, &cpu_plans);
  for (Index chunk_bytes : {0, 20000}) {
    SCOPED_TRACE(concat("chunks of ", chunk_bytes, " bytes"));
    Plans gpu_plans;
    const BatchResult gpu = gpu::make_engine(borrowed(c.model), {.gpu_chunk_bytes = chunk_bytes})
                                ->run(c.features, c.point, &gpu_plans);
    ASSERT_EQ(gpu.activity, cpu.activity);
    ASSERT_EQ(gpu_plans.plans, cpu_plans.plans);
    ASSERT_TRUE(same_bits(gpu.outputs, cpu.outputs));
  }
}

// Expects every lane's outputs and counts in batches of each size to be those of `together`. On the
// stand-in only the first batches of each size are run.
inline void expect_the_same_in_batches(Engine& engine, const Case& c, const BatchResult& together,
                                       const std::vector<Index>& sizes) {
  constexpr Index kMostOnStandin = 8;
  const Index all = c.features.sequences();
  for (Index batch : sizes) {
    const Index lanes = kOnStandin ? std::min(all, kMostOnStandin * batch) : all;
    for (Index first = 0; first < lanes; first += batch) {
      const BatchResult part =
          engine.run(slice(c.features, first, std::min(first + batch, lanes)), c.point);
      for (Index n = 0; n < part.outputs.sequences(); ++n) {
        const MatrixView<const float> alone = part.outputs.sequence(n);
        const MatrixView<const float> among = together.outputs.sequence(first + n);
        ASSERT_TRUE(std::equal(alone.data, alone.data + alone.rows * alone.cols, among.data))
            << "lane " << first + n << ", batches of " << batch;
        ASSERT_EQ(part.activity[n], together.activity[first + n])
            << "lane " << first + n << ", batches of " << batch;
      }
    }
  }
}

}  // namespace edgeval::test
