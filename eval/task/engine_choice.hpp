// Where a network runs, as the options --device, --threads and --batch say.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/engine/translate/translator.hpp"

namespace edgeval {

struct EngineChoice {
  std::string device = "auto";  // auto | cpu | gpu | gpu:N
  int threads = 0;              // of the CPU; 0: all
  Index batch = 0;              // items at once; 0: from memory
  bool asks_for_gpu() const { return device.starts_with("gpu"); }
};

// auto, cpu, gpu or gpu:N.
bool is_device(std::string_view text);

// auto: the GPU when there is one.
bool takes_gpu(const EngineChoice& choice);

// They keep a reference to the model, which must outlive them.
// Throws Error when the GPU is not there.
std::unique_ptr<Engine> make_engine(const Model& model, const EngineChoice& choice);
Translator make_translator(const TranslationModel& model, const EngineChoice& choice);

}  // namespace edgeval
