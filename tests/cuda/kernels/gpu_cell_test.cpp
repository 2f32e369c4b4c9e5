// Compares the kernels of the recurrence, given random products, with the bodies run on the CPU:
// bits and counts are the same, whether steps are launched one by one, ahead of the cursor or
// replayed from a graph.
#include <cmath>
#include <numeric>

#include "cuda/device/graph.hpp"
#include "cuda/kernel/cell.hpp"
#include "cuda/kernel/lstm_step.hpp"
#include "cuda/kernel/operand.hpp"
#include "cuda/kernel/step_numbers.hpp"
#include "host/body/cell.hpp"
#include "host/body/operand.hpp"
#include "host/technique/on_grid.hpp"
#include "tests/cuda/kernels/integer_step.hpp"

namespace edgeval::test {
namespace {

const std::vector<OperandChoice> kOperandsOfCells{
    AsIs{}, Reuse{.clusters = 12, .range_min = -1, .range_max = 1.25},
    Delta{.threshold_x = 0.25, .threshold_h = 0.1}};

// Five lanes, ordered by their live steps, whose frames have an order of their own.
struct Recurrence {
  Index cells;
  std::vector<std::int32_t> lane{3, 0, 4, 1, 2}, steps{9, 9, 4, 1, 0};
  std::vector<Index> active, offset, frame_of_row;
  Matrix<float> wx, uh, bias;

  Recurrence(Index h, Random& random) : cells(h) {
    for (Index k = 0; k <= steps.front(); ++k) {
      offset.push_back(static_cast<Index>(frame_of_row.size()));
      for (std::int32_t s : steps)
        if (s > k) frame_of_row.push_back(0);
      active.push_back(static_cast<Index>(frame_of_row.size()) - offset.back());
    }
    std::iota(frame_of_row.rbegin(), frame_of_row.rend(), 0);
    wx = random_matrix(random, rows(), 4 * h);
    uh = random_matrix(random, lanes(), 4 * h);
    bias = random_matrix(random, 1, 4 * h);
  }
  Index lanes() const { return static_cast<Index>(lane.size()); }
  Index rows() const { return static_cast<Index>(frame_of_row.size()); }
};

struct Outcome {
  std::vector<float> output;                      // [rows, H]
  std::vector<unsigned long long> changed, zero;  // by lane
  bool operator==(const Outcome&) const = default;
};

std::vector<float> values_of(const Matrix<float>& matrix) {
  return {matrix.data(), matrix.data() + matrix.size()};
}

Outcome on_cpu(const Recurrence& r, const OperandChoice& choice) {
  Matrix<float> c(r.lanes(), r.cells), h(r.lanes(), r.cells), operand(r.lanes(), r.cells),
      output(r.rows(), r.cells);
  std::vector<unsigned long long> changed(r.lane.size()), zero(r.lane.size());
  std::visit(
      [&](const auto& technique) {
        const auto rule = technique.rule();
        Matrix<typename decltype(technique.rule())::State> state(r.lanes(), r.cells);
        for (Index k = 0; k < r.steps.front(); ++k)
          for (Index n = 0; n < r.active[k]; ++n) {
            const OperandCounts counts =
                operand_row(SerialBlock{}, rule, Source::kRecurrent, h.row(n), r.cells,
                            state.row(n), operand.row(n));
            changed[r.lane[n]] += counts.changed;
            zero[r.lane[n]] += counts.zero;
            const Index row = r.offset[k] + n;
            cell_row(SerialBlock{}, FloatNumbers{r.bias.data()},
                     CellRow<FloatNumbers>{r.wx.row(row), r.uh.row(n), r.cells, c.row(n), h.row(n),
                                           output.row(r.frame_of_row[row])});
          }
      },
      choice);
  return {values_of(output), changed, zero};
}

enum class Way { kOneByOne, kAhead, kGraph };

Outcome on_gpu(const Recurrence& r, const OperandChoice& choice, Way way,
               const gpu::Stream& stream) {
  const auto lane = on_device(r.lane, stream), steps = on_device(r.steps, stream);
  const auto active = on_device(r.active, stream), offset = on_device(r.offset, stream);
  const auto frame_of_row = on_device(r.frame_of_row, stream);
  const auto wx = on_device(r.wx.view(), stream), uh = on_device(r.uh.view(), stream);
  const auto bias = on_device(r.bias.view(), stream);
  const LayerPolicy policy{.plan = EveryStep{}, .operand = choice};
  gpu::OperandRule rule;
  rule.reserve(policy, 0, stream);
  rule.upload(stream);
  const auto numbers = bytes_on_device(FloatNumbers{bias.view().data}, stream);
  gpu::DeviceMatrix<float> c, h, operand, output;
  for (gpu::DeviceMatrix<float>* matrix : {&c, &h, &operand})
    matrix->resize_discarding(r.lanes(), r.cells, stream);
  c.zero(stream);
  h.zero(stream);
  output.resize_discarding(r.rows(), r.cells, stream);
  gpu::DeviceBuffer<std::byte> state;
  state.reserve_discarding(r.lanes() * r.cells * gpu::state_bytes(policy), stream);
  gpu::launch_initial_state(policy, state.data(), r.lanes() * r.cells, stream);
  const auto changed = zeros_on_device<unsigned long long>(r.lanes(), stream),
             zero = zeros_on_device<unsigned long long>(r.lanes(), stream);
  gpu::DeviceBuffer<gpu::StepCursor> cursor;
  cursor.reserve_discarding(1, stream);
  const bool keeps = gpu::keeps_elements(policy);
  gpu::Mirrored<gpu::StepPlaces> places;
  places.upload(
      {.output = output.view().data, .input = {}, .recurrent = {changed.data(), zero.data()}},
      stream);
  const gpu::RecurrentStep step{
      .pack = {lane.data(), steps.data(), active.data(), offset.data(), frame_of_row.data()},
      .cursor = cursor.data(),
      .places = places.there(),
      .wx = float_rows<gpu::SumRows>(wx),
      .uh = float_rows<gpu::SumRows>(uh),
      .numbers = numbers.data(),
      .c = c.view().data,
      .h = h.view().data,
      .operand = float_rows<gpu::OperandRows>(keeps ? h : operand),
      .state = state.data(),
      .rule = rule.data(),
      .cells = r.cells,
      .width = r.cells,
      .c_stride = h.view().stride,
      .h_stride = h.view().stride,
      .output_stride = output.view().stride,
      .output_aligned = gpu::starts_aligned(output.view().data, output.view().stride),
      .form = gpu::StepForm::kCells};
  launch_set_cursor(cursor.data(), {0, 0}, stream);
  launch_recurrent_operand(policy, step, r.active.front(), 0, stream);
  const Index padded = r.lanes() + 3;  // blocks of lanes that are not there leave at once
  const Index together = way == Way::kOneByOne ? 1 : 3;
  const auto launch = [&] {
    for (Index ahead = 0; ahead < together; ++ahead)
      launch_lstm_step(policy, step, padded, ahead, stream);
    launch_advance_cursor(cursor.data(), together, stream);
  };
  if (way == Way::kGraph) {
    const gpu::Graph graph(launch, stream);
    for (Index k = 0; k < r.steps.front(); k += together) graph.launch(stream);
    stream.synchronize();
  } else {
    for (Index k = 0; k < r.steps.front(); k += together) launch();
  }
  return {values_of(on_host(output, stream)), on_host(changed, r.lanes(), stream),
          on_host(zero, r.lanes(), stream)};
}

TEST(GpuCell, GivesTheBitsOfTheCpuBodies) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  for (Index width : kWidths)
    for (const OperandChoice& choice : kOperandsOfCells) {
      Random random(static_cast<std::uint64_t>(width));
      const Recurrence recurrence(width, random);
      const Outcome expected = on_cpu(recurrence, choice);
      for (Way way : {Way::kOneByOne, Way::kAhead, Way::kGraph})
        EXPECT_TRUE(on_gpu(recurrence, choice, way, stream) == expected)
            << width << " cells, operand " << choice.index() << ", way " << static_cast<int>(way);
    }
}

// A case in integers: random sums, under 16 bits as digits, for the literal numbers and rules.
template <int Bits>
struct IntegerCase {
  using Sum = std::conditional_t<Bits == 16, std::int64_t, std::int32_t>;
  static constexpr Index kDigits = Bits == 16 ? 2 : 1;
  static constexpr Index kLanes = 5;
  Index cells;
  gpu::ProductShape shape;
  std::vector<std::int32_t> wx, uh;  // [lanes] as the product leaves them
  std::vector<std::int64_t> bias;
  std::vector<std::uint32_t> narrow_bias;
  FixedNumbers<Sum> numbers;

  IntegerCase(Index h, Random& random) : cells(h), shape{h, 4 * h, Bits} {
    const std::int32_t most = Bits == 16 ? 1 << 22 : 1 << 20;
    for (std::vector<std::int32_t>* sums : {&wx, &uh})
      for (Index i = 0; i < kLanes * kDigits * shape.sum_stride(); ++i)
        sums->push_back(static_cast<std::int32_t>(random.uniform(-most, most)));
    const int sum_bits = Bits == 16 ? 41 : 24;
    for (Index o = 0; o < 4 * h; ++o) {
      bias.push_back(static_cast<std::int64_t>(random.uniform(-2, 2) * std::ldexp(1.0, sum_bits)));
      narrow_bias.push_back(static_cast<std::uint32_t>(bias.back()));
    }
    numbers = {.bias = bias.data(),
               .offset = nullptr,
               .up_x = 3,
               .up_h = 5,
               .sum_bits = sum_bits,
               .inverse = 0,
               .h_bits = Bits - 1,
               .h_inverse = 1.0F / (1 << (Bits - 1)),
               .tables = activation_tables()};
  }
  Sum sum(const std::vector<std::int32_t>& sums, Index n, Index o) const {
    const std::int32_t* const row = sums.data() + n * kDigits * shape.sum_stride();
    if constexpr (Bits == 16)
      return gpu::DigitSums{row, row + shape.sum_stride(), 4 * cells}[o];
    else
      return row[o];
  }
};

struct IntegerOutcome {
  std::vector<std::int32_t> c;  // [lanes, H]
  std::vector<float> h;         // [lanes, H]
  std::vector<int> codes;       // [lanes, H] of the operand
  std::vector<unsigned long long> changed, zero;
  bool operator==(const IntegerOutcome&) const = default;
};

constexpr int kIntegerSteps = 3;  // all have the same sums

template <int Bits>
IntegerOutcome on_cpu(const IntegerCase<Bits>& input, const OperandChoice& choice) {
  constexpr Index kLanes = IntegerCase<Bits>::kLanes;
  using Sum = typename IntegerCase<Bits>::Sum;
  const Index cells = input.cells;
  Matrix<std::int32_t> c(kLanes, cells);
  Matrix<float> h(kLanes, cells), operand(kLanes, cells);
  IntegerOutcome outcome;
  std::visit(
      [&](const auto& technique) {
        const auto rule = rule_on_grid(technique, Bits, 3, Bits - 1);
        for (Index n = 0; n < kLanes; ++n) {
          std::vector<typename decltype(technique.rule())::State> state(
              static_cast<std::size_t>(cells));
          std::vector<Sum> wx, uh;
          for (Index o = 0; o < 4 * cells; ++o) {
            wx.push_back(input.sum(input.wx, n, o));
            uh.push_back(input.sum(input.uh, n, o));
          }
          unsigned long long changed = 0, zero = 0;
          for (int k = 0; k < kIntegerSteps; ++k) {
            cell_row(SerialBlock{}, input.numbers,
                     CellRow<FixedNumbers<Sum>>{wx.data(), uh.data(), cells, c.row(n), h.row(n),
                                                h.row(n)});
            const OperandCounts counts = operand_row(SerialBlock{}, rule, Source::kRecurrent,
                                                     h.row(n), cells, state.data(), operand.row(n));
            if (k + 1 == kIntegerSteps) break;  // no step follows
            changed += static_cast<unsigned long long>(counts.changed);
            zero += static_cast<unsigned long long>(counts.zero);
          }
          outcome.changed.push_back(changed);
          outcome.zero.push_back(zero);
        }
      },
      choice);
  outcome.c.assign(c.data(), c.data() + c.size());
  outcome.h = values_of(h);
  for (const float value : operand.values())
    outcome.codes.push_back(static_cast<int>(std::ldexp(value, Bits - 1)));
  return outcome;
}

template <int Bits>
IntegerOutcome on_gpu(const IntegerCase<Bits>& input, const OperandChoice& choice,
                      const gpu::Stream& stream) {
  constexpr Index kLanes = IntegerCase<Bits>::kLanes;
  const Index cells = input.cells;
  std::conditional_t<Bits == 16, Int16, Int8> arithmetic;
  arithmetic.input_bits = 3;
  const LayerPolicy policy{.plan = EveryStep{}, .operand = choice, .arithmetic = arithmetic};
  // All steps have the same sums.
  const PackedLanes packed({0, 1, 2, 3, 4}, std::vector<std::int32_t>(kLanes, kIntegerSteps),
                           {5, 5, 5, 0}, {0, 0, 0, 0}, {0, 1, 2, 3, 4}, stream);
  const auto wx = on_device(input.wx, stream), uh = on_device(input.uh, stream);
  const auto bias = on_device(input.bias, stream);
  const auto narrow_bias = on_device(input.narrow_bias, stream);
  const auto table = activation_pairs();
  const auto pairs = on_device(std::vector<ActivationPair>(table.begin(), table.end()), stream);
  auto of_device = input.numbers;
  of_device.bias = bias.data();
  const auto numbers =
      bytes_on_device(gpu::step_numbers(of_device, pairs.data(), narrow_bias.data()), stream);
  const IntegerStepMemory memory(policy, Bits, kLanes, kLanes, cells, stream);
  const gpu::ProductShape of_operand{cells, 1, Bits};
  const auto operand = zeros_on_device<std::int8_t>(kLanes * of_operand.operand_bytes(), stream);
  const Index sum_stride = input.shape.sum_stride();
  const gpu::RecurrentStep step =
      memory.step(packed, {wx.data(), sum_stride}, {uh.data(), sum_stride}, numbers.data(),
                  {operand.data(), of_operand.operand_stride()}, gpu::StepForm::kCells);
  for (int k = 0; k < kIntegerSteps; ++k) launch_lstm_step(policy, step, kLanes + 2, k, stream);
  IntegerOutcome outcome;
  outcome.c = memory.states(stream);
  outcome.h = values_of(on_host(memory.h, stream));
  EXPECT_EQ(values_of(on_host(memory.output, stream)), outcome.h);
  const std::vector<std::int8_t> digits =
      on_host(operand, kLanes * of_operand.operand_bytes(), stream);
  for (Index n = 0; n < kLanes; ++n)
    for (Index j = 0; j < cells; ++j) {
      const std::int8_t* const row = digits.data() + n * of_operand.operand_bytes();
      outcome.codes.push_back(Bits == 16 ? 256 * row[j] + row[j + of_operand.operand_stride()] + 128
                                         : int{row[j]});
    }
  outcome.changed = on_host(memory.changed, kLanes, stream);
  outcome.zero = on_host(memory.zero, kLanes, stream);
  return outcome;
}

template <int Bits>
void expect_integers(Index width, const OperandChoice& choice, const gpu::Stream& stream) {
  Random random(static_cast<std::uint64_t>(width));
  const IntegerCase<Bits> input(width, random);
  EXPECT_TRUE(on_gpu(input, choice, stream) == on_cpu(input, choice))
      << width << " cells of " << Bits << " bits, operand " << choice.index();
}

TEST(GpuCell, InIntegersGivesTheBitsOfTheCpuBodies) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  for (const Index width : {1, 6, 32, 33, 100, 320})
    for (const OperandChoice& choice : kOperandsOfCells) {
      expect_integers<8>(width, choice, stream);
      expect_integers<16>(width, choice, stream);
    }
}

}  // namespace
}  // namespace edgeval::test
