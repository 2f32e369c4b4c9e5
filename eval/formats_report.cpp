#include "eval/formats_report.hpp"

#include "host/engine/layer_arithmetic.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

constexpr int kExactBits = 64;
constexpr int kGateBits = 17;  // from -2^15 to 2^15, both included

ordered_json format(int bits, int fraction_bits) {
  return {{"bits", bits}, {"fraction_bits", fraction_bits}};
}

ordered_json formats(const LstmLayer& layer, int bits, int x, int h) {
  ordered_json json{{"x", format(bits, x)},
                    {"h", format(bits, h)},
                    {"z", format(32, kStateBits)},
                    {"c", format(32, kStateBits)},
                    {"gates", format(kGateBits, kUnitBits)}};
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    const int w = FixedWeights::format(layer.weights[d].weight_ih.view(), bits);
    const int u = FixedWeights::format(layer.weights[d].weight_hh.view(), bits);
    json[name(layer.directions[d])] = {{"weight_ih", format(bits, w)},
                                       {"weight_hh", format(bits, u)},
                                       {"bias", format(kExactBits, common_sum_bits(w + x, u + h))}};
  }
  return json;
}

ordered_json formats(const LinearLayer& layer, int bits, int x, int) {
  const int w = FixedWeights::format(layer.weight.view(), bits);
  return {
      {"x", format(bits, x)},
      {"none",
       {{"weight", format(bits, w)}, {"bias", format(kExactBits, common_sum_bits(w + x, w + x))}}}};
}

ordered_json formats_under(const Layer&, const Fp32&) { return nullptr; }
template <int Bits>
ordered_json formats_under(const Layer& layer, const Integer<Bits>& choice) {
  return std::visit(
      [&](const auto& l) {
        return formats(l, Bits, static_cast<int>(choice.input_bits), choice.kRecurrentBits);
      },
      layer);
}

template <class Operand, class Arithmetic>
void round_operand(Operand&, const Arithmetic&) {}
template <int Bits>
void round_thresholds(Delta& delta, const Integer<Bits>& choice) {
  const Delta::Rule rule =
      put_on_grid(delta.rule(), Grid::of(static_cast<int>(choice.input_bits), Bits),
                  Grid::of(choice.kRecurrentBits, Bits));
  delta.threshold_x = static_cast<double>(rule.threshold_x);
  delta.threshold_h = static_cast<double>(rule.threshold_h);
}
void round_operand(Delta& delta, const Int16& choice) { round_thresholds(delta, choice); }
void round_operand(Delta& delta, const Int8& choice) { round_thresholds(delta, choice); }

}  // namespace

ordered_json formats_to_json(const Layer& layer, const Arithmetic& arithmetic) {
  return std::visit([&](const auto& choice) { return formats_under(layer, choice); }, arithmetic);
}

OperandChoice as_rounded(const LayerPolicy& policy) {
  OperandChoice operand = policy.operand;
  std::visit([](auto& choice, const auto& arithmetic) { round_operand(choice, arithmetic); },
             operand, policy.arithmetic);
  return operand;
}

}  // namespace edgeval
