// The tensors of another tool's file by their names, each taken once. A source of any format adds
// them; what a network is made of takes them (docs/formats/import.md).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/import/stored_tensor.hpp"

namespace edgeval {

// What a file has under a name.
struct SourceEntry {
  std::string name;
  StoredTensor stored;
  std::string problem = {};  // why it cannot be taken; thrown when it is asked for
  bool is_tensor = true;     // or something else, which the network may do without
};

// A name is that of the file, or, after drop_common_prefix(), what is left of it. Every message
// opens with the file's path and has the name of the file. The bytes of all storages must outlive
// this.
class SourceTensors {
 public:
  // `elements`: of the storages of the file that several tensors may share.
  explicit SourceTensors(std::string path, std::uint64_t elements = 0)
      : path_(std::move(path)), elements_(elements) {}

  // Throws when the name is used.
  void add(SourceEntry entry);

  // A tensor that stands row-major in a storage of its own.
  void add_row_major(const std::string& name, const Storage& storage,
                     const std::vector<Index>& shape);

  // Leaves out the tensors whose name starts with `start`, with or without what
  // drop_common_prefix() would drop; returns their names.
  std::vector<std::string> ignore(const std::string& start);

  // Where all that is left starts with "module.", "model." or "_orig_mod.", as DataParallel,
  // Lightning and torch.compile put in front, names are without it from here on.
  void drop_common_prefix();
  std::string without_prefix(const std::string& name) const;

  // From here on `name` is g v / |v|, the weight norm of two tensors (Salimans and Kingma 2016);
  // |v| is taken over the dimensions in which g has size 1.
  void add_weight_norm(const std::string& name, const std::string& g, const std::string& v);

  const std::string& path() const { return path_; }
  std::vector<std::string> names() const;  // of tensors, in the order of the file
  bool has(const std::string& name) const { return find(name) != nullptr; }

  // Dimensions of size 1 in front are left out of a bias: old LSTM cells had [1, 4H]. Throws when
  // it is missing.
  const std::vector<Index>& shape(const std::string& name) const;

  // The elements row-major, in float. Throws when the tensor is missing, of another shape, ignored,
  // was taken before or is of whole numbers, when a value is not finite, or when all tensors taken
  // could not lie in the file side by side.
  std::vector<float> take(const std::string& name, const std::vector<Index>& shape);

  // The file's tensors that the tensor is made of, by their whole names with their shapes: itself,
  // or g and v.
  std::vector<std::pair<std::string, std::vector<Index>>> parts(const std::string& name) const;

  // Throws on the first tensor that nothing has taken; returns the names of what is no tensor.
  std::vector<std::string> expect_all_taken(const char* cure) const;

  // "model.pt: tensor "rnn.weight_ih_l0""
  std::string place(const std::string& name) const;

 private:
  struct Tensor : SourceEntry {
    bool ignored = false, taken = false;
    std::vector<std::size_t> made_of = {};  // g and v
  };
  const Tensor* find(const std::string& name) const;
  Tensor& at(const std::string& name) { return tensors_[index_.at(name)]; }  // of one that is there
  const Tensor& readable(const std::string& name) const;
  void expect_floats(const Tensor& tensor) const;
  std::vector<float> weight_norm(const Tensor& tensor) const;

  std::string path_, prefix_;
  std::vector<Tensor> tensors_;
  std::map<std::string, std::size_t> index_;  // by name without the prefix
  std::uint64_t elements_ = 0, taken_ = 0;
};

}  // namespace edgeval
