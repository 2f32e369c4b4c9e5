#include "eval/task/engine_choice.hpp"

#include <charconv>

#include "cuda/engine.hpp"

namespace edgeval {
namespace {

constexpr std::string_view kGpu = "gpu";

// Returns the number that follows "gpu:", or nothing when `device` is not written so.
std::optional<int> gpu_number(std::string_view device) {
  if (!device.starts_with("gpu:")) return std::nullopt;
  const std::string_view digits = device.substr(kGpu.size() + 1);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && number >= 0 ? std::optional(number) : std::nullopt;
}

EngineOptions engine_options(const EngineChoice& choice) {
  return {.threads = choice.threads, .gpu = gpu_number(choice.device).value_or(kFirstDevice)};
}

}  // namespace

bool is_device(std::string_view text) {
  return text == "auto" || text == "cpu" || text == kGpu || gpu_number(text);
}

bool takes_gpu(const EngineChoice& choice) {
  return choice.asks_for_gpu() || (choice.device == "auto" && !gpu::devices().empty());
}

std::unique_ptr<Engine> make_engine(std::shared_ptr<const Model> model,
                                    const EngineChoice& choice) {
  const EngineOptions engine = engine_options(choice);
  return takes_gpu(choice) ? gpu::make_engine(std::move(model), engine)
                           : make_cpu_engine(std::move(model), engine);
}

Translator make_translator(const std::shared_ptr<const TranslationModel>& model,
                           const EngineChoice& choice) {
  const EngineOptions engine = engine_options(choice);
  if (!takes_gpu(choice)) return {model, engine};
  return {model, gpu::make_engine(network_of(model), engine),
          gpu::make_decoder_engine(model, {.device = engine.gpu})};
}

}  // namespace edgeval
