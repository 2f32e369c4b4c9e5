// The memory that the tests of a step of plain LSTM cells in integers share: states, outputs and
// counts of some lanes, and the step that points to them.
#pragma once

#include "cuda/kernel/cell.hpp"
#include "cuda/kernel/operand.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {

// Lanes [N], ordered by their live steps, as PackView has them.
struct PackedLanes {
  gpu::DeviceBuffer<std::int32_t> lane, steps;
  gpu::DeviceBuffer<Index> active, offset, frame_of_row;

  PackedLanes(const std::vector<std::int32_t>& lanes, const std::vector<std::int32_t>& live_steps,
              const std::vector<Index>& actives, const std::vector<Index>& offsets,
              const std::vector<Index>& frames, const gpu::Stream& stream)
      : lane(on_device(lanes, stream)),
        steps(on_device(live_steps, stream)),
        active(on_device(actives, stream)),
        offset(on_device(offsets, stream)),
        frame_of_row(on_device(frames, stream)) {}
  gpu::PackView view() const {
    return {lane.data(), steps.data(), active.data(), offset.data(), frame_of_row.data()};
  }
};

struct IntegerStepMemory {
  Index cells;
  gpu::OperandRule rule;
  gpu::DeviceMatrix<std::int32_t> c;   // [N, H]
  gpu::DeviceMatrix<float> h, output;  // [N, H], [frames, H]
  gpu::DeviceBuffer<std::byte> state;
  gpu::DeviceBuffer<unsigned long long> changed, zero;  // [N]
  gpu::DeviceBuffer<gpu::StepCursor> cursor;
  gpu::Mirrored<gpu::StepPlaces> places;

  // As before the first step, which is step 0. bits: of the integers.
  IntegerStepMemory(const LayerPolicy& policy, int bits, Index lanes, Index frames, Index width,
                    const gpu::Stream& stream)
      : cells(width),
        changed(zeros_on_device<unsigned long long>(lanes, stream)),
        zero(zeros_on_device<unsigned long long>(lanes, stream)) {
    rule.reserve(policy, bits - 1, stream);
    rule.upload(stream);
    c.resize_discarding(lanes, cells, stream);
    h.resize_discarding(lanes, cells, stream);
    output.resize_discarding(frames, cells, stream);
    c.zero(stream);
    h.zero(stream);
    state.reserve_discarding(lanes * cells * gpu::state_bytes(policy), stream);
    gpu::launch_initial_state(policy, state.data(), lanes * cells, stream);
    cursor.reserve_discarding(1, stream);
    places.upload(
        {.output = output.view().data, .input = {}, .recurrent = {changed.data(), zero.data()}},
        stream);
    launch_set_cursor(cursor.data(), {0, 0}, stream);
  }

  gpu::RecurrentStep step(const PackedLanes& lanes, gpu::SumRows wx, gpu::SumRows uh,
                          gpu::PolicyStruct numbers, gpu::OperandRows operand,
                          gpu::StepForm form) const {
    return {.pack = lanes.view(),
            .cursor = cursor.data(),
            .places = places.there(),
            .wx = wx,
            .uh = uh,
            .numbers = numbers,
            .c = c.view().data,
            .h = h.view().data,
            .operand = operand,
            .state = state.data(),
            .rule = rule.data(),
            .cells = cells,
            .width = cells,
            .c_stride = c.view().stride,
            .h_stride = h.view().stride,
            .output_stride = output.view().stride,
            .output_aligned = gpu::starts_aligned(output.view().data, output.view().stride),
            .form = form};
  }
  std::vector<std::int32_t> states(const gpu::Stream& stream) const {
    Matrix<std::int32_t> states(c.view().rows, cells);
    download(c.view(), states.view(), stream);
    stream.synchronize();
    return {states.data(), states.data() + states.size()};
  }
};

}  // namespace edgeval::test
