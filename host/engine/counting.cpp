#include "host/engine/counting.hpp"

namespace edgeval {
namespace {

// Returns the number of elements of x and h that enter the products of a step.
std::int64_t elements_per_step(const LayerShape& shape) {
  return shape.product_inputs() + shape.recurrent;
}

std::uint64_t times(int cost, std::uint64_t elements) {
  return static_cast<std::uint64_t>(cost) * elements;
}

void count_plan(LayerActivity& activity, const PlanCost& cost) {
  const std::uint64_t steps = activity[Count::kSteps];
  const std::uint64_t width = static_cast<std::uint64_t>(activity.shape.inputs);
  activity[Count::kScoreQuantizations] = times(cost.quantizations, steps * width);
  activity[Count::kScoreComparisons] = times(cost.comparisons, (steps > 0 ? steps - 1 : 0) * width);
}

void count_operand(LayerActivity& activity, const OperandCost& cost) {
  const std::uint64_t elements = activity[Count::kInputs] + activity[Count::kRecurrentInputs];
  const std::uint64_t changed =
      activity[Count::kInputsChanged] + activity[Count::kRecurrentInputsChanged];
  const std::uint64_t first = activity[Count::kStepsRun] > 0
                                  ? static_cast<std::uint64_t>(elements_per_step(activity.shape))
                                  : 0;
  activity[Count::kOperandComparisons] = times(cost.comparisons, elements);
  activity[Count::kOperandQuantizations] = times(cost.quantizations, elements);
  activity[Count::kOperandSubtractions] = times(cost.subtractions, elements);
  if (cost.subtractions_per_change > 0)
    activity[Count::kOperandSubtractions] += times(cost.subtractions_per_change, changed - first);
}

void count_nonlinearity(LayerActivity&, const Exact&) {}

// complete_counts has counted exact nonlinearities; the approximation's work replaces them.
template <class Approximation>
void count_nonlinearity(LayerActivity& activity, const Approximation& choice) {
  const std::uint64_t outputs = activity[Count::kOutputs];
  const NonlinearityCost sigmoid = choice.cost(Curve::kSigmoid), tanh = choice.cost(Curve::kTanh);
  const CellWork work = activity.shape.work();
  const auto all = [&](int NonlinearityCost::*cost) {
    return times(work.sigmoids * sigmoid.*cost + work.tanhs * tanh.*cost, outputs);
  };
  activity[Count::kNonlinearities] = 0;
  activity[Count::kNonlinearityReads] = all(&NonlinearityCost::reads);
  activity[Count::kNonlinearityComparisons] = all(&NonlinearityCost::comparisons);
  activity[Count::kElementwiseMultiplications] += all(&NonlinearityCost::multiplications);
  activity[Count::kElementwiseAdditions] += all(&NonlinearityCost::additions);
}

std::uint64_t of_steps(const LayerActivity& activity, std::int64_t each) {
  return activity[Count::kStepsRun] * static_cast<std::uint64_t>(each);
}

// What an operand that selects adds to shapes and counts; each such operand has a specialisation.
// The other operands add nothing.
template <class Technique>
struct Selecting {
  static_assert(!selects<Technique>(), "an operand that selects has its counts here");

  // Gives the shape the bits of the weights that the operand has made.
  static void set_bits(LayerShape&, const Technique&) {}
  // Imagines what a selection counts within so many steps.
  static void imagine(LayerActivity&, std::uint64_t /*steps*/) {}
  // Derives the other part of what a selection counted. complete_counts, which comes next, counts
  // products by it.
  static void derive(LayerActivity&) {}
  // Counts the work of selecting.
  static void count_work(LayerActivity&, const Technique&) {}
};

template <>
struct Selecting<Memoized> {
  static void set_bits(LayerShape&, const Memoized&) {}  // its signs are bits of the weights
  static void imagine(LayerActivity&, std::uint64_t) {}  // nothing is remembered
  static void derive(LayerActivity& activity) {
    const std::uint64_t neurons = of_steps(activity, activity.shape.gates * activity.shape.outputs);
    activity[Count::kNeuronsComputed] = neurons - activity[Count::kNeuronsMemoized];
  }
  static void count_work(LayerActivity& activity, const Memoized& memoized) {
    const LayerShape& shape = activity.shape;
    const auto first = static_cast<std::uint64_t>(
        activity[Count::kStepsRun] > 0 ? shape.gates * shape.outputs : 0);
    activity[Count::kOperandComparisons] = of_steps(activity, shape.gates * shape.outputs) - first;
    if (memoized.predictor == MemoPredictor::kOracle) return;
    activity[Count::kBinaryProducts] = activity[Count::kWeightWords1] =
        of_steps(activity, shape.macs_per_step() - shape.projection_macs());
  }
};

template <>
struct Selecting<DynamicPrecision> {
  static void set_bits(LayerShape& shape, const DynamicPrecision& precision) {
    shape.weight_bits = 8;
    shape.compressed_bits = 8 * shape.weights();
    shape.added_bits = precision.offset_bit == Switch::kOn ? shape.weights() : 0;
  }
  static void imagine(LayerActivity& activity, std::uint64_t steps) {
    activity[Count::kElementsLow] = steps * static_cast<std::uint64_t>(activity.shape.outputs) / 2;
  }
  static void derive(LayerActivity& activity) {
    activity[Count::kElementsHigh] =
        of_steps(activity, activity.shape.outputs) - activity[Count::kElementsLow];
  }
  static void count_work(LayerActivity& activity, const DynamicPrecision& precision) {
    const LayerShape& shape = activity.shape;
    const bool offset = precision.offset_bit == Switch::kOn;
    activity[offset ? Count::kWeightWords5 : Count::kWeightWords4] = activity[Count::kMacs4x4];
    activity[Count::kOperandQuantizations] = of_steps(activity, elements_per_step(shape));
    if (precision.selector == PrecisionSelector::kPeaks)
      activity[Count::kOperandComparisons] = 2 * of_steps(activity, shape.outputs);
  }
};

// Calls f(operand, Selecting<Technique>{}) with the policy's operand.
template <class F>
void with_operand(const LayerPolicy& policy, const F& f) {
  std::visit([&]<class Technique>(const Technique& operand) { f(operand, Selecting<Technique>{}); },
             policy.operand);
}

// Adds the work on the differences of pseudo-skips, which are formed, compared with the clip and
// brought to 8 bits. The delta operand forms and compares them anyway.
void count_pseudo(LayerActivity& activity, const LayerPolicy& policy) {
  const std::uint64_t elements =
      activity[Count::kStepsPseudo] * static_cast<std::uint64_t>(elements_per_step(activity.shape));
  activity[Count::kOperandQuantizations] += elements;
  if (std::holds_alternative<Delta>(policy.operand)) return;
  activity[Count::kOperandComparisons] += elements;
  activity[Count::kOperandSubtractions] += elements;
}

// Gives the shape the bits that operands and weights have under the policy; `size` is the size of
// the weights.
void set_bits(LayerShape& shape, const LayerPolicy& policy, const CompressedSize& size) {
  const int bits = std::visit([](const auto& choice) { return choice.kBits; }, policy.arithmetic);
  shape.weight_bits = bits;
  shape.compressed_bits = size.bits_in(bits);
  with_operand(policy,
               [&](const auto& operand, auto selecting) { selecting.set_bits(shape, operand); });
}

}  // namespace

void complete_lane(LayerActivity& activity, const LayerPolicy& policy, Index steps, Index running) {
  activity[Count::kSequences] = 1;
  activity[Count::kSteps] = static_cast<std::uint64_t>(steps);
  activity[Count::kStepsRun] = static_cast<std::uint64_t>(running) - activity[Count::kStepsPseudo];
  with_operand(policy, [&](const auto&, auto selecting) { selecting.derive(activity); });
  complete_counts(activity);
  std::visit([&](const auto& plan) { count_plan(activity, plan.kCost); }, policy.plan);
  with_operand(policy, [&](const auto& operand, auto selecting) {
    count_operand(activity, operand.kCost);
    selecting.count_work(activity, operand);
  });
  count_pseudo(activity, policy);
  std::visit([&](const auto& choice) { count_nonlinearity(activity, choice); },
             policy.nonlinearity);
}

std::vector<LayerShape> layer_shapes(const Layer& layer, const LayerPolicy& policy) {
  std::vector<LayerShape> shapes = layer_shapes(layer);
  for (std::size_t d = 0; d < shapes.size(); ++d) set_bits(shapes[d], policy, layer_size(layer, d));
  return shapes;
}

Activity busiest_activity(const Model& model, const OperatingPoint& point, Index steps) {
  return busiest_activity(model, point, steps, layer_sizes(model));
}

Activity busiest_activity(const Model& model, const OperatingPoint& point, Index steps,
                          std::span<const CompressedSize> sizes) {
  Activity activity;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    for (LayerShape& shape : layer_shapes(model.layers[i])) {
      set_bits(shape, point.layers[i], sizes[activity.layers.size()]);
      LayerActivity& layer = activity.layers.emplace_back(LayerActivity{shape, {}});
      layer[Count::kInputsChanged] = static_cast<std::uint64_t>(steps * shape.product_inputs());
      layer[Count::kRecurrentInputsChanged] = static_cast<std::uint64_t>(steps * shape.recurrent);
      layer[Count::kInputsZero] = layer[Count::kInputsChanged];
      layer[Count::kRecurrentInputsZero] = layer[Count::kRecurrentInputsChanged];
      with_operand(point.layers[i], [&](const auto&, auto selecting) {
        selecting.imagine(layer, static_cast<std::uint64_t>(steps));
      });
      if (pseudo_skip(point.layers[i]) != nullptr) {
        layer[Count::kStepsPseudo] = static_cast<std::uint64_t>(steps / 2);
        layer[Count::kMacs8x8] = static_cast<std::uint64_t>(
            steps / 2 * (shape.macs_per_step() - shape.projection_macs()));
      }
      const bool skips = !std::holds_alternative<EveryStep>(point.layers[i].plan);
      complete_lane(layer, point.layers[i], skips ? 2 * steps : steps, steps);
    }
  }
  return activity;
}

}  // namespace edgeval
