#include "host/import/state_dict/modules.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

#include "host/core/error.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

// Returns [rows, columns] of a tensor that must be a matrix of a width that layers may have.
std::pair<Index, Index> matrix_shape(const SourceTensors& source, const std::string& name) {
  const std::vector<Index>& shape = source.shape(name);
  EDGEVAL_EXPECTS(shape.size() == 2, source.place(name), ": shape ", shape_text(shape),
                  ", must be a matrix");
  EDGEVAL_EXPECTS(std::max(shape[0], shape[1]) <= 4 * kMaxImportWidth, source.place(name),
                  ": shape ", shape_text(shape), ", layers have widths up to ", kMaxImportWidth);
  return {shape[0], shape[1]};
}

void add_zeros(const std::string& name, Index count, const char* why, Imported& out) {
  out.tensors.push_back({name, {count}, std::vector<float>(static_cast<std::size_t>(count))});
  out.ways.push_back({"", "", name, shape_text({count}), why});
}

// Adds b_ih + b_hh, since LSTM cells add both to the same sum.
void add_biases(SourceTensors& source, const DirectionNames& from, const std::string& name,
                Index count, Imported& out) {
  const std::string first = from("bias_ih"), second = from("bias_hh");
  std::vector<float> sum = source.take(first, {count});
  const std::vector<float> other = source.take(second, {count});
  std::transform(sum.begin(), sum.end(), other.begin(), sum.begin(), std::plus<>());
  out.tensors.push_back({name, {count}, std::move(sum)});
  for (const std::string& bias : {first, second})
    out.add_ways(source, bias, name, {count}, "added to the other bias");
}

}  // namespace

RecurrentShape recurrent_shape(const SourceTensors& source,
                               const std::vector<DirectionNames>& directions) {
  const DirectionNames& names = directions.front();
  RecurrentShape shape;
  shape.directions = directions.size();
  shape.biased = source.has(names("bias_ih")) || source.has(names("bias_hh"));
  shape.inputs = matrix_shape(source, names("weight_ih")).second;
  const auto [rows, recurrent] = matrix_shape(source, names("weight_hh"));
  shape.cells = recurrent;
  if (source.has(names("weight_hr")))
    std::tie(shape.projection, shape.cells) = matrix_shape(source, names("weight_hr"));
  EDGEVAL_EXPECTS(rows != shape.cells || shape.projection > 0, source.place(names("weight_hh")),
                  ": shape ", shape_text({rows, recurrent}),
                  ": a plain RNN without gates, which edgeval does not run");
  EDGEVAL_EXPECTS(rows == 4 * shape.cells || (rows == 3 * shape.cells && shape.projection == 0),
                  source.place(names("weight_hh")), ": shape ", shape_text({rows, recurrent}), ": ",
                  rows, " rows are neither 4 (LSTM) nor 3 (GRU) times ", shape.cells, " cells");
  shape.type = rows == 4 * shape.cells ? "lstm" : "gru";
  return shape;
}

OrderedJson import_recurrent(SourceTensors& source, const std::vector<DirectionNames>& directions,
                             const std::string& name, Imported& out) {
  const RecurrentShape shape = recurrent_shape(source, directions);
  const bool lstm = shape.type == "lstm";
  const Index rows = (lstm ? 4 : 3) * shape.cells;
  const Index recurrent = shape.projection > 0 ? shape.projection : shape.cells;
  for (std::size_t d = 0; d < directions.size(); ++d) {
    const DirectionNames& from = directions[d];
    const std::string to = concat(name, d == 0 ? ".forward." : ".backward.");
    const char* gates = lstm ? "as it is, gates i, f, g, o" : "as it is, gates r, z, n";
    out.copy(source, from("weight_ih"), to + "weight_ih", {rows, shape.inputs}, gates);
    out.copy(source, from("weight_hh"), to + "weight_hh", {rows, recurrent}, gates);
    if (lstm && shape.biased) add_biases(source, from, to + "bias", rows, out);
    if (lstm && !shape.biased)
      add_zeros(to + "bias", rows, "made of zeros: the layer has none", out);
    if (!lstm && shape.biased) {
      out.copy(source, from("bias_ih"), to + "bias_ih", {rows}, gates);
      out.copy(source, from("bias_hh"), to + "bias_hh", {rows}, gates);
    }
    if (shape.projection > 0)
      out.copy(source, from("weight_hr"), to + "weight_hr", {shape.projection, shape.cells});
  }
  OrderedJson layer{{"type", shape.type},
                    {"name", name},
                    {"inputs", shape.inputs},
                    {"cells", shape.cells},
                    {"direction", directions.size() == 2 ? "both" : "forward"}};
  if (!lstm) layer.update({{"reset", "after"}, {"bias", shape.biased}});
  return layer;
}

OrderedJson import_linear(SourceTensors& source, const std::string& module, const std::string& name,
                          Imported& out) {
  const auto [outputs, inputs] = matrix_shape(source, module + ".weight");
  out.copy(source, module + ".weight", name + ".weight", {outputs, inputs});
  if (source.has(module + ".bias"))
    out.copy(source, module + ".bias", name + ".bias", {outputs});
  else
    add_zeros(name + ".bias", outputs, "made of zeros: the layer has none", out);
  return {{"type", "linear"}, {"name", name}, {"inputs", inputs}, {"outputs", outputs}};
}

}  // namespace edgeval
