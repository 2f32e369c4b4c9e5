// Makes the engine that the options --device, --gpu-memory, --threads and --batch ask for. The
// choice also says where the features that an engine reads are kept.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/engine/translate/translator.hpp"

namespace edgeval {

struct EngineChoice {
  std::string device = "auto";  // auto, cpu, gpu, gpu:N, gpu:N,N,... or gpu:all
  Index gpu_memory = 0;         // bytes that are taken of each GPU at most; 0: all there are
  int threads = 0;              // number of CPU threads; 0: all
  Index batch = 0;              // greatest number of items in a batch; 0: the session decides
  std::filesystem::path feature_folder = {};  // of the FeatureCache; empty: none
  bool asks_for_gpu() const { return device.starts_with("gpu"); }
};

// Returns why `device` cannot be a choice, or an empty text where it can.
std::string device_problem(std::string_view device);

// Throws Error when the choice names several GPUs. What passes between layers is seen on one.
void expect_one_device(const EngineChoice& choice);

// Returns among how many devices a batch is shared: 1 for the CPU.
Index devices_of(const EngineChoice& choice);

// Returns the choice for one of several processes on this machine. Where the choice allows several
// GPUs the processes take them in turn; `turn` counts the processes.
EngineChoice in_turn(EngineChoice choice, int turn);

// Whether the network runs on a GPU. "auto" takes a GPU when there is one.
bool takes_gpu(const EngineChoice& choice);

// Both functions throw Error when the GPU is not there.
std::unique_ptr<Engine> make_engine(std::shared_ptr<const Model> model, const EngineChoice& choice);
Translator make_translator(const std::shared_ptr<const TranslationModel>& model,
                           const EngineChoice& choice);

}  // namespace edgeval
