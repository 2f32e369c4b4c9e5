#include "host/engine/sequence/linear.hpp"

#include "host/body/linear.hpp"
#include "host/core/error.hpp"
#include "host/engine/sequence/operand_counts.hpp"

namespace edgeval {
namespace {

constexpr Index kRowsAtOnce = 256;  // a chunk's operand and product stay in the second-level cache

template <class LayerArithmetic, class Rule>
void run_lane(const LinearTask& task, const LayerArithmetic& arithmetic, const Rule& rule) {
  using Numbers = typename LayerArithmetic::Numbers;
  const Index inputs = task.input.cols, outputs = task.output.cols;
  const ActivationRange range = activation_range(task.layer.activation);
  const Numbers numbers = arithmetic.numbers();
  const Index rows = std::min(kRowsAtOnce, task.input.rows);
  Matrix<float> operand(padded_rows(rows), inputs);
  Matrix<typename Numbers::Sum> product(padded_rows(rows), outputs);
  Matrix<typename Rule::State> state(1, inputs);
  for (Index first = 0; first < task.input.rows; first += kRowsAtOnce) {
    const Index count = std::min(kRowsAtOnce, task.input.rows - first);
    for (Index r = 0; r < count; ++r)
      add_counts(task.activity, Source::kInput,
                 operand_row(SerialBlock{}, rule, Source::kInput, task.input.row(first + r), inputs,
                             state.data(), operand.row(r)));
    arithmetic.multiply_input(operand.data(), count, product.data());
    for (Index r = 0; r < count; ++r)
      linear_row(SerialBlock{}, numbers,
                 LinearRow<Numbers>{product.row(r), outputs, range, task.output.row(first + r)});
  }
}

}  // namespace

template <class LayerArithmetic>
void run_linear(const LinearTask& task, const LayerArithmetic& arithmetic,
                const OperandChoice& operand) {
  std::visit(
      [&]<class Technique>(const Technique& choice) {
        if constexpr (refusals_of<Technique>().linear == nullptr)
          run_lane(task, arithmetic, arithmetic.rule(choice));
        else
          EDGEVAL_ASSERT(!"an operand that check_point lets through");
      },
      operand);
}

template void run_linear(const LinearTask&, const FloatLayer&, const OperandChoice&);
template void run_linear(const LinearTask&, const FixedLayer<std::int32_t>&, const OperandChoice&);
template void run_linear(const LinearTask&, const FixedLayer<std::int64_t>&, const OperandChoice&);

}  // namespace edgeval
