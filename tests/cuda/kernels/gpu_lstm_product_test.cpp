// Compares the kernel of a whole step in integers with the literal step on the CPU: exact sums by
// plain loops, then the bodies of the cells and of the operand. Bits and counts are the same.
#include <cmath>
#include <numeric>

#include "cuda/device/gemm.hpp"
#include "cuda/kernel/lstm_product.hpp"
#include "cuda/kernel/step_numbers.hpp"
#include "host/body/cell.hpp"
#include "host/body/operand.hpp"
#include "host/core/concat.hpp"
#include "host/technique/on_grid.hpp"
#include "tests/cuda/kernels/integer_step.hpp"

namespace edgeval::test {
namespace {

// A layer, and lanes ordered by their live steps.
template <int Bits>
struct WholeSteps {
  using Sum = std::conditional_t<Bits == 16, std::int64_t, std::int32_t>;
  Index inputs, cells;
  int up_x, up_h;
  std::vector<std::int32_t> steps, lane;
  std::vector<Index> active, offset, frame_of_row;
  Matrix<std::int32_t> x;  // [rows, C] codes
  FixedWeights w, u;
  std::vector<std::int64_t> bias;

  WholeSteps(Index c, Index h, int x_up, int h_up, std::vector<std::int32_t> live, Random& random)
      : inputs(c), cells(h), up_x(x_up), up_h(h_up), steps(std::move(live)) {
    for (Index k = 0; k <= steps.front(); ++k) {
      offset.push_back(static_cast<Index>(frame_of_row.size()));
      for (std::int32_t s : steps)
        if (s > k) frame_of_row.push_back(0);
      active.push_back(static_cast<Index>(frame_of_row.size()) - offset.back());
    }
    std::iota(frame_of_row.rbegin(), frame_of_row.rend(), 0);
    lane.resize(steps.size());
    std::iota(lane.rbegin(), lane.rend(), 0);
    x = Matrix<std::int32_t>(rows(), inputs);
    for (std::int32_t& code : x.values())
      code = static_cast<std::int32_t>(random.chance(0.1)
                                           ? random.of<Index>({lowest_of(Bits), highest_of(Bits)})
                                           : random.whole(lowest_of(Bits), highest_of(Bits)));
    w = FixedWeights::of(random_matrix(random, 4 * cells, inputs).view(), Bits);
    u = FixedWeights::of(random_matrix(random, 4 * cells, cells).view(), Bits);
    for (Index o = 0; o < 4 * cells; ++o)
      bias.push_back(
          static_cast<std::int64_t>(random.uniform(-2, 2) * std::ldexp(1.0, sum_bits())));
  }
  Index lanes() const { return std::ssize(lane); }
  Index rows() const { return std::ssize(frame_of_row); }
  static constexpr int sum_bits() { return Bits == 16 ? 38 : 22; }
  FixedNumbers<Sum> numbers() const {
    return {.bias = bias.data(),
            .offset = nullptr,
            .up_x = up_x,
            .up_h = up_h,
            .sum_bits = sum_bits(),
            .inverse = 0,
            .h_bits = Bits - 1,
            .h_inverse = 1.0F / (1 << (Bits - 1)),
            .tables = activation_tables()};
  }
};

struct StepsOutcome {
  std::vector<float> output, h;                   // [rows, H], [N, H]
  std::vector<std::int32_t> c;                    // [N, H]
  std::vector<unsigned long long> changed, zero;  // by lane
  bool operator==(const StepsOutcome&) const = default;
};

template <class Value>
std::vector<Value> list_of(const Matrix<Value>& matrix) {
  return {matrix.data(), matrix.data() + matrix.size()};
}

template <int Bits>
StepsOutcome literal_steps(const WholeSteps<Bits>& layer, const OperandChoice& choice) {
  using Sum = typename WholeSteps<Bits>::Sum;
  const Index lanes = layer.lanes(), cells = layer.cells;
  Matrix<std::int32_t> c(lanes, cells);
  Matrix<float> h(lanes, cells), operand(lanes, cells), output(layer.rows(), cells);
  StepsOutcome outcome;
  outcome.changed.resize(layer.lane.size());
  outcome.zero.resize(layer.lane.size());
  std::visit(
      [&](const auto& technique) {
        const auto rule = rule_on_grid(technique, Bits, 3, Bits - 1);
        Matrix<typename decltype(technique.rule())::State> state(lanes, cells);
        for (Index k = 0; k < layer.steps.front(); ++k)
          for (Index n = 0; n < layer.active[k]; ++n) {
            const OperandCounts counts = operand_row(SerialBlock{}, rule, Source::kRecurrent,
                                                     h.row(n), cells, state.row(n), operand.row(n));
            outcome.changed[layer.lane[n]] += counts.changed;
            outcome.zero[layer.lane[n]] += counts.zero;
            const Index row = layer.offset[k] + n;
            std::vector<Sum> wx(4 * cells), uh(4 * cells);
            for (Index o = 0; o < 4 * cells; ++o) {
              for (Index i = 0; i < layer.inputs; ++i)
                wx[o] += Sum{layer.w.codes(o, i)} * layer.x(row, i);
              for (Index i = 0; i < cells; ++i)
                uh[o] += Sum{layer.u.codes(o, i)} *
                         static_cast<std::int32_t>(std::ldexp(operand(n, i), Bits - 1));
            }
            cell_row(SerialBlock{}, layer.numbers(),
                     CellRow<FixedNumbers<Sum>>{wx.data(), uh.data(), cells, c.row(n), h.row(n),
                                                output.row(layer.frame_of_row[row])});
          }
      },
      choice);
  outcome.output = list_of(output);
  outcome.h = list_of(h);
  outcome.c = list_of(c);
  return outcome;
}

template <int Bits>
StepsOutcome steps_on_gpu(const WholeSteps<Bits>& layer, const OperandChoice& choice,
                          const gpu::CublasLt& cublas, const gpu::Stream& stream) {
  constexpr Index kDigits = Bits == 16 ? 2 : 1;
  const Index lanes = layer.lanes(), cells = layer.cells;
  std::conditional_t<Bits == 16, Int16, Int8> arithmetic;
  arithmetic.input_bits = 3;
  const LayerPolicy policy{.plan = EveryStep{}, .operand = choice, .arithmetic = arithmetic};
  EXPECT_TRUE(gpu::can_multiply_in_step(policy, layer.inputs, cells, layer.up_x, layer.up_h));
  const gpu::Product w(cublas, layer.w, Bits, stream), u(cublas, layer.u, Bits, stream);
  const PackedLanes packed(layer.lane, layer.steps, layer.active, layer.offset, layer.frame_of_row,
                           stream);
  std::vector<std::int64_t> whole_bias = layer.bias;
  std::vector<std::uint32_t> narrow;
  for (Index o = 0; o < 4 * cells; ++o) {
    whole_bias[o] += (w.offsets()[o] << layer.up_x) + (u.offsets()[o] << layer.up_h);
    narrow.push_back(static_cast<std::uint32_t>(whole_bias[o]));
  }
  const auto bias = on_device(whole_bias, stream);
  const auto narrow_bias = on_device(narrow, stream);
  const auto table = activation_pairs();
  const auto pairs = on_device(std::vector<ActivationPair>(table.begin(), table.end()), stream);
  auto of_device = layer.numbers();
  of_device.bias = bias.data();
  const auto numbers =
      bytes_on_device(gpu::step_numbers(of_device, pairs.data(), narrow_bias.data()), stream);
  const gpu::ProductShape &of_x = w.shape(), &of_h = u.shape();
  std::vector<std::int8_t> digits(layer.rows() * of_x.operand_bytes(), 77);  // so is the padding
  for (Index r = 0; r < layer.rows(); ++r) {
    const gpu::DigitTarget<kDigits> row{digits.data() + r * of_x.operand_bytes(),
                                        of_x.operand_stride(), 1};
    for (Index i = 0; i < layer.inputs; ++i) row[i] = static_cast<float>(layer.x(r, i));
  }
  const auto x = on_device(digits, stream);
  const Index operand_bytes = lanes * of_h.operand_bytes();
  const auto operand = on_device(std::vector<std::int8_t>(2 * operand_bytes, 77), stream);
  const IntegerStepMemory memory(policy, Bits, lanes, layer.rows(), cells, stream);
  const gpu::RecurrentStep step =
      memory.step(packed, {}, {}, numbers.data(), {operand.data(), of_h.operand_stride()},
                  gpu::StepForm::kWhole);
  const gpu::StepFactors factors{
      .x = {x.data(), of_x.operand_stride()},
      .w = w.weights(),
      .u = u.weights(),
      .at_odd_steps = {operand.data() + operand_bytes, of_h.operand_stride()}};
  launch_recurrent_operand(policy, step, lanes, 0, stream);
  // Two steps of a launch at a time, and lanes that are not there.
  for (Index k = 0; k < layer.steps.front(); k += 2) {
    const Index count = std::min(Index{2}, layer.steps.front() - k);
    for (Index ahead = 0; ahead < count; ++ahead)
      launch_lstm_product(policy, step, factors, lanes + 200, ahead, stream);
    launch_advance_cursor(memory.cursor.data(), count, stream);
  }
  return {.output = list_of(on_host(memory.output, stream)),
          .h = list_of(on_host(memory.h, stream)),
          .c = memory.states(stream),
          .changed = on_host(memory.changed, lanes, stream),
          .zero = on_host(memory.zero, lanes, stream)};
}

// Lanes in several blocks, some of which end early.
std::vector<std::int32_t> live_steps(Index lanes) {
  std::vector<std::int32_t> steps;
  for (Index n = 0; n < lanes; ++n)
    steps.push_back(n < 3 ? 5 : n < lanes / 2 + 1 ? 3 : n + 1 < lanes ? 1 : 0);
  std::ranges::sort(steps, std::greater());
  return steps;
}

struct Sizes {
  Index inputs, cells, lanes;
  int up_x, up_h;
};

// Rows that are shorter than a stage of the product, as long, and a little longer; cells that fill
// a part of a tile, one, or more; lanes of one warp, and of several blocks.
const Sizes kSizes[] = {{1, 4, 3, 0, 0},   {16, 8, 17, 3, 0},  {63, 16, 33, 0, 4},
                        {64, 32, 5, 1, 1}, {65, 36, 20, 2, 5}, {130, 40, 4, 5, 2},
                        {33, 100, 3, 0, 1}};

template <int Bits>
void expect_steps(const Sizes& sizes, const OperandChoice& choice, const gpu::CublasLt& cublas,
                  const gpu::Stream& stream) {
  Random random(static_cast<std::uint64_t>(sizes.inputs + 1000 * sizes.cells));
  const WholeSteps<Bits> layer(sizes.inputs, sizes.cells, sizes.up_x, sizes.up_h,
                               live_steps(sizes.lanes), random);
  const StepsOutcome found = steps_on_gpu(layer, choice, cublas, stream),
                     expected = literal_steps(layer, choice);
  EXPECT_EQ(found.output, expected.output);
  EXPECT_EQ(found.h, expected.h);
  EXPECT_EQ(found.c, expected.c);
  EXPECT_EQ(found.changed, expected.changed);
  EXPECT_EQ(found.zero, expected.zero);
}

const OperandChoice kOperands[] = {AsIs{},
                                   Reuse{.clusters = 12, .range_min = -1, .range_max = 1.25},
                                   Delta{.threshold_x = 0.25, .threshold_h = 0.1}};

TEST(GpuLstmProduct, IsTheLiteralStep) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  const gpu::CublasLt cublas;
  for (const Sizes& sizes : kSizes)
    for (const OperandChoice& choice : kOperands) {
      SCOPED_TRACE(concat(sizes.inputs, " inputs, ", sizes.cells, " cells, ", sizes.lanes,
                          " lanes, operand ", choice.index()));
      expect_steps<8>(sizes, choice, cublas, stream);
      expect_steps<16>(sizes, choice, cublas, stream);
    }
}

TEST(GpuLstmProduct, RunsLanesOfSeveralBlocks) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  const gpu::CublasLt cublas;
  expect_steps<8>({20, 8, 150, 0, 2}, Delta{.threshold_x = 0.1, .threshold_h = 0.05}, cublas,
                  stream);
  expect_steps<16>({20, 8, 80, 2, 0}, Delta{.threshold_x = 0.1, .threshold_h = 0.05}, cublas,
                   stream);
}

TEST(GpuLstmProduct, RefusesWhatItCannotRun) {
  const auto takes = [](const Arithmetic& arithmetic, Index inputs, Index cells, int up_x, int up_h,
                        const Nonlinearity& nonlinearity = Exact{}) {
    LayerPolicy policy;
    policy.arithmetic = arithmetic;
    policy.nonlinearity = nonlinearity;
    return gpu::can_multiply_in_step(policy, inputs, cells, up_x, up_h);
  };
  EXPECT_TRUE(takes(Int8{}, 65536, 65536, 0, 14));
  EXPECT_FALSE(takes(Int8{}, 32, 33, 0, 0));
  EXPECT_FALSE(takes(Fp32{}, 32, 32, 0, 0));
  EXPECT_FALSE(takes(Int8{}, 32, 32, 0, 0, Hard{}));
  // The sums of 16 bits must fit 32 bits after the shift: 1,000 * 2^6 + 1,532 is 65,532.
  EXPECT_TRUE(takes(Int16{}, 1000, 1532, 6, 0));
  EXPECT_FALSE(takes(Int16{}, 1000, 1536, 6, 0));
  EXPECT_FALSE(takes(Int16{}, 1532, 1000, 0, 7));
}

}  // namespace
}  // namespace edgeval::test
