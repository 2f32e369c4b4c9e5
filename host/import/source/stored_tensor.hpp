// A tensor as it lies in a file of any kind, and its elements as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

struct Storage {
  std::string dtype;  // F32, F64, F16, BF16; other types have the name that the file gives them
  std::uint64_t size = 0;  // bytes of an element; 0: not known
  std::uint64_t count = 0;
  std::string_view bytes;  // count elements, little-endian; a view of the file
};

// Element (i, j, ...) stands at offset + i strides[0] + j strides[1] + ... in the storage. No two
// elements stand at one place, and all lie within the storage.
struct StoredTensor {
  Storage storage;
  Index offset = 0;
  std::vector<Index> shape, strides;
};

// Returns the tensor whose elements stand row-major from the start of the storage. Throws Error,
// opening with `place`, when it has no elements or reaches beyond the storage.
StoredTensor row_major(Storage storage, std::vector<Index> shape, const std::string& place);

Index elements_in(const std::vector<Index>& shape);

// Whether floats_of and doubles_of can read elements of this dtype.
bool is_float(const std::string& dtype);

// Return the elements row-major. floats_of rounds F64 to the nearest float.
std::vector<float> floats_of(const StoredTensor& tensor);
std::vector<double> doubles_of(const StoredTensor& tensor);

}  // namespace edgeval
