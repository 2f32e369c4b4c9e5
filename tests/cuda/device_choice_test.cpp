// `--device auto` takes the GPU where it can run the point, and else the CPU, saying why.
#include "eval/common_options.hpp"
#include "tests/support/gpu.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

TEST(DeviceChoice, AutoPassesOverAGpuThatCannotRunThePoint) {
  EDGEVAL_NEEDS_GPU();
  const Model model = random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1);
  OperatingPoint point = dense_point(model);
  EXPECT_TRUE(make_engine(model, {}, point).engine->on_gpu());
  point.layers[0].operand = Memoized{};
  const ChosenEngine chosen = make_engine(model, {}, point);
  EXPECT_FALSE(chosen.engine->on_gpu());
  EXPECT_NE(chosen.device.find("(the GPU engine makes one product per neuron"), std::string::npos)
      << chosen.device;
}

}  // namespace
}  // namespace edgeval::test
