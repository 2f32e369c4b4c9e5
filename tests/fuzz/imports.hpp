// Imports bytes in every way that the command `import` knows: without a description, and with one
// made from the template of each front end.
#pragma once

#include "host/import/importer.hpp"
#include "host/model/file.hpp"
#include "host/model/safetensors.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace edgeval::fuzz {

// Checks that the importer writes a safetensors file with the tensors of which it tells.
inline void expect_file(const Imported& imported) {
  const std::string file = to_safetensors(imported, OrderedJson::object());
  const Safetensors written(file, "imported.safetensors");
  for (const Imported::Tensor& tensor : imported.tensors)
    expect(written.rows(tensor.name) == (tensor.shape.empty() ? 0 : tensor.shape[0]),
           "a tensor that was imported is in the file");
  takes([&] {
    if (imported.model["task"] == "translation")
      read_translation_model(file, "imported.safetensors");
    else
      read_model(file, "imported.safetensors");
  });
}

inline void import_any(std::string_view bytes) {
  constexpr const char* kPath = "any.pt";
  takes([&] { expect_file(import_file({bytes, kPath}, {"m"})); });
  for (const char* form : {"fbank", "mfcc"}) {
    std::string description;
    std::vector<std::string> notes;
    if (!takes([&] { description = template_of_file({bytes, kPath}, form, notes); })) return;
    const File file(description);
    takes([&] { expect_file(import_file({bytes, kPath}, {"m", file.path().string()})); });
  }
}

}  // namespace edgeval::fuzz
