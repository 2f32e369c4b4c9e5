// From tensors read from a model file the engine computes what PyTorch's nn.GRU and nn.LSTM, with
// and without a projection, computed from them (tests/golden/cells.py).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/engine/engine.hpp"
#include "host/model/file.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::ordered_json;

Model model_of(const Json& test) {
  const auto outputs = test["outputs"].get<Index>();
  Json json = Json::parse(model_json(random_model({.inputs = 3, .outputs = outputs}, 1)));
  json["layers"] = Json::array({test["layer"]});
  std::vector<TensorBytes> tensors;
  for (const auto& [name, tensor] : test["tensors"].items())
    tensors.push_back(float_tensor(name, tensor["shape"].get<std::vector<Index>>(),
                                   tensor["values"].get<std::vector<float>>()));
  return read_model(safetensors_bytes(json.dump(), tensors), "torch.safetensors");
}

TEST(CellsOfPyTorch, GiveTheSameOutputs) {
  const Json tests = Json::parse(read_file(source_folder() / "tests/golden/cells.json"));
  ASSERT_EQ(tests.size(), 3U);
  for (const Json& test : tests) {
    SCOPED_TRACE(test["name"].get<std::string>());
    const Model model = model_of(test);
    Ragged<float> features(std::vector<Index>{test["frames"].get<Index>()}, model.inputs());
    const auto x = test["x"].get<std::vector<float>>(), h = test["h"].get<std::vector<float>>();
    std::copy(x.begin(), x.end(), features.sequence(0).data);
    const BatchResult result =
        make_cpu_engine(borrowed(model), {.threads = 1})->run(features, dense_point(model));
    const auto output = std::as_const(result.outputs).sequence(0);
    ASSERT_EQ(static_cast<std::size_t>(output.rows * output.cols), h.size());
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(output.data[i], h[i], 1e-6) << i;
  }
}

}  // namespace
}  // namespace edgeval::test
