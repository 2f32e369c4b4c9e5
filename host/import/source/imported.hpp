// A model that is being imported from another tool's file, with a line about the way of every
// tensor (docs/formats/import.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

class SourceTensors;

using OrderedJson = nlohmann::ordered_json;  // keys keep their order

struct Imported {
  struct Tensor {
    std::string name;
    std::vector<Index> shape;
    std::vector<float> values;
  };
  struct Way {
    std::string source, source_shape;  // empty for a tensor that was made up
    std::string name, shape;           // name and shape in the model file
    std::string done;
  };
  std::string kind;  // kind of the source, for people
  OrderedJson model;
  std::vector<Tensor> tensors;
  std::vector<Way> ways;
  std::vector<std::string> left_out;  // entries of the source that a run does not need
  std::vector<std::string> notes;     // what people should know, one line each
  OrderedJson repeated_tokens = OrderedJson::array();  // {side, token, ids, id}
  OrderedJson filled_in = OrderedJson::object();       // keys of the front end left out

  // Moves a tensor over; `done` tells people how.
  void copy(SourceTensors& source, const std::string& from, const std::string& name,
            const std::vector<Index>& shape, const std::string& done = "as it is");

  // Adds a line for each of the tensors that `from` is made of.
  void add_ways(const SourceTensors& source, const std::string& from, const std::string& name,
                const std::vector<Index>& shape, const std::string& done);
};

// Returns the model file (docs/formats/model.md). `origin` becomes its __metadata__["import"].
std::string to_safetensors(const Imported& imported, const OrderedJson& origin);

}  // namespace edgeval
