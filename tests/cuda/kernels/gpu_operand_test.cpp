// Compares operand(x) on the device, packed and frame by frame, with the body run on the CPU: bits
// and counts are the same.
#include "cuda/kernel/operand.hpp"
#include "host/body/operand.hpp"
#include "host/engine/sequence/packing.hpp"
#include "host/technique/on_grid.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

const std::vector<OperandChoice> kChoices{AsIs{},
                                          Reuse{.clusters = 12, .range_min = -1, .range_max = 1.25},
                                          Delta{.threshold_x = 0.25, .threshold_h = 0.1}};

struct Expected {
  Matrix<float> operand;  // [frames, C]
  std::vector<unsigned long long> changed, zero;
};

template <class Rule>
Expected literal_of(const Rule& rule, const Ragged<float>& input) {
  const std::size_t lanes = static_cast<std::size_t>(input.sequences());
  Expected result{Matrix<float>(input.values.rows(), input.cols()),
                  std::vector<unsigned long long>(lanes), std::vector<unsigned long long>(lanes)};
  for (Index n = 0; n < input.sequences(); ++n) {
    std::vector<typename Rule::State> state(static_cast<std::size_t>(input.cols()));
    for (Index f = input.offsets[n]; f < input.offsets[n + 1]; ++f) {
      const OperandCounts counts =
          operand_row(SerialBlock{}, rule, Source::kInput, input.values.row(f), input.cols(),
                      state.data(), result.operand.row(f));
      result.changed[n] += counts.changed;
      result.zero[n] += counts.zero;
    }
  }
  return result;
}

Expected literal(const OperandChoice& choice, const Ragged<float>& input) {
  return std::visit([&](const auto& operand) { return literal_of(operand.rule(), input); }, choice);
}

struct DeviceCase {
  gpu::LaneTable table;
  gpu::DeviceMatrix<float> x, operand;
  gpu::DeviceBuffer<std::byte> state;
  gpu::OperandRule rule;
  gpu::DeviceBuffer<unsigned long long> changed, zero;
  DeviceCase(const LayerPolicy& policy, const Ragged<float>& input, const gpu::Stream& stream) {
    table.upload(input.offsets, stream);
    x = on_device(input.values.view(), stream);
    operand.resize_discarding(input.values.rows(), input.cols(), stream);
    operand.zero(stream);  // a chunk's rows are not all that a test reads
    const Index states = input.sequences() * input.cols();
    state.reserve_discarding(states * gpu::state_bytes(policy), stream);
    gpu::launch_initial_state(policy, state.data(), states, stream);
    const int bits = std::visit([](const auto& choice) { return choice.kBits; }, policy.arithmetic);
    rule.reserve(policy, bits - 1, stream);
    rule.upload(stream);
    changed = zeros_on_device<unsigned long long>(input.sequences(), stream);
    zero = zeros_on_device<unsigned long long>(input.sequences(), stream);
  }
  gpu::InputOperand task() const {
    return {.x = x.view(),
            .operand = float_rows<gpu::OperandRows>(operand),
            .state = state.data(),
            .rule = rule.data(),
            .totals = {changed.data(), zero.data()}};
  }
};

void expect_same(const DeviceCase& device, const Expected& expected, const Matrix<float>& by_frame,
                 const gpu::Stream& stream) {
  EXPECT_TRUE(std::ranges::equal(by_frame.values(), expected.operand.values()));
  EXPECT_EQ(on_host(device.changed, static_cast<Index>(expected.changed.size()), stream),
            expected.changed);
  EXPECT_EQ(on_host(device.zero, static_cast<Index>(expected.zero.size()), stream), expected.zero);
}

TEST(GpuOperand, FramesAsTheyLie) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  for (Index width : kWidths)
    for (const OperandChoice& choice : kChoices) {
      Random random(static_cast<std::uint64_t>(width));
      const Ragged<float> input = random_batch(random, kLengths, width);
      const LayerPolicy policy{.plan = EveryStep{}, .operand = choice};
      DeviceCase device(policy, input, stream);
      launch_frame_operand(policy, device.table.lanes(), device.task(), stream);
      expect_same(device, literal(choice, input), on_host(device.operand, stream), stream);
    }
}

// Under int16 and int8 the same rules act on their grids, and operands are written as digits.
template <int Bits, class Arithmetic>
void expect_digits(const OperandChoice& choice, const Arithmetic& arithmetic, Index width) {
  const gpu::Stream stream;
  Random random(static_cast<std::uint64_t>(width));
  const Ragged<float> input = random_batch(random, kLengths, width);
  const LayerPolicy policy{.plan = EveryStep{}, .operand = choice, .arithmetic = arithmetic};
  const int x_bits = static_cast<int>(arithmetic.input_bits);
  const Index frames = input.values.rows();
  DeviceCase device(policy, input, stream);
  const gpu::ProductShape shape{width, 1, Bits};
  const auto digits = zeros_on_device<std::int8_t>(frames * shape.operand_bytes(), stream);
  gpu::InputOperand task = device.task();
  task.operand = {digits.data(), shape.operand_stride()};
  launch_frame_operand(policy, device.table.lanes(), task, stream);
  const std::vector<std::int8_t> there = on_host(digits, frames * shape.operand_bytes(), stream);
  const Expected expected = std::visit(
      [&](const auto& operand) {
        return literal_of(rule_on_grid(operand, Bits, x_bits, Bits - 1), input);
      },
      choice);
  const double scale = power_of_two(x_bits);
  for (Index r = 0; r < frames; ++r)
    for (Index i = 0; i < width; ++i) {
      const std::int8_t* const row = there.data() + r * shape.operand_bytes();
      const int code =
          Bits == 16 ? 256 * row[i] + row[i + shape.operand_stride()] + 128 : int{row[i]};
      ASSERT_EQ(code, static_cast<double>(expected.operand(r, i)) * scale) << "frame " << r;
    }
  EXPECT_EQ(on_host(device.changed, input.sequences(), stream), expected.changed);
  EXPECT_EQ(on_host(device.zero, input.sequences(), stream), expected.zero);
}

TEST(GpuOperand, IntegersAreWrittenAsDigits) {
  EDGEVAL_NEEDS_GPU();
  for (Index width : kWidths)
    for (const OperandChoice& choice : kChoices) {
      expect_digits<8>(choice, Int8{{.input_bits = 6}}, width);
      expect_digits<16>(choice, Int16{{.input_bits = 13}}, width);
    }
}

// Chunks have 40 steps and run backward, so that states carry over and rows are gathered.
TEST(GpuOperand, PackedRowsInChunks) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  for (Index width : kWidths)
    for (const OperandChoice& choice : kChoices) {
      Random random(static_cast<std::uint64_t>(width));
      const Ragged<float> input = random_batch(random, kLengths, width);
      Ragged<float> reversed(input.lengths(), width);  // in processing order
      for (Index n = 0; n < input.sequences(); ++n)
        for (Index t = 0; t < input.length(n); ++t)
          std::copy_n(input.sequence(n).row(input.length(n) - 1 - t), width,
                      reversed.sequence(n).row(t));
      const LayerPolicy policy{.plan = EveryStep{}, .operand = choice};
      DeviceCase device(policy, input, stream);
      const gpu::Lanes& lanes = device.table.lanes();
      gpu::DeviceBuffer<StepMode> mode;
      gpu::DeviceBuffer<std::int32_t> live, running;
      live.reserve_discarding(lanes.frames, stream);
      running.reserve_discarding(lanes.count, stream);
      launch_plan_every_step(lanes, true, {mode.data(), live.data(), running.data()}, stream);
      gpu::Packing packing;
      packing.reserve(lanes, stream);
      packing.pack(lanes, {mode.data(), live.data(), running.data()}, stream);
      std::vector<Index> active(static_cast<std::size_t>(lanes.longest) + 1);
      packing.download_active(active, stream);
      stream.synchronize();

      const auto plans = plan_lanes(EveryStep{}, input, Direction::kForward, 1);
      std::vector<Index> steps;
      for (const LanePlan& plan : plans) steps.push_back(plan.running());
      const std::vector<Index> order = lane_blocks(steps, lanes.count).front();
      Matrix<float> by_frame(lanes.frames, width);
      Index first_row = 0;
      for (Index first = 0; first < lanes.longest; first += 40) {
        const Index end = std::min(first + 40, lanes.longest);
        gpu::InputOperand task = device.task();
        task.first_step = first;
        task.end_step = end;
        task.lanes = active[first];
        task.first_row = first_row;
        launch_packed_operand(policy, packing.view(), task, stream);
        const Matrix<float> chunk = on_host(device.operand, stream);
        Index row = 0;
        for (Index k = first; k < end; ++k)
          for (Index n = 0; n < active[k]; ++n, ++row)
            std::copy_n(chunk.row(row), width, by_frame.row(input.offsets[order[n]] + k));
        first_row += row;
      }
      expect_same(device, literal(choice, reversed), by_frame, stream);
    }
}

}  // namespace
}  // namespace edgeval::test
