// The network that targets need besides their input: the LSTM and linear layer of
// tests/data/import, as `edgeval import` makes them a model.
#pragma once

#include "host/import/importer.hpp"
#include "host/model/file.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace edgeval::fuzz {

inline constexpr const char* kSmallCheckpoint = "tests/data/import/lstm.pt";
inline constexpr const char* kSmallDescription = "tests/data/import/describe.json";

inline std::string small_model_bytes() {
  const Imported imported = import_file({source_file(kSmallCheckpoint), "lstm.pt"},
                                        {"small", (source_folder() / kSmallDescription).string()});
  return to_safetensors(imported, OrderedJson::object());
}

inline Model make_small_model() { return read_model(small_model_bytes(), "small.safetensors"); }

inline const Model& small_model() {
  static const Model model = make_small_model();
  return model;
}

}  // namespace edgeval::fuzz
