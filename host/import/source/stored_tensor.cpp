#include "host/import/source/stored_tensor.hpp"

#include <cstring>
#include <numeric>

#include "host/core/error.hpp"
#include "host/model/safetensors.hpp"
#include "host/model/short_floats.hpp"

namespace edgeval {
namespace {

template <class Stored>
Stored load(const char* bytes) {
  Stored value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

double element(const std::string& dtype, const char* bytes) {
  if (dtype == "F32") return load<float>(bytes);
  if (dtype == "F64") return load<double>(bytes);
  if (dtype == "F16") return from_half(load<std::uint16_t>(bytes));
  return from_bfloat(load<std::uint16_t>(bytes));
}

template <class Number>
std::vector<Number> numbers_of(const StoredTensor& tensor) {
  const Storage& storage = tensor.storage;
  std::vector<Number> values(static_cast<std::size_t>(elements_in(tensor.shape)));
  const bool scalar = tensor.shape.empty();
  const Index cols = scalar ? 1 : tensor.shape.back(), step = scalar ? 1 : tensor.strides.back();
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(cols)) {
    Index at = tensor.offset, row = static_cast<Index>(i) / cols;
    for (std::size_t d = scalar ? 0 : tensor.shape.size() - 1; d-- > 0; row /= tensor.shape[d])
      at += row % tensor.shape[d] * tensor.strides[d];
    for (Index c = 0; c < cols; ++c)
      values[i + static_cast<std::size_t>(c)] = static_cast<Number>(
          element(storage.dtype,
                  storage.bytes.data() + static_cast<std::uint64_t>(at + c * step) * storage.size));
  }
  return values;
}

}  // namespace

StoredTensor row_major(Storage storage, std::vector<Index> shape, const std::string& place) {
  std::vector<Index> strides(shape.size());
  std::uint64_t count = 1;  // elements in the dimensions so far, the last one first
  for (const Index size : shape)
    EDGEVAL_EXPECTS(size > 0, place, ": shape ", shape_text(shape), ": has no elements");
  for (std::size_t d = shape.size(); d-- > 0;) {
    const auto size = static_cast<std::uint64_t>(shape[d]);
    // Where the size of an element is not known, no count is known either, and no element is ever
    // read.
    EDGEVAL_EXPECTS(storage.size == 0 || size <= storage.count / count, place,
                    ": reaches beyond its storage of ", storage.count, " elements");
    strides[d] = static_cast<Index>(count);
    count *= size;
  }
  return {std::move(storage), 0, std::move(shape), std::move(strides)};
}

Index elements_in(const std::vector<Index>& shape) {
  return std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<>());
}

bool is_float(const std::string& dtype) {
  return dtype == "F32" || dtype == "F64" || dtype == "F16" || dtype == "BF16";
}

std::vector<float> floats_of(const StoredTensor& tensor) { return numbers_of<float>(tensor); }
std::vector<double> doubles_of(const StoredTensor& tensor) { return numbers_of<double>(tensor); }

}  // namespace edgeval
