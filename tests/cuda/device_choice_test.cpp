// `--device auto` takes the GPU where there is one.
#include "eval/common_options.hpp"
#include "tests/support/gpu.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

TEST(DeviceChoice, AutoTakesTheGpu) {
  EDGEVAL_NEEDS_GPU();
  const Model model = random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1);
  EXPECT_TRUE(make_engine(model, {})->on_gpu());
  EXPECT_FALSE(make_engine(model, {.device = "cpu"})->on_gpu());
}

}  // namespace
}  // namespace edgeval::test
