// The GPU engine, seen from plain C++. The build picks engine.cpp, or absent.cpp where there is no
// CUDA toolkit.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/engine/engine.hpp"

namespace edgeval::gpu {

bool built_with_cuda();

// Names of the usable devices; empty without a driver or without CUDA in the build.
std::vector<std::string> devices();

// Throws Error when there is no device. The engine keeps a reference to the model, which must
// outlive it.
std::unique_ptr<Engine> make_engine(const Model& model, const EngineOptions& options);

}  // namespace edgeval::gpu
