// Reads a model from one safetensors file (docs/formats/model.md). The reader is strict: it refuses
// what it does not understand.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <variant>

#include "host/model/graph.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// Reads a speech model. Throws Error with one line that names the file, the tensor or key, and the
// reason.
Model load_model(const std::filesystem::path& path);

// A model of any task, shared by all that run it.
using AnyModel =
    std::variant<std::shared_ptr<const Model>, std::shared_ptr<const TranslationModel>>;
// Reads a model of any task. Throws as load_model does.
AnyModel load_any_model(const std::filesystem::path& path);

// Reads a speech model, or a model of any task, from the bytes of a file. The messages and the
// model call it `path`.
Model read_model(std::string_view bytes, const std::filesystem::path& path);
AnyModel read_any_model(std::string_view bytes, const std::filesystem::path& path);

}  // namespace edgeval
