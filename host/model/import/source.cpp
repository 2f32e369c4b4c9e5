#include "host/model/import/source.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/model/safetensors.hpp"
#include "host/model/short_floats.hpp"

namespace edgeval {
namespace {

constexpr std::uint64_t kMaxUses =
    2;  // of an element: embedding and generator may share their weights

Index elements(const std::vector<Index>& shape) {
  return std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<>());
}

template <class Stored>
Stored load(const char* bytes) {
  Stored value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The float of the element at `bytes`.
float element(const std::string& dtype, const char* bytes) {
  if (dtype == "F32") return load<float>(bytes);
  if (dtype == "F64") return static_cast<float>(load<double>(bytes));
  if (dtype == "F16") return from_half(load<std::uint16_t>(bytes));
  return from_bfloat(load<std::uint16_t>(bytes));
}

bool is_float(const std::string& dtype) {
  return dtype == "F32" || dtype == "F64" || dtype == "F16" || dtype == "BF16";
}

std::vector<float> elements_of(const StoredTensor& tensor) {
  const Storage& storage = *tensor.storage;
  std::vector<float> values(static_cast<std::size_t>(elements(tensor.shape)));
  const bool scalar = tensor.shape.empty();
  const Index cols = scalar ? 1 : tensor.shape.back(), step = scalar ? 1 : tensor.strides.back();
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(cols)) {
    Index at = tensor.offset, row = static_cast<Index>(i) / cols;
    for (std::size_t d = scalar ? 0 : tensor.shape.size() - 1; d-- > 0; row /= tensor.shape[d])
      at += row % tensor.shape[d] * tensor.strides[d];
    for (Index c = 0; c < cols; ++c)
      values[i + static_cast<std::size_t>(c)] =
          element(storage.dtype,
                  storage.bytes.data() + static_cast<std::uint64_t>(at + c * step) * storage.size);
  }
  return values;
}

// Without the dimensions of size 1 in front, the last one apart.
std::vector<Index> squeezed(const std::vector<Index>& shape) {
  std::size_t first = 0;
  while (first + 1 < shape.size() && shape[first] == 1) ++first;
  return {shape.begin() + static_cast<std::ptrdiff_t>(first), shape.end()};
}

}  // namespace

std::string SourceTensors::place(const std::string& name) const {
  return concat(path(), ": tensor ", shown(name));
}

void SourceTensors::add(const pickle::Value& dict, const std::string& prefix) {
  for (const auto& [key, value] : pickle::entries(dict)) {
    EDGEVAL_EXPECTS(key->kind == pickle::Kind::kText, path(),
                    ": a tensor of the state dict is named by ", described(*key),
                    ", must be by a text");
    Tensor tensor{prefix + std::string(key->text), {}, false};
    const std::optional<StoredTensor> stored = archive_.tensor(*value, place(tensor.name));
    EDGEVAL_EXPECTS(stored, place(tensor.name), ": is ", described(*value), ", must be a tensor");
    tensor.stored = *stored;
    EDGEVAL_EXPECTS(index_.emplace(tensor.name, tensors_.size()).second, place(tensor.name),
                    ": occurs twice");
    tensors_.push_back(std::move(tensor));
  }
}

std::vector<std::string> SourceTensors::names() const {
  std::vector<std::string> names;
  for (const Tensor& tensor : tensors_) names.push_back(tensor.name);
  return names;
}

const SourceTensors::Tensor* SourceTensors::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const std::vector<Index>& SourceTensors::shape(const std::string& name) const {
  const Tensor* tensor = find(name);
  EDGEVAL_EXPECTS(tensor != nullptr, place(name), " is missing");
  return tensor->stored.shape;
}

std::vector<float> SourceTensors::take(const std::string& name, const std::vector<Index>& wanted) {
  const std::vector<Index>& is = shape(name);
  Tensor& tensor = at(name);
  EDGEVAL_EXPECTS(is == wanted || (wanted.size() == 1 && squeezed(is) == wanted), place(name),
                  ": shape ", shape_text(is), ", must be ", shape_text(wanted));
  EDGEVAL_EXPECTS(!tensor.taken, place(name), ": two layers want it");
  EDGEVAL_EXPECTS(is_float(tensor.stored.storage->dtype), place(name), ": is of ",
                  tensor.stored.storage->dtype, ", must be of floats");
  tensor.taken = true;
  taken_ += static_cast<std::uint64_t>(elements(is));
  EDGEVAL_EXPECTS(taken_ <= kMaxUses * archive_.elements(), place(name),
                  ": the tensors share storages more than ", kMaxUses, " times over");
  std::vector<float> values = elements_of(tensor.stored);
  const auto wrong =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  EDGEVAL_EXPECTS(wrong == values.end(), place(name), ": element ", wrong - values.begin(), " is ",
                  *wrong, " as a 32-bit float, must be finite");
  return values;
}

void SourceTensors::expect_all_taken(const char* cure) const {
  for (const Tensor& tensor : tensors_)
    EDGEVAL_EXPECTS(tensor.taken, place(tensor.name), ": shape ", shape_text(tensor.stored.shape),
                    ": ", cure);
}

void Imported::copy(SourceTensors& source, const std::string& from, const std::string& name,
                    const std::vector<Index>& shape, const std::string& done) {
  const std::string before = source.has(from) ? shape_text(source.shape(from)) : "";
  tensors.push_back({name, shape, source.take(from, shape)});
  ways.push_back({from, before, name, shape_text(shape), done});
}

std::string to_safetensors(const Imported& imported, const OrderedJson& origin) {
  OrderedJson header{
      {"__metadata__", {{"edgeval", imported.model.dump()}, {"import", origin.dump()}}}};
  std::size_t at = 0;
  for (const Imported::Tensor& tensor : imported.tensors) {
    const std::size_t end = at + tensor.values.size() * sizeof(float);
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  file.reserve(file.size() + text.size() + at);
  file += text;
  for (const Imported::Tensor& tensor : imported.tensors)
    file.append(reinterpret_cast<const char*>(tensor.values.data()),
                tensor.values.size() * sizeof(float));
  return file;
}

}  // namespace edgeval
