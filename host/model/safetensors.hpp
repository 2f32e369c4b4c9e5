// The safetensors container: 8 bytes of header length N (little-endian), N bytes of JSON that give
// each tensor its dtype, shape and place, then the data (docs/formats/model.md). Everything
// is checked before a tensor is read: the offsets must tile the data from 0 to the end of the file
// without gap or overlap.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

class Fields;

// Returns a shape as text, for instance "[400, 100]".
std::string shape_text(const std::vector<Index>& shape);

// Keeps views of the file's bytes, which must outlive it. Every refusal is an Error that opens with
// `path`.
class Safetensors {
 public:
  // kModel: a model of edgeval, whose tensors are F32, F16 or BF16. kAny: a file of any program,
  // which may hold tensors of any dtype and empty ones.
  enum class Contents { kModel, kAny };
  Safetensors(std::string_view file, std::string path, Contents contents = Contents::kModel);

  // Returns the text under this key of the header's __metadata__. Throws when the key is missing.
  const std::string& metadata(const std::string& key) const;

  bool has_metadata(const std::string& key) const { return metadata_.contains(key); }

  bool has(const std::string& name) const { return tensors_.contains(name); }

  // Returns the first dimension of the tensor's shape, or 0 where there is none.
  Index rows(const std::string& name) const;

  // Return a tensor in float: take_matrix one [rows, cols], take_vector one [cols], as [1, cols].
  // They throw when the tensor is missing, has another shape or has been taken before, or when a
  // value is not finite.
  Matrix<float> take_matrix(const std::string& name, Index rows, Index cols);
  Matrix<float> take_vector(const std::string& name, Index cols);

  // A tensor as it lies in the file. `size` is the number of bytes of an element, 0 for an unknown
  // dtype.
  struct Entry {
    std::string name, dtype;
    std::vector<Index> shape;
    std::size_t size = 0;
    std::string_view bytes;
  };
  std::vector<Entry> entries() const;  // in the order of the data

  // Throws when there is a tensor that nobody has taken.
  void expect_all_taken() const;

 private:
  struct Tensor {
    std::string dtype;
    std::vector<Index> shape;
    std::size_t begin = 0;  // where the tensor begins and ends, in bytes from the start of the data
    std::size_t end = 0;
    bool taken = false;
  };
  void read_header(std::string_view header);
  Tensor read_tensor(const Fields& fields) const;
  void read_metadata(const nlohmann::json& entries);
  void check_tiling() const;
  Matrix<float> take(const std::string& name, const std::vector<Index>& shape, Index rows);

  std::string path_;
  Contents contents_;
  std::string_view data_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace edgeval
