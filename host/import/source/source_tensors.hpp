// The tensors of another tool's file by their names, each of which can be taken once. The reader of
// any format adds them, and the parts of the network take them (docs/formats/import.md).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/import/source/stored_tensor.hpp"

namespace edgeval {

// What a file has under a name.
struct SourceEntry {
  std::string name;
  StoredTensor stored;
  std::string problem = {};  // why it cannot be taken; thrown when it is asked for
  bool is_tensor = true;     // false: something else, which the network may do without
};

// A name is the one in the file or, after drop_common_prefix(), what is left of it. Every message
// opens with the file's path and has the name in the file. The bytes of all storages must outlive
// this object.
class SourceTensors {
 public:
  // `elements` is the number of elements in those storages of the file that several tensors may
  // share.
  explicit SourceTensors(std::string path, std::uint64_t elements = 0)
      : path_(std::move(path)), elements_(elements) {}

  // Throws when the name is already in use.
  void add(SourceEntry entry);

  // Adds a tensor that stands row-major in a storage of its own.
  void add_row_major(const std::string& name, const Storage& storage,
                     const std::vector<Index>& shape);

  // Leaves out the tensors whose names start with `start`, with or without the prefixes that
  // drop_common_prefix() would drop. Returns their names.
  std::vector<std::string> ignore(const std::string& start);

  // Drops "module.", "model." and "_orig_mod.", which DataParallel, Lightning and torch.compile put
  // in front, from the names of all tensors that are left, where all of them start with it.
  void drop_common_prefix();
  std::string without_prefix(const std::string& name) const;

  // Makes `name` stand for g v / |v|, the weight norm of two tensors (Salimans and Kingma 2016).
  // |v| is taken over the dimensions in which g has size 1.
  void add_weight_norm(const std::string& name, const std::string& g, const std::string& v);

  const std::string& path() const { return path_; }
  std::vector<std::string> names() const;  // names of tensors, in the order of the file
  bool has(const std::string& name) const { return find(name) != nullptr; }

  // Returns the shape of a tensor. Throws when the tensor is missing.
  const std::vector<Index>& shape(const std::string& name) const;

  // Returns the elements row-major, in float. A vector may have dimensions of size 1 in front, as
  // the biases of old LSTM cells had [1, 4H]. Throws when the tensor is missing, has another shape,
  // is ignored, was taken before or holds whole numbers, when a value is not finite, or when all
  // tensors taken could not lie side by side in the file.
  std::vector<float> take(const std::string& name, const std::vector<Index>& shape);

  // Returns the tensors of the file that the tensor is made of, with their whole names and shapes:
  // the tensor itself, or g and v.
  std::vector<std::pair<std::string, std::vector<Index>>> parts(const std::string& name) const;

  // Throws when there is a tensor that nobody has taken. Returns the names of what is no tensor.
  std::vector<std::string> expect_all_taken(const char* cure) const;

  // Returns the place for a message, such as "model.pt: tensor "rnn.weight_ih_l0"".
  std::string place(const std::string& name) const;

 private:
  struct Tensor : SourceEntry {
    bool ignored = false, taken = false;
    std::vector<std::size_t> made_of = {};  // places of g and v
  };
  const Tensor* find(const std::string& name) const;
  // The name must exist.
  Tensor& at(const std::string& name) { return tensors_[index_.at(name)]; }
  const Tensor& readable(const std::string& name) const;
  void expect_floats(const Tensor& tensor) const;
  std::vector<float> weight_norm(const Tensor& tensor) const;

  std::string path_, prefix_;
  std::vector<Tensor> tensors_;
  std::map<std::string, std::size_t> index_;  // by name without the prefix
  std::uint64_t elements_ = 0, taken_ = 0;
};

}  // namespace edgeval
