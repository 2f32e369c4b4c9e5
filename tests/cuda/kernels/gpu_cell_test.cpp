// The recurrence's kernels, given products at random, against the bodies run on the CPU: the same
// bits and counts, whether steps are launched one by one, ahead of the cursor or replayed from a
// graph.
#include <numeric>

#include "cuda/cell.hpp"
#include "cuda/graph.hpp"
#include "host/engine/body/cell.hpp"
#include "host/engine/body/operand.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

const std::vector<OperandChoice> kChoices{AsIs{},
                                          Reuse{.clusters = 12, .range_min = -1, .range_max = 1.25},
                                          Delta{.threshold_x = 0.25, .threshold_h = 0.1}};

// Five lanes by their live steps, their frames in an order of their own.
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
    matrix->resize(r.lanes(), r.cells, stream);
  output.resize(r.rows(), r.cells, stream);
  gpu::DeviceBuffer<std::byte> state;
  state.reserve(r.lanes() * r.cells * gpu::state_bytes(policy), stream);
  gpu::launch_initial_state(policy, state.data(), r.lanes() * r.cells, stream);
  gpu::DeviceBuffer<unsigned long long> changed, zero;
  changed.reserve(r.lanes(), stream);
  zero.reserve(r.lanes(), stream);
  gpu::DeviceBuffer<gpu::StepCursor> cursor;
  cursor.reserve(1, stream);
  const bool keeps = gpu::keeps_elements(policy);
  const gpu::RecurrentStep step{
      .pack = {lane.data(), steps.data(), active.data(), offset.data(), frame_of_row.data()},
      .cursor = cursor.data(),
      .wx = float_rows<gpu::SumRows>(wx),
      .uh = float_rows<gpu::SumRows>(uh),
      .numbers = numbers.data(),
      .c = reinterpret_cast<std::byte*>(c.view().data),
      .h = h.view().data,
      .operand = float_rows<gpu::OperandRows>(keeps ? h : operand),
      .output = output.view().data,
      .state = state.data(),
      .rule = rule.data(),
      .totals = {changed.data(), zero.data()},
      .cells = r.cells,
      .width = r.cells,
      .c_stride = h.view().stride,
      .h_stride = h.view().stride,
      .output_stride = output.view().stride,
      .fused = true};
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
    for (const OperandChoice& choice : kChoices) {
      Random random(static_cast<std::uint64_t>(width));
      const Recurrence recurrence(width, random);
      const Outcome expected = on_cpu(recurrence, choice);
      for (Way way : {Way::kOneByOne, Way::kAhead, Way::kGraph})
        EXPECT_TRUE(on_gpu(recurrence, choice, way, stream) == expected)
            << width << " cells, operand " << choice.index() << ", way " << static_cast<int>(way);
    }
}

}  // namespace
}  // namespace edgeval::test
