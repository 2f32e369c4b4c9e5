#include "host/engine/linear.hpp"

#include "host/engine/body/linear.hpp"
#include "host/engine/body/operand.hpp"

namespace edgeval {
namespace {

constexpr Index kRowsAtOnce = 256;  // a chunk's operand and product stay in the second-level cache

template <class Rule>
void run_lane(const LinearTask& task, const Rule& rule) {
  const Index inputs = task.input.cols, outputs = task.output.cols;
  const ActivationRange range = activation_range(task.layer.activation);
  const Index rows = std::min(kRowsAtOnce, task.input.rows);
  Matrix<float> operand(DenseProduct::padded(rows), inputs);
  Matrix<float> product(DenseProduct::padded(rows), outputs);
  Matrix<typename Rule::State> state(1, inputs);
  for (Index first = 0; first < task.input.rows; first += kRowsAtOnce) {
    const Index count = std::min(kRowsAtOnce, task.input.rows - first);
    for (Index r = 0; r < count; ++r) {
      const OperandCounts counts = operand_row(SerialBlock{}, rule, Source::kInput, task.input.row(first + r),
                                               inputs, state.data(), operand.row(r));
      task.activity[Count::kInputsChanged] += counts.changed;
      task.activity[Count::kInputsZero] += counts.zero;
    }
    task.product(operand.data(), count, product.data());
    for (Index r = 0; r < count; ++r)
      linear_row(SerialBlock{},
                 {product.row(r), task.layer.bias.data(), outputs, range, task.output.row(first + r)});
  }
}

}  // namespace

void run_linear(const LinearTask& task, const OperandChoice& operand) {
  std::visit([&](const auto& choice) { run_lane(task, choice.rule()); }, operand);
}

}  // namespace edgeval
