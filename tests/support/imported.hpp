// Imports models in memory, as `edgeval import` does from files.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/import/importer.hpp"
#include "tests/support/paths.hpp"

namespace edgeval {
extern const Importer kOpennmtImporter;
}

namespace edgeval::test {

inline std::filesystem::path import_data(const std::string& name) {
  return source_folder() / "tests/data/import" / name;
}

// Returns the description of the networks in lstm.pt and gru.pt: a front end with 3 features, and 5
// tokens.
inline std::string describe_file() { return import_data("describe.json").string(); }

inline constexpr const char* kPt = "model.pt";  // the file's name in messages

// Imports the bytes of a file. `describe` describes a state dict; an OpenNMT-py checkpoint
// describes itself.
inline Imported imported(const std::string& bytes, const std::string& describe = describe_file()) {
  const SourceFile source(bytes, kPt);
  return import_file(source, {"m", kOpennmtImporter.recognises(source) ? "" : describe});
}

inline Imported imported_file(const std::string& name,
                              const std::string& describe = describe_file()) {
  return imported(read_file(import_data(name)), describe);
}

inline const Imported::Tensor& tensor_of(const Imported& all, const std::string& name) {
  const auto found = std::find_if(all.tensors.begin(), all.tensors.end(),
                                  [&](const auto& t) { return t.name == name; });
  if (found == all.tensors.end()) throw Error("no tensor " + name);
  return *found;
}

// Returns `count` values of the k-th tensor of a network that tests/golden/import.py filled.
inline std::vector<float> filled(int k, int count) {
  std::vector<float> values;
  for (int j = 0; j < count; ++j) values.push_back(static_cast<float>(64 * k + j) / 1024);
  return values;
}

// Returns the sums of the values of two such tensors, as for two biases that are added.
inline std::vector<float> filled_sum(int first, int second, int count) {
  std::vector<float> values = filled(first, count);
  for (int j = 0; j < count; ++j) values[j] += filled(second, count)[j];
  return values;
}

}  // namespace edgeval::test
