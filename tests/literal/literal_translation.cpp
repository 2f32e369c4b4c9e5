#include "tests/literal/literal_translation.hpp"

#include <algorithm>
#include <cmath>

#include "host/core/error.hpp"
#include "host/layer/kinds.hpp"
#include "tests/literal/literal_search.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {
namespace {

using Vector = std::vector<double>;

double sigmoid_of(double z) { return 1 / (1 + std::exp(-z)); }

Vector times(const Matrix<float>& weight, const Vector& x, LiteralWork& work) {
  Vector y(static_cast<std::size_t>(weight.rows()));
  for (Index o = 0; o < weight.rows(); ++o)
    for (Index i = 0; i < weight.cols(); ++i) {
      y[static_cast<std::size_t>(o)] +=
          static_cast<double>(weight(o, i)) * x[static_cast<std::size_t>(i)];
      ++work.macs;
      ++work.weight_words;
    }
  return y;
}
void add(Vector& to, const Matrix<float>& bias, LiteralWork& work) {
  for (std::size_t i = 0; i < to.size() && bias.size() > 0; ++i) {
    to[i] += static_cast<double>(bias.data()[i]);
    ++work.additions;
  }
}
std::uint64_t zeros(const Vector& x) {
  return static_cast<std::uint64_t>(std::ranges::count(x, 0.0));
}
Vector row_of(const Matrix<float>& matrix, int row) {
  return Vector(matrix.row(row), matrix.row(row) + matrix.cols());
}

struct State {
  Vector h, c;
};

void step(const RecurrentLayer& layer, const RecurrentWeights& weights, const Vector& x,
          State& state, LiteralWork& work) {
  ++work.steps;
  work.inputs_zero += zeros(x);
  work.recurrent_inputs_zero += zeros(state.h);
  const auto n = static_cast<std::size_t>(layer.cells);
  Vector wx = times(weights.weight_ih, x, work), uh = times(weights.weight_hh, state.h, work);
  add(wx, weights.bias, work);
  if (layer.kind == kGru) {
    add(uh, weights.bias_hh, work);
    work.additions -= 2 * n;  // r and z add one bias each, the sum of two
  }
  for (std::size_t j = 0; j < n; ++j) {
    const auto z = [&](std::size_t gate) { return wx[gate * n + j] + uh[gate * n + j]; };
    if (layer.kind == kGru) {
      const double r = sigmoid_of(z(0)), u = sigmoid_of(z(1));
      const double candidate = std::tanh(wx[2 * n + j] + r * uh[2 * n + j]);
      state.h[j] = (1 - u) * candidate + u * state.h[j];
      work.nonlinearities += 3;
      work.multiplications += 3;
      // These are 1 - u and the sum of h. An addition to a product counts as part of the product.
      work.additions += 2;
    } else {
      state.c[j] = sigmoid_of(z(1)) * state.c[j] + sigmoid_of(z(0)) * std::tanh(z(2));
      state.h[j] = sigmoid_of(z(3)) * std::tanh(state.c[j]);
      work.nonlinearities += 5;
      work.multiplications += 3;
      work.additions += 1;
    }
  }
}

using Works = std::map<std::string, LiteralWork>;

// Returns W x + b.
Vector through(const LinearLayer& layer, const Vector& x, Works& works) {
  LiteralWork& work = works[layer.name];
  ++work.steps;
  work.inputs_zero += zeros(x);
  Vector y = times(layer.weight, x, work);
  if (layer.bias.size() > 0) add(y, layer.bias, work);
  return y;
}

struct Encoding {
  std::vector<Vector> keys;
  std::vector<Vector> hidden;  // W_context times each key, for attention of type mlp
  std::vector<State> finals;   // final state of each layer
};

Encoding encode_literally(const TranslationModel& model, const std::vector<int>& source) {
  Encoding encoding;
  for (int id : source) encoding.keys.push_back(row_of(model.source_embedding, id));
  for (const Layer& each : model.network.stack()) {
    const auto& layer = std::get<RecurrentLayer>(each);
    std::vector<Vector> outputs(encoding.keys.size());
    State finals;
    for (std::size_t d = 0; d < layer.directions.size(); ++d) {
      State state{Vector(static_cast<std::size_t>(layer.cells)),
                  Vector(static_cast<std::size_t>(layer.cells))};
      for (std::size_t k = 0; k < outputs.size(); ++k) {
        const std::size_t s =
            layer.directions[d] == Direction::kForward ? k : outputs.size() - 1 - k;
        LiteralWork of_encoder;
        step(layer, layer.weights[d], encoding.keys[s], state, of_encoder);
        outputs[s].insert(outputs[s].end(), state.h.begin(), state.h.end());
      }
      finals.h.insert(finals.h.end(), state.h.begin(), state.h.end());
      finals.c.insert(finals.c.end(), state.c.begin(), state.c.end());
    }
    encoding.finals.push_back(finals);
    encoding.keys = outputs;
  }
  return encoding;
}

struct Beamed {
  double score = 0;
  std::vector<int> tokens;  // tokens of the hypothesis, with bos in front
  std::vector<State> states;
  Vector feed;
};

std::vector<State> cross_bridge(const TranslationModel& model, const Encoding& encoding,
                                Works& works) {
  std::vector<State> states;
  if (!model.bridge.hidden) {
    for (std::size_t from : model.bridge.from) states.push_back(encoding.finals[from]);
    return states;
  }
  Vector h, c;
  for (std::size_t from : model.bridge.from) {
    h.insert(h.end(), encoding.finals[from].h.begin(), encoding.finals[from].h.end());
    c.insert(c.end(), encoding.finals[from].c.begin(), encoding.finals[from].c.end());
  }
  const bool rectified =
      model.linear(*model.bridge.hidden).activation.type == Activation::Type::kRelu;
  const auto act = [&](Vector y, const LinearLayer& layer) {
    for (double& value : y)
      value = model.bridge.tanh ? std::tanh(value) : rectified ? std::max(value, 0.0) : value;
    works[layer.name].nonlinearities += model.bridge.tanh || rectified ? y.size() : 0;
    return y;
  };
  const LinearLayer& hidden = model.linear(*model.bridge.hidden);
  const Vector to_h = act(through(hidden, h, works), hidden);
  Vector to_c(to_h.size());
  if (model.bridge.cell) {
    const LinearLayer& cell = model.linear(*model.bridge.cell);
    to_c = act(through(cell, c, works), cell);
  }
  std::size_t at = 0;
  for (std::size_t layer : model.decoder) {
    State state;
    for (Index j = 0; j < model.cells(layer).cells; ++j, ++at) {
      state.h.push_back(to_h[at]);
      state.c.push_back(to_c[at]);
    }
    states.push_back(state);
  }
  return states;
}

// Returns the log-probabilities of the next token, and brings the states of the hypothesis one step
// on.
Vector predict(const TranslationModel& model, const Encoding& encoding, Beamed& hypothesis,
               Works& works) {
  Vector x = row_of(model.target_embedding, hypothesis.tokens.back());
  if (model.input_feeding) x.insert(x.end(), hypothesis.feed.begin(), hypothesis.feed.end());
  for (std::size_t l = 0; l < model.decoder.size(); ++l) {
    const RecurrentLayer& layer = model.cells(model.decoder[l]);
    step(layer, layer.weights[0], x, hypothesis.states[l], works[layer.name]);
    x = hypothesis.states[l].h;
  }
  const Attention& attention = model.attention;
  LiteralWork& work = works[attention.name];
  Vector scores;
  const Vector probe = attention.probe ? through(model.linear(*attention.probe), x, works) : x;
  for (std::size_t s = 0; s < encoding.keys.size(); ++s) {
    const Vector& key = encoding.keys[s];
    double score = 0;
    if (attention.type == Attention::Type::kMlp) {
      for (std::size_t m = 0; m < probe.size(); ++m) {
        score += static_cast<double>(attention.score(0, static_cast<Index>(m))) *
                 std::tanh(probe[m] + encoding.hidden[s][m]);
        ++work.additions;
        ++work.nonlinearities;
        ++work.macs;
        ++work.weight_words;
      }
    } else {
      for (std::size_t k = 0; k < key.size(); ++k) {
        score += probe[k] * key[k];
        ++work.macs;
      }
    }
    scores.push_back(score);
    ++work.steps;
    work.inputs_zero += zeros(key);
    work.macs += key.size();  // MACs of the context, which is computed below
    work.additions += 3;      // the greatest so far, the distance from it, the sum of exps
    work.multiplications += 1;
    work.nonlinearities += 1;
  }
  const double most = *std::ranges::max_element(scores);
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - most);
  Vector both(encoding.keys[0].size());
  for (std::size_t s = 0; s < scores.size(); ++s)
    for (std::size_t k = 0; k < both.size(); ++k) both[k] += scores[s] / sum * encoding.keys[s][k];
  both.insert(both.end(), x.begin(), x.end());
  hypothesis.feed = through(model.linear(attention.output), both, works);
  if (attention.output_tanh)
    for (double& value : hypothesis.feed) {
      value = std::tanh(value);
      ++works[model.linear(attention.output).name].nonlinearities;
    }
  Vector z = through(model.linear(model.generator), hypothesis.feed, works);
  LiteralWork& last = works[model.linear(model.generator).name];
  // The additions are the greatest so far, the distance from it, the sum of exps, z - shift, and
  // the score.
  last.additions += 5 * z.size();
  last.nonlinearities += z.size();
  last.comparisons += z.size();
  const double top = *std::ranges::max_element(z);
  double total = 0;
  for (double value : z) total += std::exp(value - top);
  for (double& value : z) value -= top + std::log(total);
  return z;
}

}  // namespace

LiteralTranslation literal_translation(const TranslationModel& model,
                                       const std::vector<int>& source,
                                       const SearchOptions& options) {
  std::map<std::string, LiteralWork> works;
  Encoding encoding = encode_literally(model, source);
  if (model.attention.context)
    for (const Vector& key : encoding.keys)
      encoding.hidden.push_back(through(model.linear(*model.attention.context), key, works));
  const Beamed first{0,
                     {static_cast<int>(*model.target.bos)},
                     cross_bridge(model, encoding, works),
                     Vector(static_cast<std::size_t>(model.attention.outputs))};
  LiteralTranslation result = literal_search(
      model, first, options, [&](Beamed& row) { return predict(model, encoding, row, works); });
  result.work = std::move(works);
  return result;
}

namespace {

Matrix<float> random_matrix(Random& random, Index rows, Index cols, double gain = 1.5) {
  Matrix<float> matrix(rows, cols);
  const double reach = gain / std::sqrt(static_cast<double>(cols));
  for (float& value : matrix.values()) value = static_cast<float>(random.uniform(-reach, reach));
  return matrix;
}

RecurrentLayer random_layer(Random& random, LayerKind kind, const std::string& name, Index inputs,
                            Index cells, bool both) {
  RecurrentLayer layer;
  layer.kind = kind;
  layer.name = name;
  layer.inputs = inputs;
  layer.cells = cells;
  layer.directions = both ? std::vector{Direction::kForward, Direction::kBackward}
                          : std::vector{Direction::kForward};
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    RecurrentWeights weights;
    weights.weight_ih = random_matrix(random, layer.gates() * cells, inputs, 3);
    weights.weight_hh = random_matrix(random, layer.gates() * cells, cells, 3);
    weights.bias = random_matrix(random, 1, layer.gates() * cells);
    if (kind == kGru) weights.bias_hh = random_matrix(random, 1, 3 * cells);
    layer.weights.push_back(std::move(weights));
  }
  return layer;
}

LinearLayer random_linear(Random& random, const std::string& name, Index outputs, Index inputs,
                          bool biased, Activation activation = {}, double gain = 1.5) {
  LinearLayer layer{.name = name, .inputs = inputs, .width = outputs};
  layer.weight = random_matrix(random, outputs, inputs, gain);
  if (biased) layer.bias = random_matrix(random, 1, outputs);
  layer.activation = activation;
  return layer;
}

std::size_t add(TranslationModel& model, Layer layer) {
  model.network.layers.push_back(std::move(layer));
  ++model.network.decoder_layers;
  return model.network.layers.size() - 1;
}

}  // namespace

TranslationModel random_translation_model(std::uint64_t seed) {
  Random random(seed);
  TranslationModel model;
  const auto tokens = [](Index count) {
    std::vector<std::string> all;
    for (Index i = 0; i < count; ++i) all.push_back(concat("t", i));
    return all;
  };
  model.source.tokens = tokens(random.whole(5, 12));
  model.target.tokens = tokens(random.whole(6, 20));
  model.target.bos = 2;
  model.target.eos = 3;
  const bool both = random.chance(0.5);
  const Index half = random.whole(2, 12), cells = both ? 2 * half : half;
  const LayerKind kind = random.chance(0.4) ? kGru : kLstm;
  const Index layers = random.whole(1, 2);
  model.source_embedding =
      random_matrix(random, static_cast<Index>(model.source.tokens.size()), random.whole(2, 9), 4);
  model.target_embedding =
      random_matrix(random, static_cast<Index>(model.target.tokens.size()), random.whole(2, 9), 4);
  for (Index l = 0; l < layers; ++l)
    model.network.layers.emplace_back(random_layer(random, kind, concat("encoder", l + 1),
                                                   l == 0 ? model.source_embedding.cols() : cells,
                                                   half, both));
  Attention& attention = model.attention;
  attention.name = "attention";
  attention.outputs = random.whole(3, 20);
  attention.type = random.of<Attention::Type>(
      {Attention::Type::kDot, Attention::Type::kGeneral, Attention::Type::kMlp});
  model.input_feeding = random.chance(0.5);
  const Index feed = model.input_feeding ? attention.outputs : 0;
  for (Index l = 0; l < layers; ++l)
    model.decoder.push_back(add(
        model, random_layer(random, kind, concat("decoder", l + 1),
                            l == 0 ? model.target_embedding.cols() + feed : cells, cells, false)));
  if (random.chance(0.5)) {
    for (Index l = 0; l < layers; ++l) model.bridge.from.push_back(static_cast<std::size_t>(l));
  } else {
    model.bridge.from.push_back(static_cast<std::size_t>(layers) - 1);
    model.bridge.tanh = random.chance(0.5);
    const bool rectified = !model.bridge.tanh && random.chance(0.5);
    const Activation activation{rectified ? Activation::Type::kRelu : Activation::Type::kNone};
    model.bridge.hidden =
        add(model, random_linear(random, "bridge.hidden", layers * cells, cells, true, activation));
    if (kind == kLstm)
      model.bridge.cell =
          add(model, random_linear(random, "bridge.cell", layers * cells, cells, true, activation));
  }
  if (attention.type == Attention::Type::kGeneral)
    attention.probe = add(model, random_linear(random, "attention.linear_in", cells, cells, false));
  if (attention.type == Attention::Type::kMlp) {
    attention.hidden = random.whole(2, 9);
    attention.probe =
        add(model, random_linear(random, "attention.query", attention.hidden, cells, true));
    attention.context =
        add(model, random_linear(random, "attention.context", attention.hidden, cells, false));
    attention.score = random_matrix(random, 1, attention.hidden, 4);
  }
  attention.output_tanh = random.chance(0.7);
  attention.output = add(model, random_linear(random, "attention.linear_out", attention.outputs,
                                              2 * cells, random.chance(0.5)));
  const auto vocabulary = static_cast<Index>(model.target.tokens.size());
  model.generator =
      add(model, random_linear(random, "generator", vocabulary, attention.outputs, true, {}, 6));
  return model;
}

}  // namespace edgeval::test
