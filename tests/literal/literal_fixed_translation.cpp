#include "tests/literal/literal_fixed_translation.hpp"

#include <functional>

#include "host/layer/kinds.hpp"
#include "tests/literal/literal_elements.hpp"
#include "tests/literal/literal_fixed_cells.hpp"
#include "tests/literal/literal_search.hpp"

namespace edgeval::test {
namespace {

using Codes = std::vector<std::int64_t>;
using Works = std::map<std::string, LiteralWork>;

constexpr int kExpFraction = 30, kLogFraction = 16;
const Whole kMostDistance = power(32) - 1;  // distances above it count as this one

Codes codes_of(const float* x, std::size_t count, Format format) {
  Codes codes;
  for (std::size_t i = 0; i < count; ++i)
    codes.push_back(static_cast<std::int64_t>(
        saturated(to_whole(x[i], format.fraction, half_away), format.bits)));
  return codes;
}

Format input_format(const LayerPolicy& policy) {
  return std::visit(
      [](const auto& choice) {
        if constexpr (requires { choice.input_bits; })
          return Format{choice.kBits, static_cast<int>(choice.input_bits)};
        return Format{0, 0};
      },
      policy.arithmetic);
}

// What a layer remembers of one operand: the sums of its products, which moves of elements correct,
// and every element.
struct OperandMemory {
  Codes sums;
  bool starts_over = false;
  std::function<FixedMove(Index, std::int64_t, LiteralDirection&)> next;  // LiteralCodes::next

  void start(const OperandChoice& operand, Source source, Format format, Index count) {
    std::visit(
        [&]<class Operand>(const Operand& choice) {
          starts_over = LiteralCodes<Operand>::kStartsOver;
          next = [elements = LiteralCodes<Operand>(choice, source, format, count)](
                     Index i, std::int64_t code, LiteralDirection& log) mutable {
            return elements.next(i, code, log);
          };
        },
        operand);
  }

  const Codes& enter(const OperandChoice& operand, Source source, Format format, const Codes& codes,
                     const FixedColumns& weights, LiteralWork& work) {
    if (!next) start(operand, source, format, static_cast<Index>(codes.size()));
    if (starts_over) sums.clear();
    sums.resize(static_cast<std::size_t>(weights.rows()));
    const bool input = source == Source::kInput;
    LiteralDirection unused;
    for (Index i = 0; i < static_cast<Index>(codes.size()); ++i) {
      (input ? work.inputs_zero : work.recurrent_inputs_zero) += codes[i] == 0 ? 1 : 0;
      const FixedMove move = next(i, codes[i], unused);
      if (!move.changed) continue;
      ++(input ? work.inputs_changed : work.recurrent_inputs_changed);
      work.macs += sums.size();
      for (std::size_t r = 0; r < sums.size(); ++r) sums[r] += move.amount * weights[i][r];
    }
    return sums;
  }
};

// A linear layer. Calling it gives the exact sums with their biases, in units of 2^-fraction.
struct Linear {
  const LinearLayer& layer;
  const LayerPolicy& policy;
  FixedColumns weights{layer.weight, input_format(policy).bits};
  int fraction = std::max(weights.fraction() + input_format(policy).fraction, kStateFraction + 1);

  std::vector<Whole> operator()(OperandMemory& memory, const std::vector<float>& x,
                                Works& works) const {
    const Format format = input_format(policy);
    LiteralWork& work = works[layer.name];
    ++work.steps;
    const Codes& sums = memory.enter(policy.operand, Source::kInput, format,
                                     codes_of(x.data(), x.size(), format), weights, work);
    std::vector<Whole> y;
    for (std::size_t o = 0; o < sums.size(); ++o) {
      const float bias = layer.bias.size() > 0 ? layer.bias(0, static_cast<Index>(o)) : 0;
      y.push_back(sums[o] * power(fraction - weights.fraction() - format.fraction) +
                  to_whole(bias, fraction, half_away));
    }
    return y;
  }
  Whole state(Whole sum) const {
    return saturated(half_away(sum, power(fraction - kStateFraction)), 32);
  }
  std::vector<float> values(const std::vector<Whole>& sums, bool tanh) const {
    std::vector<float> y;
    for (Whole sum : sums) {
      const auto value = static_cast<float>(std::ldexp(static_cast<double>(sum), -fraction));
      if (tanh)
        y.push_back(std::ldexp(static_cast<float>(hyperbolic_tangent(state(sum))), -kGateFraction));
      else
        y.push_back(layer.activation.type == Activation::Type::kRelu ? std::max(value, 0.0F)
                                                                     : value);
    }
    return y;
  }
};

struct Cells {
  const RecurrentLayer& layer;
  const LayerPolicy& policy;
  Format x = input_format(policy);
  CellFormats formats{x, {x.bits, x.bits - 1}, {x.bits, x.bits - 1}};
  FixedColumns w{layer.weights[0].weight_ih, x.bits}, u{layer.weights[0].weight_hh, x.bits};
};

// Returns e^-distance in units of 2^-30, by lines between knots. `distance` is in units of 2^-20.
Whole exp_of(Whole distance) {
  static const Codes knots = [] {
    Codes all;
    for (int k = 0; k <= 1024; ++k)
      all.push_back(
          static_cast<std::int64_t>(std::floor(std::exp2(-k / 1024.0L) * std::exp2(31.0L) + 0.5L)));
    return all;
  }();
  const auto log2e = static_cast<Whole>(std::floor(std::exp2(30.0L) / std::log(2.0L) + 0.5L));
  const Whole log2 = floor_divide(distance * log2e, power(29));  // in units of 2^-21
  const Whole halvings = log2 / power(21), within = log2 % power(11);
  if (halvings > 31) return 0;
  const auto k = static_cast<std::size_t>(log2 / power(11) % 1024);
  const Whole value = knots[k] - half_up((knots[k] - knots[k + 1]) * within, power(11));
  return half_up(value, power(static_cast<int>(halvings) + 1));
}

// Returns ln(sum 2^-30) in units of 2^-20.
Whole ln_of(Whole sum) {
  static const Codes knots = [] {
    Codes all;
    for (int k = 0; k <= 1024; ++k)
      all.push_back(
          static_cast<std::int64_t>(std::floor(std::log1p(k / 1024.0L) * std::exp2(30.0L) + 0.5L)));
    return all;
  }();
  const auto ln2 = static_cast<Whole>(std::floor(std::exp2(30.0L) * std::log(2.0L) + 0.5L));
  int exponent = 0;
  while (power(exponent + 1) <= sum) ++exponent;
  // The mantissa is from 1 to 2, in units of 2^-31.
  const Whole mantissa = floor_divide(sum * power(31), power(exponent));
  const auto k = static_cast<std::size_t>(mantissa / power(21) - 1024);
  const Whole of_mantissa =
      knots[k] + floor_divide((knots[k + 1] - knots[k]) * (mantissa % power(21)), power(21));
  return half_away((exponent - kExpFraction) * ln2 + of_mantissa,
                   power(kExpFraction - kStateFraction));
}

// Returns the distance `below`, which is in units of 2^-fraction, in units of 2^-20.
Whole distance_of(Whole below, int fraction) {
  if (fraction <= kStateFraction)
    return std::min(below * power(std::min(kStateFraction - fraction, 40)), kMostDistance);
  return fraction - kStateFraction > 62
             ? 0
             : std::min(half_away(below, power(fraction - kStateFraction)), kMostDistance);
}

class FixedDecoder {
 public:
  struct Row {
    double score = 0;
    std::vector<int> tokens;
    std::vector<FixedCells> cells;
    std::vector<OperandMemory> x, h;
    OperandMemory probe, output, generator;
    std::vector<float> feed;
  };

  FixedDecoder(const TranslationModel& model, const OperatingPoint& point,
               MatrixView<const float> keys, Works& works)
      : model_(model), point_(point), keys_(keys), works_(works) {
    for (std::size_t layer : model.decoder)
      cells_.push_back({model.cells(layer), point.layers[layer]});
    format_ = input_format(point.layers[model.attention.output]);
    for (Index s = 0; s < keys.rows; ++s)
      key_codes_.push_back(codes_of(keys.row(s), static_cast<std::size_t>(keys.cols), format_));
    if (!model.attention.context) return;
    OperandMemory memory;
    const Linear context = linear(*model.attention.context);
    for (Index s = 0; s < keys.rows; ++s) {
      std::vector<float> key;
      for (std::int64_t code : key_codes_[static_cast<std::size_t>(s)])
        key.push_back(format_.value(code));
      hidden_.push_back(context.values(context(memory, key, works), false));
    }
  }

  Row first(const EncoderStates& states, Index sentence) const {
    Row row;
    row.tokens = {static_cast<int>(*model_.target.bos)};
    row.feed.resize(static_cast<std::size_t>(model_.attention.outputs));
    row.x.resize(cells_.size());
    row.h.resize(cells_.size());
    const std::vector<float> h = crossed(states.h, sentence, model_.bridge.hidden);
    const std::vector<float> c = crossed(states.c, sentence, model_.bridge.cell);
    std::size_t at = 0;
    for (const Cells& of_layer : cells_) {
      FixedCells& cell =
          row.cells.emplace_back(of_layer.layer, 0, of_layer.formats, of_layer.w, of_layer.u);
      std::vector<Whole> state;
      const bool gru = of_layer.layer.kind == kGru;
      const auto width = static_cast<std::size_t>(of_layer.layer.cells);
      for (std::size_t j = 0; j < width; ++j)
        state.push_back(
            saturated(to_whole(gru ? h[at + j] : c[at + j], kStateFraction, half_away), 32));
      cell.start(codes_of(h.data() + at, width, of_layer.formats.recurrent), std::move(state));
      at += width;
    }
    return row;
  }

  std::vector<double> predict(Row& row) const {
    std::vector<float> x(
        model_.target_embedding.row(row.tokens.back()),
        model_.target_embedding.row(row.tokens.back()) + model_.target_embedding.cols());
    if (model_.input_feeding) x.insert(x.end(), row.feed.begin(), row.feed.end());
    for (std::size_t l = 0; l < cells_.size(); ++l) x = through_cells(row, l, x);
    std::vector<float> both = attend(row, x);
    both.insert(both.end(), x.begin(), x.end());
    const Linear output = linear(model_.attention.output), generator = linear(model_.generator);
    row.feed = output.values(output(row.output, both, works_), model_.attention.output_tanh);
    std::vector<Whole> z;
    for (Whole sum : generator(row.generator, row.feed, works_)) z.push_back(generator.state(sum));
    const Whole most = *std::ranges::max_element(z);
    Whole sum = 0;
    for (Whole each : z) sum += exp_of(most - each);
    const Whole ln = ln_of(sum);
    std::vector<double> lp;
    for (Whole each : z)
      lp.push_back(static_cast<double>(static_cast<float>(-std::ldexp(
          static_cast<double>(half_away(most - each + ln, power(kStateFraction - kLogFraction))),
          -kLogFraction))));
    return lp;
  }

 private:
  Linear linear(std::size_t layer) const { return {model_.linear(layer), point_.layers[layer]}; }

  // Returns the final states of one sentence as the bridge's layer changes them, or unchanged when
  // there is no layer.
  std::vector<float> crossed(const std::vector<Matrix<float>>& finals, Index sentence,
                             std::optional<std::size_t> layer) const {
    std::vector<float> f;
    for (std::size_t from : model_.bridge.from)
      f.insert(f.end(), finals[from].row(sentence),
               finals[from].row(sentence) + finals[from].cols());
    if (!layer) return f;
    OperandMemory memory;
    const Linear bridge = linear(*layer);
    return bridge.values(bridge(memory, f, works_), model_.bridge.tanh);
  }

  std::vector<float> through_cells(Row& row, std::size_t l, const std::vector<float>& x) const {
    const Cells& of_layer = cells_[l];
    LiteralWork& work = works_[of_layer.layer.name];
    ++work.steps;
    const OperandChoice& operand = of_layer.policy.operand;
    const Codes& wx = row.x[l].enter(operand, Source::kInput, of_layer.x,
                                     codes_of(x.data(), x.size(), of_layer.x), of_layer.w, work);
    const Codes& uh = row.h[l].enter(operand, Source::kRecurrent, of_layer.formats.recurrent,
                                     row.cells[l].h(), of_layer.u, work);
    LayerActivity unused;
    row.cells[l].step(wx, uh, x.data(), unused);
    std::vector<float> h;
    for (Index j = 0; j < of_layer.layer.cells; ++j) h.push_back(row.cells[l].output(j));
    return h;
  }

  std::vector<float> attend(Row& row, const std::vector<float>& query) const {
    const Attention& attention = model_.attention;
    std::vector<float> probe = query;
    if (attention.probe) {
      const Linear layer = linear(*attention.probe);
      probe = layer.values(layer(row.probe, query, works_), false);
    }
    int fraction = 0;
    const std::vector<Whole> scores = attention.type == Attention::Type::kMlp
                                          ? mlp_scores(probe, fraction)
                                          : scores_of(probe, fraction);
    const Whole most = *std::ranges::max_element(scores);
    std::vector<Whole> sums(key_codes_[0].size());
    Whole weights = 0;
    for (std::size_t s = 0; s < scores.size(); ++s) {
      const Whole weight = exp_of(distance_of(most - scores[s], fraction));
      weights += weight;
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += weight * key_codes_[s][k];
    }
    std::vector<float> context;
    for (Whole sum : sums) context.push_back(format_.value(half_away(sum, weights)));
    return context;
  }

  std::vector<Whole> scores_of(const std::vector<float>& probe, int& fraction) const {
    float greatest = 0;
    for (float value : probe) greatest = std::max(greatest, std::abs(value));
    int own = 0;
    if (greatest > 0)
      for (own = 200; std::ldexp(static_cast<long double>(greatest), own) >
                      static_cast<long double>(power(format_.bits - 1) - 1);)
        --own;
    const Codes codes = codes_of(probe.data(), probe.size(), {format_.bits, own});
    std::vector<Whole> scores;
    for (const Codes& key : key_codes_) {
      Whole sum = 0;
      for (std::size_t k = 0; k < key.size(); ++k) sum += static_cast<Whole>(codes[k]) * key[k];
      scores.push_back(sum);
    }
    fraction = own + format_.fraction;
    return scores;
  }

  std::vector<Whole> mlp_scores(const std::vector<float>& probe, int& fraction) const {
    const FixedColumns v(model_.attention.score, format_.bits);
    std::vector<Whole> scores;
    for (const std::vector<float>& hidden : hidden_) {
      Whole sum = 0;
      for (std::size_t m = 0; m < probe.size(); ++m) {
        const double z = (static_cast<double>(probe[m]) + static_cast<double>(hidden[m])) *
                         std::exp2(kStateFraction);
        sum += v[static_cast<Index>(m)][0] *
               hyperbolic_tangent(saturated(static_cast<Whole>(std::round(z)), 32));
      }
      scores.push_back(sum);
    }
    fraction = v.fraction() + kGateFraction;
    return scores;
  }

  const TranslationModel& model_;
  const OperatingPoint& point_;
  const MatrixView<const float> keys_;
  Works& works_;
  std::vector<Cells> cells_;
  Format format_{};  // format of the input of linear_out
  std::vector<Codes> key_codes_;
  std::vector<std::vector<float>> hidden_;
};

}  // namespace

LiteralTranslation literal_fixed_translation(const TranslationModel& model,
                                             const OperatingPoint& point,
                                             MatrixView<const float> keys,
                                             const EncoderStates& states, Index sentence,
                                             const SearchOptions& options) {
  Works works;
  const FixedDecoder decoder(model, point, keys, works);
  LiteralTranslation result =
      literal_search(model, decoder.first(states, sentence), options,
                     [&](FixedDecoder::Row& row) { return decoder.predict(row); });
  result.work = std::move(works);
  return result;
}

}  // namespace edgeval::test
