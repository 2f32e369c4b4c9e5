#include "host/core/activity.hpp"

#include "host/core/error.hpp"

namespace edgeval {

LayerActivity& LayerActivity::operator+=(const LayerActivity& other) {
  EDGEVAL_ASSERT(shape == other.shape);
  for (std::size_t i = 0; i < kCounts; ++i) counts[i] += other.counts[i];
  return *this;
}

namespace {

// Which counts the products of an arithmetic go to.
struct ProductCounts {
  std::int64_t bits;
  Count macs, words;
};
constexpr ProductCounts kProductCounts[] = {{32, Count::kMacsFp32, Count::kWeightWords32},
                                            {16, Count::kMacs16x16, Count::kWeightWords16},
                                            {8, Count::kMacs8x8, Count::kWeightWords8},
                                            {4, Count::kMacs4x4, Count::kWeightWords4}};

}  // namespace

std::uint64_t LayerActivity::macs_executed() const {
  std::uint64_t sum = 0;
  for (const ProductCounts& product : kProductCounts) sum += (*this)[product.macs];
  return sum;
}

Activity& Activity::operator+=(const Activity& other) {
  if (layers.empty()) {
    layers = other.layers;
    return *this;
  }
  EDGEVAL_ASSERT(layers.size() == other.layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) layers[i] += other.layers[i];
  return *this;
}

std::uint64_t Activity::total(Count count) const {
  std::uint64_t sum = 0;
  for (const LayerActivity& layer : layers) sum += layer[count];
  return sum;
}

std::uint64_t Activity::macs_executed() const {
  std::uint64_t sum = 0;
  for (const LayerActivity& layer : layers) sum += layer.macs_executed();
  return sum;
}

void complete_counts(LayerActivity& layer) {
  const LayerShape& shape = layer.shape;
  const auto u = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  const std::uint64_t evaluated = layer[Count::kStepsRun] + layer[Count::kStepsPseudo];
  layer[Count::kStepsSkipped] = layer[Count::kSteps] - evaluated;
  layer[Count::kInputs] = evaluated * u(shape.product_inputs());
  layer[Count::kRecurrentInputs] = evaluated * u(shape.recurrent);
  layer[Count::kOutputs] = evaluated * u(shape.outputs);
  layer[Count::kMacsDense] = layer[Count::kSteps] * u(shape.macs_per_step());
  const std::uint64_t neurons = layer[Count::kNeuronsComputed] + layer[Count::kNeuronsMemoized];
  const std::uint64_t elements = layer[Count::kElementsHigh] + layer[Count::kElementsLow];
  for (const ProductCounts& product : kProductCounts) {
    if (product.bits != shape.weight_bits || elements > 0) continue;
    layer[product.macs] =
        neurons > 0 ? layer[Count::kNeuronsComputed] * u(shape.product_inputs() + shape.recurrent)
                    : u(shape.macs_of_element()) *
                          (layer[Count::kInputsChanged] + layer[Count::kRecurrentInputsChanged]);
    layer[product.macs] += u(shape.other_macs()) * evaluated;
    if (product.bits == 16) {  // the engines have counted the products of pseudo-skips
      layer[product.macs] -= layer[Count::kMacs8x8];
      layer[Count::kWeightWords8] = layer[Count::kMacs8x8];
    }
    layer[product.words] = layer[product.macs] - u(shape.unweighted_macs()) * evaluated;
  }
  if (elements > 0) {
    const std::uint64_t of_element = u(shape.gates * (shape.product_inputs() + shape.recurrent));
    layer[Count::kMacs8x8] = layer[Count::kWeightWords8] = layer[Count::kElementsHigh] * of_element;
    layer[Count::kMacs4x4] = layer[Count::kElementsLow] * of_element;
  }
  const CellWork work = shape.work();
  const std::uint64_t outputs = layer[Count::kOutputs];
  layer[Count::kElementwiseMultiplications] = outputs * u(work.multiplications);
  layer[Count::kElementwiseAdditions] = outputs * u(work.additions);
  layer[Count::kNonlinearities] =
      outputs * u(work.sigmoids + work.tanhs + work.exps + (shape.rectified ? 1 : 0));
  layer[Count::kCandidateComparisons] = shape.form.softmax ? outputs : 0;
}

LayerActivity dense_counts(const LayerShape& shape, std::uint64_t sequences, std::uint64_t steps) {
  LayerActivity dense;
  dense.shape = shape;
  dense.shape.added_bits = 0;
  dense[Count::kSequences] = sequences;
  dense[Count::kSteps] = steps;
  dense[Count::kStepsRun] = steps;
  dense[Count::kInputsChanged] = steps * static_cast<std::uint64_t>(shape.product_inputs());
  dense[Count::kRecurrentInputsChanged] = steps * static_cast<std::uint64_t>(shape.recurrent);
  complete_counts(dense);
  return dense;
}

Activity dense_counts(const Activity& activity) {
  Activity dense;
  for (const LayerActivity& layer : activity.layers) {
    dense.layers.push_back(
        dense_counts(layer.shape, layer[Count::kSequences], layer[Count::kSteps]));
  }
  return dense;
}

Activity dense_counts(const Activity& activity, const Activity* reference) {
  Activity dense = dense_counts(activity);
  if (reference == nullptr) return dense;
  for (std::size_t i = 0; i < dense.layers.size(); ++i)
    dense.layers[i] =
        dense_counts(activity.layers[i].shape, reference->layers[i][Count::kSequences],
                     reference->layers[i][Count::kSteps]);
  return dense;
}

}  // namespace edgeval
