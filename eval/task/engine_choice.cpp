#include "eval/task/engine_choice.hpp"

#include <algorithm>
#include <charconv>

#include "cuda/engine.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

constexpr std::string_view kList = "gpu:", kAllGpus = "gpu:all";

// Returns the numbers of the list that follows "gpu:", or nothing when `device` is not written so.
std::optional<std::vector<int>> gpu_list(std::string_view device) {
  if (!device.starts_with(kList)) return std::nullopt;
  std::vector<int> numbers;
  const char* const end = device.data() + device.size();
  for (const char* at = device.data() + kList.size();; ++at) {
    const auto [next, error] = std::from_chars(at, end, numbers.emplace_back());
    if (error != std::errc() || numbers.back() < 0) return std::nullopt;
    if (next == end) return numbers;
    if (*next != ',') return std::nullopt;
    at = next;
  }
}

Gpus gpus_of(const EngineChoice& choice) {
  Gpus gpus{.memory = choice.gpu_memory};
  if (choice.device == kAllGpus)
    for (const gpu::Device& device : gpu::devices()) gpus.numbers.push_back(device.number);
  else
    gpus.numbers = gpu_list(choice.device).value_or(std::vector<int>());
  return gpus;
}

EngineOptions engine_options(const EngineChoice& choice) {
  return {.threads = choice.threads, .gpus = gpus_of(choice)};
}

}  // namespace

std::string device_problem(std::string_view device) {
  for (const std::string_view known : {"auto", "cpu", "gpu", kAllGpus.data()})
    if (device == known) return "";
  std::optional<std::vector<int>> numbers = gpu_list(device);
  if (!numbers)
    return concat(device, ": must be auto, cpu, gpu, gpu:N, a list such as gpu:0,1, or ", kAllGpus);
  std::ranges::sort(*numbers);
  const auto twice = std::ranges::adjacent_find(*numbers);
  return twice == numbers->end() ? "" : concat(device, ": names GPU ", *twice, " twice");
}

void expect_one_device(const EngineChoice& choice) {
  EDGEVAL_EXPECTS(devices_of(choice) == 1, "--device ", choice.device,
                  ": what passes between layers is seen on one GPU; name one, such as gpu:0");
}

Index devices_of(const EngineChoice& choice) {
  return std::max(std::ssize(gpus_of(choice).numbers), std::ptrdiff_t{1});
}

EngineChoice in_turn(EngineChoice choice, int turn) {
  std::vector<int> numbers = gpus_of(choice).numbers;
  if (choice.device == "auto" || choice.device == "gpu")
    for (const gpu::Device& device : gpu::devices()) numbers.push_back(device.number);
  if (!numbers.empty())
    choice.device = concat("gpu:", numbers[static_cast<std::size_t>(turn) % numbers.size()]);
  return choice;
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
          gpu::make_decoder_engine(model, {.gpus = engine.gpus, .threads = engine.threads})};
}

}  // namespace edgeval
