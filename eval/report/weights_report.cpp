#include "eval/report/weights_report.hpp"

#include <algorithm>

#include "eval/policy/policy.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

struct Size {
  std::uint64_t weights = 0, bits = 0;
  double squared_error = 0;

  Size& operator+=(const MatrixReport& matrix) {
    weights += matrix.weights();
    bits += matrix.stored.bits;
    squared_error += matrix.mean_squared_error * static_cast<double>(matrix.weights());
    return *this;
  }
  double per_weight(double amount) const {
    return weights > 0 ? amount / static_cast<double>(weights) : 0;
  }
  double bits_per_weight() const { return per_weight(static_cast<double>(bits)); }
};

ordered_json to_json(const Size& size) {
  return {{"weights", size.weights},
          {"storage_bits", size.bits},
          {"bits_per_weight", size.bits_per_weight()},
          {"mean_squared_error", size.per_weight(size.squared_error)}};
}

ordered_json to_json(const MatrixReport& matrix) {
  const StoredMatrix& stored = matrix.stored;
  ordered_json json{{"name", matrix.matrix},
                    {"rows", matrix.rows},
                    {"columns", matrix.cols},
                    {"storage_bits", stored.bits},
                    {"code_bits", stored.code_bits}};
  if (stored.fraction_bits) json["fraction_bits"] = *stored.fraction_bits;
  json["nonzero"] = matrix.nonzero;
  json["mean_squared_error"] = matrix.mean_squared_error;
  json["product"] = {{"multiplications", stored.product.multiplications},
                     {"shifts", stored.product.shifts},
                     {"additions", stored.product.additions}};
  if (stored.fourier.transforms > 0)
    json["product_by_fft"] = {{"transforms", stored.fourier.transforms},
                              {"length", stored.fourier.length},
                              {"complex_multiplications", stored.fourier.complex_multiplications}};
  return json;
}

}  // namespace

ordered_json weights_to_json(std::span<const MatrixReport> matrices) {
  Size total;
  ordered_json layers = ordered_json::array();
  for (std::size_t first = 0, last = 0; first < matrices.size(); first = last) {
    const MatrixReport& head = matrices[first];
    Size size;
    ordered_json parts = ordered_json::array();
    for (; last < matrices.size() && matrices[last].layer == head.layer &&
           matrices[last].direction == head.direction;
         ++last) {
      size += matrices[last];
      total += matrices[last];
      parts.push_back(to_json(matrices[last]));
    }
    ordered_json layer{{"name", head.layer}, {"direction", head.direction}};
    layer.update(to_json(size));
    layer["mac"] = head.stored.product.kind;
    layer["matrices"] = std::move(parts);
    layers.push_back(std::move(layer));
  }
  ordered_json json = to_json(total);
  json["layers"] = std::move(layers);
  return json;
}

std::string weights_line(const Weights& weights, std::span<const MatrixReport> matrices) {
  Size total;
  for (const MatrixReport& matrix : matrices) total += matrix;
  return describe(weights) + printed(": %.2f bits a weight, %.3f of 32-bit floats",
                                     total.bits_per_weight(),
                                     total.bits_per_weight() / static_cast<double>(kFloatBits));
}

}  // namespace edgeval
