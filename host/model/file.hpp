// Reads a model from one safetensors file (docs/formats/model.md). Strict: what is not
// understood is refused.
#pragma once

#include <filesystem>
#include <string_view>
#include <variant>

#include "host/model/graph.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// Throws Error naming the file, the tensor or key and the reason, in one line.
Model load_model(const std::filesystem::path& path);

// A model of any task.
using AnyModel = std::variant<Model, TranslationModel>;
AnyModel load_any_model(const std::filesystem::path& path);

// The same from the file's bytes; `path` is what the messages and the model call it.
Model read_model(std::string_view bytes, const std::filesystem::path& path);

}  // namespace edgeval
