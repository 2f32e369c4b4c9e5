// Reads expressions over the shape of a layer, as the rules of an accelerator have them.
#include "hwmodel/expression.hpp"

#include "host/layer/kinds.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const LayerShape shape{
      .name = "lstm1", .kind = kLstm, .inputs = 3, .recurrent = 2, .outputs = 2, .gates = 4};
  fuzz::takes([&] {
    const hw::Expression expression = hw::Expression::parse(fuzz::bytes_of(data, size));
    const double once = expression(shape), again = expression(shape);
    fuzz::expect(once == again || (once != once && again != again), "an expression has one value");
  });
  return 0;
}
