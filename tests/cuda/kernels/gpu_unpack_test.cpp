// Compares unpacking and the end of a linear layer on the device with the bodies run on the CPU.
#include "cuda/kernel/unpack.hpp"
#include "host/body/unpack.hpp"
#include "host/engine/sequence/packing.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

TEST(GpuUnpack, FillsTheSkippedFramesOfItsColumnsOnly) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  const SimilaritySkip skip{
      .threshold = 0.5, .max_consecutive = 2, .shift = 10, .fraction_bits = 13};
  for (Index width : kWidths)
    for (Direction direction : {Direction::kForward, Direction::kBackward}) {
      const bool backward = direction == Direction::kBackward;
      Random random(static_cast<std::uint64_t>(width));
      const Ragged<float> input = random_batch(random, kLengths, 8);
      const std::vector<LanePlan> plans = plan_lanes(skip, input, direction, 1);
      Matrix<float> expected = random_matrix(random, input.values.rows(), width + 2);
      gpu::LaneTable table;
      table.upload(input.offsets, stream);
      const auto output = on_device(expected.view(), stream);
      std::vector<std::int32_t> live(static_cast<std::size_t>(input.values.rows())), running;
      for (Index n = 0; n < input.sequences(); ++n) {
        std::ranges::copy(plans[n].live, live.begin() + input.offsets[n]);
        running.push_back(static_cast<std::int32_t>(plans[n].running()));
        unpack_lane(SerialBlock{},
                    MatrixView<float>{expected.row(input.offsets[n]) + 1, input.length(n), width,
                                      width + 2},
                    plans[n].live.data(), plans[n].running(), backward);
      }
      const auto live_there = on_device(live, stream), running_there = on_device(running, stream);
      launch_unpack(table.lanes(), {nullptr, live_there.data(), running_there.data()}, backward,
                    output.view().columns(1, width), stream);
      EXPECT_TRUE(std::ranges::equal(on_host(output, stream).values(), expected.values())) << width;
    }
}

TEST(GpuUnpack, LinearRowsAddTheBiasAndClamp) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  for (Index width : kWidths)
    for (Index rows : {0, 1, 33, 1000}) {
      Random random(static_cast<std::uint64_t>(width));
      Matrix<float> y = random_matrix(random, rows, width);
      const Matrix<float> bias = random_matrix(random, 1, width);
      const auto there = on_device(y.view(), stream), bias_there = on_device(bias.view(), stream);
      const ActivationRange range = activation_range({Activation::Type::kClippedRelu, 0.75F});
      const auto numbers = bytes_on_device(FloatNumbers{bias_there.view().data}, stream);
      launch_linear(Fp32{},
                    {.products = float_rows<gpu::SumRows>(there),
                     .numbers = numbers.data(),
                     .range = range,
                     .y = there.view()},
                    stream);
      for (Index r = 0; r < rows; ++r)
        linear_row(SerialBlock{}, FloatNumbers{bias.data()},
                   LinearRow<FloatNumbers>{y.row(r), width, range, y.row(r)});
      EXPECT_TRUE(std::ranges::equal(on_host(there, stream).values(), y.values())) << width;
    }
}

// This tests compute-sanitizer, not edgeval: gpu_check.sh runs it alone, and its fault must be
// found.
TEST(GpuUnpack, DISABLED_CanaryWritesBehindItsMemory) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  const Matrix<float> y(1, 4), bias(1, 4);
  const auto there = on_device(y.view(), stream), bias_there = on_device(bias.view(), stream);
  gpu::DeviceView<float> beyond = there.view();
  beyond.rows = 2;
  const auto numbers = bytes_on_device(FloatNumbers{bias_there.view().data}, stream);
  launch_linear(Fp32{},
                {.products = float_rows<gpu::SumRows>(there),
                 .numbers = numbers.data(),
                 .range = {},
                 .y = beyond},
                stream);
  stream.synchronize();
}

}  // namespace
}  // namespace edgeval::test
