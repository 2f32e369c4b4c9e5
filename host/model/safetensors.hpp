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

// "[400, 100]"
std::string shape_text(const std::vector<Index>& shape);

// Keeps views on the file's bytes, which must outlive it. Every refusal is an Error that opens with
// `path`.
class Safetensors {
 public:
  // kModel: of edgeval, whose tensors are of F32, F16 or BF16; kAny: of whoever, in which tensors
  // of any dtype and empty ones may lie.
  enum class Contents { kModel, kAny };
  Safetensors(std::string_view file, std::string path, Contents contents = Contents::kModel);

  // The text under this key of the header's __metadata__. Throws when there is none.
  const std::string& metadata(const std::string& key) const;

  bool has_metadata(const std::string& key) const { return metadata_.contains(key); }

  bool has(const std::string& name) const { return tensors_.contains(name); }

  // The first dimension of the tensor's shape; 0 where there is none.
  Index rows(const std::string& name) const;

  // The tensor [rows, cols] or, by the second, [cols] as [1, cols], in float. Throws when it is
  // missing, of another shape or taken before, or when a value is not finite.
  Matrix<float> take_matrix(const std::string& name, Index rows, Index cols);
  Matrix<float> take_vector(const std::string& name, Index cols);

  // A tensor as it lies in the file; `size`: bytes of an element.
  struct Entry {
    std::string name, dtype;
    std::vector<Index> shape;
    std::size_t size = 0;
    std::string_view bytes;
  };
  std::vector<Entry> entries() const;  // in the order of the data

  // Throws on the first tensor that nothing has taken.
  void expect_all_taken() const;

 private:
  struct Tensor {
    std::string dtype;
    std::vector<Index> shape;
    std::size_t begin = 0;  // bytes from the start of the data
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
