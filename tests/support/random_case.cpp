#include "tests/support/random_case.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

SimilaritySkip random_skip(Random& random) {
  SimilaritySkip skip;
  skip.threshold = random.of<double>({-1, 0.3, 0.5, 0.5, 0.7, 0.9, 1});
  skip.max_consecutive =
      random.of<double>({0, 1, 2, 2, 3, std::numeric_limits<double>::infinity()});
  skip.shift = static_cast<double>(random.whole(8, 12));
  skip.fraction_bits = static_cast<double>(random.whole(11, 14));
  return skip;
}

bool skips(Kind kind) {
  return kind == Kind::kSkip || kind == Kind::kSkipReuse || kind == Kind::kSkipDelta;
}

LinearLayer random_rectifier(Random& random, Index inputs) {
  RandomModelSpec spec{.inputs = inputs, .lstm = {}, .outputs = random.skewed(1, 70), .gain = 2};
  Model model = random_model(spec, static_cast<std::uint64_t>(random.whole(0, 1 << 30)));
  LinearLayer layer = std::get<LinearLayer>(std::move(model.layers.front()));
  layer.name = "front";
  layer.activation = random.chance(0.5) ? Activation{Activation::Type::kRelu, 0}
                                        : Activation{Activation::Type::kClippedRelu, 0.75F};
  return layer;
}

}  // namespace

double Random::uniform(double low, double high) {
  return low + (high - low) * std::ldexp(static_cast<double>(bits_() >> 11), -53);
}

Index Random::whole(Index low, Index high) {
  return low + static_cast<Index>(uniform(0, static_cast<double>(high - low + 1)));
}

Index Random::skewed(Index low, Index high) {
  const double exponent =
      uniform(std::log(static_cast<double>(low)), std::log(static_cast<double>(high + 1)));
  return std::clamp(static_cast<Index>(std::exp(exponent)), low, high);
}

Model random_stack(Random& random) {
  const Index inputs = random.skewed(1, 70);
  RandomModelSpec spec{.inputs = inputs, .lstm = {}, .outputs = 0, .gain = 1};
  std::vector<Layer> front;
  if (random.chance(0.3)) {
    front.emplace_back(random_rectifier(random, inputs));
    spec.inputs = layer_outputs(front.back());
  }
  for (Index layers = random.whole(1, 3); layers > 0; --layers)
    spec.lstm.push_back(
        {random.skewed(1, 70),
         random.of<std::vector<Direction>>({kForwardOnly, kBackwardOnly, kBothDirections})});
  if (random.chance(0.6)) spec.outputs = random.whole(1, 33);
  spec.gain = static_cast<float>(random.uniform(0.5, 2));
  Model model = random_model(spec, static_cast<std::uint64_t>(random.whole(0, 1 << 30)));
  for (Layer& layer : model.layers) front.push_back(std::move(layer));
  model.layers = std::move(front);
  return model;
}

Matrix<float> random_frames(Random& random, Index frames, Index inputs) {
  const double hold = random.of<double>({0, 0.3, 0.6, 0.9}), moving = random.of<double>({0.2, 1});
  const double zeros = random.of<double>({0, 0, 0.3});
  const double stride = random.uniform(0.02, 0.5);
  std::vector<double> place(static_cast<std::size_t>(inputs));
  for (double& value : place) value = random.uniform(-1, 1);
  Matrix<float> result(frames, inputs);
  for (Index t = 0; t < frames; ++t) {
    if (t > 0 && random.chance(hold)) {
      std::copy_n(result.row(t - 1), inputs, result.row(t));
      continue;
    }
    const bool silent = random.chance(0.05);
    for (Index i = 0; i < inputs; ++i) {
      double& value = place[static_cast<std::size_t>(i)];
      if (random.chance(moving))
        value = std::clamp(value + random.uniform(-stride, stride), -2.0, 2.0);
      result(t, i) = silent || random.chance(zeros) ? 0.0F : static_cast<float>(value);
    }
  }
  return result;
}

Ragged<float> ragged(const std::vector<Matrix<float>>& utterances, Index inputs) {
  std::vector<Index> lengths;
  for (const Matrix<float>& utterance : utterances) lengths.push_back(utterance.rows());
  Ragged<float> batch(lengths, inputs);
  for (std::size_t n = 0; n < utterances.size(); ++n)
    std::copy_n(utterances[n].data(), utterances[n].size(),
                batch.sequence(static_cast<Index>(n)).data);
  return batch;
}

Ragged<float> random_batch(Random& random, const std::vector<Index>& lengths, Index inputs) {
  std::vector<Matrix<float>> utterances;
  for (Index length : lengths) utterances.push_back(random_frames(random, length, inputs));
  return ragged(utterances, inputs);
}

OperatingPoint random_point(Random& random, const Model& model, Kind kind) {
  OperatingPoint point = dense_point(model);
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const Kind chosen = kind == Kind::kMixed
                            ? random.of(std::vector<Kind>(kKinds.begin(), kKinds.end() - 1))
                            : kind;
    const bool recurrent = std::holds_alternative<RecurrentLayer>(model.layers[l]);
    if (recurrent && skips(chosen)) point.layers[l].plan = random_skip(random);
    if (recurrent || random.chance(0.5)) point.layers[l].operand = random_operand(random, chosen);
  }
  return point;
}

void make_integer(Random& random, IntegerKind kind, OperatingPoint& point) {
  for (LayerPolicy& layer : point.layers) {
    // Values reach about 2, for which one integer bit beside the sign suffices. A layer has 0 to 2.
    const auto integer_bits = static_cast<double>(random.whole(0, 2));
    const bool wide =
        kind == IntegerKind::kInt16 || (kind == IntegerKind::kBoth && random.chance(0.5));
    if (wide)
      layer.arithmetic = Int16{{.input_bits = 15 - integer_bits}};
    else
      layer.arithmetic = Int8{{.input_bits = 7 - integer_bits}};
  }
}

}  // namespace edgeval::test
