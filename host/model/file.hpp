// Reads a model from one safetensors file (docs/formats.md, "model file"). Strict: what is not understood is refused.
#pragma once

#include <filesystem>

#include "host/model/graph.hpp"

namespace edgeval {

// Throws Error naming the file, the tensor and the reason.
Model load_model(const std::filesystem::path& path);

}  // namespace edgeval
