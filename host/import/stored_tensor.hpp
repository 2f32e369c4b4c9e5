// A tensor where it lies in a file of whatever kind, and its elements as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

struct Storage {
  std::string dtype;       // F32, F64, F16, BF16; others by the name that the file has for them
  std::uint64_t size = 0;  // of an element in bytes; 0: not known
  std::uint64_t count = 0;
  std::string_view bytes;  // count elements, little-endian; a view on the file
};

// Element (i, j, ...) is at offset + i strides[0] + j strides[1] + ... of the storage. No two
// elements are at one place, and all lie within the storage.
struct StoredTensor {
  Storage storage;
  Index offset = 0;
  std::vector<Index> shape, strides;
};

// The tensor whose elements stand row-major from the start of the storage. Throws Error, opening
// with `place`, when it has no elements or reaches beyond the storage.
StoredTensor row_major(Storage storage, std::vector<Index> shape, const std::string& place);

Index elements_in(const std::vector<Index>& shape);

// Whether floats_of and doubles_of can read elements of this dtype.
bool is_float(const std::string& dtype);

// The elements row-major; F64 is rounded to the nearest float.
std::vector<float> floats_of(const StoredTensor& tensor);
std::vector<double> doubles_of(const StoredTensor& tensor);

}  // namespace edgeval
