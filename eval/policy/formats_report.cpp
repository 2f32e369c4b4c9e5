#include "eval/policy/formats_report.hpp"

#include "host/engine/product/layer_arithmetic.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

constexpr int kExactBits = 64;  // width of a bias
constexpr int kGateBits = 17;   // width of a gate's value, which is from -2^15 to 2^15 inclusive

ordered_json format(int bits, int fraction_bits) {
  return {{"bits", bits}, {"fraction_bits", fraction_bits}};
}

// Finds out what the model file calls the diagonal weights of a kind of cells.
struct DiagonalName {
  const char* name = nullptr;
  void vector(const char*, const Matrix<float>&, Index) {}
  void matrix(const char*, const Matrix<float>&, Index) {}
  void diagonal(const char* tensor, const Matrix<float>&, Index) { name = tensor; }
};

ordered_json formats(const RecurrentLayer& layer, int bits, int x, int h) {
  const bool rounds_output =
      RecurrentKinds::visit(layer.kind, []<class Kind>(Kind) { return Kind::kRoundsOutput; });
  ordered_json json{{"x", format(bits, x)}};
  if (rounds_output) json["h"] = format(bits, h);  // otherwise h is fp32
  json["z"] = format(32, kStateBits);
  json["c"] = format(32, kStateBits);
  json["gates"] = format(kGateBits, kUnitBits);
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    const RecurrentWeights& weights = layer.weights[d];
    const auto of = [&](const Matrix<float>& weight) {
      return FixedWeights::format(weight.view(), bits);
    };
    const int h_bits = recurrent_bits(layer, d, bits), w = of(weights.weight_ih);
    ordered_json& direction = json[name(layer.directions[d])];
    direction["weight_ih"] = format(bits, w);
    int sum_bits = w + x;
    if (layer.has_recurrent_product()) {
      const int u = of(weights.weight_hh);
      direction["weight_hh"] = format(bits, u);
      sum_bits = std::max(sum_bits, u + h_bits);
    }
    if (weights.bias.size() > 0)
      direction["bias"] = format(kExactBits, common_sum_bits(sum_bits, sum_bits));
    DiagonalName diagonal;
    RecurrentKinds::visit(layer.kind, [&]<class Kind>(Kind) {
      Kind::tensors(weights, layer.cells, layer.form, diagonal);
    });
    if (diagonal.name != nullptr) direction[diagonal.name] = format(bits, of(weights.diagonal));
    if (layer.form.projection > 0) {
      direction["weight_hr"] = format(bits, of(weights.weight_hr));
      direction["h"] = format(bits, h_bits);
    }
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

template <class Operand>
Operand rounded(const Operand& operand, const Fp32&) {
  return operand;
}
template <class Operand, int Bits>
Operand rounded(const Operand& operand, const Integer<Bits>& choice) {
  return on_grids(operand, Grid::of(static_cast<int>(choice.input_bits), Bits),
                  Grid::of(choice.kRecurrentBits, Bits));
}

}  // namespace

ordered_json formats_to_json(const Layer& layer, const Arithmetic& arithmetic) {
  return std::visit([&](const auto& choice) { return formats_under(layer, choice); }, arithmetic);
}

OperandChoice as_rounded(const LayerPolicy& policy) {
  return std::visit(
      [](const auto& operand, const auto& arithmetic) -> OperandChoice {
        return rounded(operand, arithmetic);
      },
      policy.operand, policy.arithmetic);
}

}  // namespace edgeval
