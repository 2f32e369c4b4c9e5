// Between another tool's file and ours: the tensors of a state dict, each taken once, and the model
// that they become, with a line for every tensor's way (docs/formats.md, "Import").
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "host/core/matrix.hpp"
#include "host/import/torch/torch_archive.hpp"

namespace edgeval {

using OrderedJson = nlohmann::ordered_json;  // of files: their keys stay in order

inline constexpr Index kMaxImportWidth =
    1 << 24;  // of any layer, as the reader of model files has it

// The tensors of a state dict. A name is that of the file, or, after drop_common_prefix(), what is
// left of it. Every message opens with the file's path and has the name of the file.
class SourceTensors {
 public:
  // `elements`: of all storages of the file.
  SourceTensors(std::string path, std::uint64_t elements)
      : path_(std::move(path)), elements_(elements) {}

  // The entries of a state dict; their names get `prefix` in front. What is no tensor, or none that
  // can be read, is refused when it is asked for. Throws when a name is no text or is used.
  void add(const TorchArchive& archive, const pickle::Value& dict, const std::string& prefix = "");
  void add(const TorchArchive& archive, const pickle::Value& value, std::string name,
           const std::string& place);

  // A tensor whose elements stand row-major in `storage`, which must outlive this.
  void add(const std::string& name, const Storage& storage, const std::vector<Index>& shape);

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
  struct Tensor {
    std::string name;  // in the file
    StoredTensor stored;
    std::string problem = {};  // why it cannot be taken
    bool is_tensor = true, ignored = false, taken = false;
    std::vector<std::size_t> made_of = {};  // g and v
  };
  void add(Tensor tensor);
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

// A model on its way into a file.
struct Imported {
  struct Tensor {
    std::string name;
    std::vector<Index> shape;
    std::vector<float> values;
  };
  struct Way {
    std::string source, source_shape;  // empty: made up
    std::string name, shape;           // in our file
    std::string done;
  };
  std::string kind;  // of the source, for people
  OrderedJson model;
  std::vector<Tensor> tensors;
  std::vector<Way> ways;
  std::vector<std::string> left_out;  // entries of the source that a run does not need
  std::vector<std::string> notes;     // what people should know, a line each
  OrderedJson repeated_tokens = OrderedJson::array();  // {side, token, ids, id}
  OrderedJson filled_in = OrderedJson::object();       // keys of the front end that were not given

  // Moves a tensor over; `done` says how, for people.
  void copy(SourceTensors& source, const std::string& from, const std::string& name,
            const std::vector<Index>& shape, const std::string& done = "as it is");

  // A line for each of the tensors that `from` is made of.
  void add_ways(const SourceTensors& source, const std::string& from, const std::string& name,
                const std::vector<Index>& shape, const std::string& done);
};

// The file (docs/formats.md, "Model file"). `origin` becomes its __metadata__["import"].
std::string to_safetensors(const Imported& imported, const OrderedJson& origin);

}  // namespace edgeval
