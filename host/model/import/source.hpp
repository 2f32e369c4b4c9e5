// Between another tool's file and ours: the tensors of a state dict, each taken once, and the model
// that they become, with a line for every tensor's way (docs/formats.md, "Import").
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/core/matrix.hpp"
#include "host/model/import/torch_archive.hpp"

namespace edgeval {

using OrderedJson = nlohmann::ordered_json;  // of files: their keys stay in order

inline constexpr Index kMaxImportWidth =
    1 << 24;  // of any layer, as the reader of model files has it

// Every message opens with the file's path and names the tensor.
class SourceTensors {
 public:
  explicit SourceTensors(const TorchArchive& archive) : archive_(archive) {}

  // The entries of a state dict; their names get `prefix` in front. Throws when one is no tensor or
  // its name is used.
  void add(const pickle::Value& dict, const std::string& prefix = "");

  const std::string& path() const { return archive_.path(); }
  std::vector<std::string> names() const;  // in the order of the file
  bool has(const std::string& name) const { return find(name) != nullptr; }

  // Dimensions of size 1 in front are left out of a bias: old LSTM cells had [1, 4H]. Throws when
  // it is missing.
  const std::vector<Index>& shape(const std::string& name) const;

  // The elements row-major, in float. Throws when the tensor is missing, of another shape, was
  // taken before or is of whole numbers, when a value is not finite, or when all tensors taken
  // could not lie in the file side by side.
  std::vector<float> take(const std::string& name, const std::vector<Index>& shape);

  // Counts as taken.
  void ignore(const std::string& name) { at(name).taken = true; }

  // Throws on the first tensor that nothing has taken.
  void expect_all_taken(const char* cure) const;

  // "model.pt: tensor "rnn.weight_ih_l0""
  std::string place(const std::string& name) const;

 private:
  struct Tensor {
    std::string name;
    StoredTensor stored;
    bool taken = false;
  };
  const Tensor* find(const std::string& name) const;
  Tensor& at(const std::string& name) { return tensors_[index_.at(name)]; }  // of one that is there

  const TorchArchive& archive_;
  std::vector<Tensor> tensors_;
  std::map<std::string, std::size_t> index_;
  std::uint64_t taken_ = 0;  // elements
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

  // Moves a tensor over as it is.
  void copy(SourceTensors& source, const std::string& from, const std::string& name,
            const std::vector<Index>& shape, const std::string& done = "as it is");
};

// The file (docs/formats.md, "Model file"). `origin` becomes its __metadata__["import"].
std::string to_safetensors(const Imported& imported, const OrderedJson& origin);

}  // namespace edgeval
