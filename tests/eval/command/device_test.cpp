// With a GPU, `--device auto` takes it, several share the work of a command, and whole texts are
// translated there as on the CPU. The test is labelled gpu.
#include "cuda/engine.hpp"
#include "eval/command/options/common_options.hpp"
#include "eval/command/run_command.hpp"
#include "eval/command/sweep/sweep_command.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/gpu.hpp"
#include "tests/support/gpu_memory.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/refused_command.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/translation_task.hpp"

namespace edgeval::test {
namespace {

TEST(DeviceChoice, AutoTakesTheGpu) {
  EDGEVAL_NEEDS_GPU();
  const Model model = random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1);
  EXPECT_TRUE(make_engine(borrowed(model), {})->on_gpu());
  EXPECT_FALSE(make_engine(borrowed(model), {.device = "cpu"})->on_gpu());
}

TEST(DeviceChoice, TakesEveryGpuByItsNumberAndNoOther) {
  EDGEVAL_NEEDS_GPU();
  const Model model = random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1);
  Random random(2);
  const Ragged<float> features = random_batch(random, {5, 40}, 3);
  const OperatingPoint point = dense_point(model);
  const BatchResult expected =
      make_engine(borrowed(model), {.device = "gpu"})->run(features, point);
  for (const gpu::Device& device : gpu::devices()) {
    const std::size_t before = memory_of_gpu(device.number).free;
    const auto engine = make_engine(borrowed(model), {.device = concat("gpu:", device.number)});
    EXPECT_EQ(engine->device(), device.name);
    EXPECT_EQ(engine->run(features, point).activity, expected.activity);
    EXPECT_LT(memory_of_gpu(device.number).free, before) << device.number << " was not used";
  }
  try {
    make_engine(borrowed(model), {.device = "gpu:99"});
    FAIL() << "there is no such GPU";
  } catch (const Error& error) {
    const gpu::Device first = gpu::devices().front();
    EXPECT_NE(std::string(error.what()).find(concat("gpu:", first.number, " (", first.name, ")")),
              std::string::npos)
        << error.what();
  }
}

TEST(DeviceChoice, TakesSeveralGpus) {
  EDGEVAL_NEEDS_GPU();
  const std::vector<gpu::Device> devices = gpu::devices();
  const Model model = random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1);
  Random random(2);
  const Ragged<float> features = random_batch(random, {5, 40, 41}, 3);
  const OperatingPoint point = dense_point(model);
  std::string list;
  for (const gpu::Device& device : devices)
    list += concat(list.empty() ? "gpu:" : ",", device.number);
  for (const std::string& device : {list, std::string("gpu:all")}) {
    std::vector<std::size_t> before;
    for (const gpu::Device& each : devices) before.push_back(memory_of_gpu(each.number).free);
    const auto engine = make_engine(borrowed(model), {.device = device});
    EXPECT_EQ(engine->run(features, point).activity,
              make_engine(borrowed(model), {.device = "gpu"})->run(features, point).activity);
    for (std::size_t d = 0; d < devices.size(); ++d)
      EXPECT_LT(memory_of_gpu(devices[d].number).free, before[d]) << device;
  }
}

// Returns the value that --gpu-memory leaves, or the message with which it is refused.
std::string gpu_memory_of(const std::string& size) {
  CLI::App app;
  EngineChoice choice;
  add_engine_options(app, choice);
  try {
    app.parse(std::vector<std::string>{size, "--gpu-memory"});
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return concat(choice.gpu_memory);
}

TEST(DeviceChoice, GivesProcessesTheirGpusInTurn) {
  const auto devices_of_turns = [](const std::string& device) {
    std::vector<std::string> devices;
    for (int turn = 0; turn < 3; ++turn)
      devices.push_back(in_turn({.device = device}, turn).device);
    return devices;
  };
  using Devices = std::vector<std::string>;
  EXPECT_EQ(devices_of_turns("gpu:3,1"), (Devices{"gpu:3", "gpu:1", "gpu:3"}));
  EXPECT_EQ(devices_of_turns("gpu:1"), (Devices{"gpu:1", "gpu:1", "gpu:1"}));
  EXPECT_EQ(devices_of_turns("cpu"), (Devices{"cpu", "cpu", "cpu"}));
  for (const std::string all : {"auto", "gpu", "gpu:all"}) {
    Devices expected;
    const std::vector<gpu::Device> usable = gpu::devices();
    for (std::size_t turn = 0; turn < 3; ++turn)
      expected.push_back(usable.empty() ? all
                                        : concat("gpu:", usable[turn % usable.size()].number));
    EXPECT_EQ(devices_of_turns(all), expected);
  }
}

TEST(DeviceChoice, ReadsSizesOfMemory) {
  EXPECT_EQ(gpu_memory_of("24G"), "25769803776");
  EXPECT_EQ(gpu_memory_of("64M"), "67108864");
  EXPECT_EQ(gpu_memory_of("65536K"), "67108864");
  EXPECT_EQ(gpu_memory_of("2T"), "2199023255552");
  for (const char* size : {"24", "24g", "24GB", "G", "", "-24G", "1.5G", "24 G", "x", "24X"})
    EXPECT_NE(gpu_memory_of(size).find("--gpu-memory"), std::string::npos) << size;
  EXPECT_NE(gpu_memory_of("63M").find("at least 64M"), std::string::npos);
  EXPECT_NE(gpu_memory_of("8388608T").find("out of range"), std::string::npos);
  EXPECT_NE(gpu_memory_of("99999999999999999999G").find("out of range"), std::string::npos);
}

// Runs a command in this process, which has the GPU engine, and returns a file that it wrote.
std::string written(void (*setup)(CLI::App&), const Inputs& inputs, const Arguments& more,
                    const std::string& file) {
  const TemporaryFolder out;
  CLI::App app;
  setup(app);
  Arguments arguments{app.get_subcommands({}).front()->get_name()};
  for (const auto& [option, path] :
       {std::pair("--model", inputs.path() / "model.safetensors"),
        std::pair("--data", inputs.path() / "set.jsonl"),
        std::pair("--policy", inputs.path() / "p.yaml"), std::pair("--out", out.path() / "out")})
    arguments.insert(arguments.end(), {option, path.string()});
  arguments.insert(arguments.end(), {"--no-cache", "--quiet"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::ranges::reverse(arguments);  // as CLI11 takes them
  app.parse(std::move(arguments));
  return read_file(out.path() / "out" / file);
}

// All figures and their order, the id of the run among them, are those of one GPU, in fp32 too.
TEST(DeviceChoice, ChangesNothingThatACommandWrites) {
  EDGEVAL_NEEDS_GPU();
  if (gpu::devices().size() < 2) GTEST_SKIP() << "there is one device";
  const Inputs inputs;
  const auto run = [&](const Arguments& more) {
    return written(setup_run, inputs, more, "utterances.jsonl");
  };
  const auto sweep = [&](Arguments more) {
    more.insert(more.end(), {"--draw", "grid", "--vary", "plan.threshold=0.3,0.5,0.7", "--vary",
                             "operand.clusters=8,16"});
    return written(setup_sweep, inputs, more, "points.csv");
  };
  const std::string one_run = run({"--device", "gpu"}), one_sweep = sweep({"--device", "gpu"});
  EXPECT_EQ(std::ranges::count(one_run, '\n'), 2);
  EXPECT_EQ(std::ranges::count(one_sweep, '\n'), 8);
  for (const Arguments& several : {Arguments{"--device", "gpu:all"},
                                   Arguments{"--device", "gpu:all", "--gpu-memory", "64M"}}) {
    EXPECT_EQ(run(several), one_run);
    EXPECT_EQ(sweep(several), one_sweep);
  }
}

TEST(DeviceChoice, ChangesNoTextThatABeamFindsInIntegers) {
  EDGEVAL_NEEDS_GPU();
  const Inputs inputs;
  const auto run = [&](const std::string& device) {
    return written(setup_run, inputs,
                   {"--set", "arithmetic.type=int8", "--set", "beam.width=6", "--device", device},
                   "utterances.jsonl");
  };
  const std::string found = run("gpu");
  EXPECT_NE(found.find("\"beam_width_sum\""), std::string::npos);
  EXPECT_EQ(found, run("cpu"));
}

TEST(GpuTranslationOfText, OfTheShippedCaptionsScoresAsOnTheCpu) {
  EDGEVAL_NEEDS_GPU();
  const auto task = [](const char* device) {
    return TranslationTask(captions() / "multi30k-en-de.safetensors", captions() / "captions.en",
                           captions() / "captions.de", device, takes_all_cases() ? 0 : 12);
  };
  const TranslationTask gpu = task("gpu"), cpu = task("cpu");
  const double widest = takes_all_cases() ? 5 : 2;
  EXPECT_NEAR(gpu.bleu(1), cpu.bleu(1), 0.1);
  EXPECT_NEAR(gpu.bleu(widest), cpu.bleu(widest), 0.1);
  EXPECT_EQ(gpu.translate(widest, 7).hypotheses(), gpu.translate(widest).hypotheses());
  EXPECT_EQ(task("gpu:all").translate(widest).hypotheses(), gpu.translate(widest).hypotheses());
}

TEST(GpuTranslationOfText, OfAnImportedOpenNmtModelIsExactAsOftenAsThere) {
  EDGEVAL_NEEDS_GPU();
  EDGEVAL_NEEDS_SHARED("data/onmt_ipa/test_model2_v2_9653b3a0.pt");
  const TemporaryFolder made;
  const std::filesystem::path folder = shared_folder() / "data/onmt_ipa";
  const TranslationTask task(imported_ipa(made.path()), folder / "test_model2.src",
                             folder / "test_model2.tgt", "gpu");
  EXPECT_EQ(task.exact(1), 185);
  const double widest = takes_all_cases() ? 5 : 1;
  EXPECT_EQ(task.translate(widest, takes_all_cases() ? 1 : 67).hypotheses(),
            task.translate(widest, 198).hypotheses());
  if (!takes_all_cases()) return;
  for (double width : {2.0, 5.0, 10.0}) EXPECT_EQ(task.exact(width), 186) << "width " << width;
}

}  // namespace
}  // namespace edgeval::test
