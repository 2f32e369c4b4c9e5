// Faulty layers of GRU, SRU and QRNN cells, and faulty optional tensors of an LSTM, are refused
// with the file, the layer or tensor, and the reason.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/model/file.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::ordered_json;
using Tensors = std::vector<TensorBytes>;

struct BrokenCell {
  std::string what;
  LayerKind kind;
  CellForm form;
  std::function<void(Json& layer, Tensors&)> change;
  std::string reason;
};

void drop(Tensors& tensors, const std::string& name) {
  ASSERT_EQ(std::erase_if(tensors, [&](const TensorBytes& tensor) { return tensor.name == name; }),
            1U)
      << name;
}

// Gives a tensor another shape of as many elements.
void reshape(Tensors& tensors, const std::string& name, const std::vector<Index>& shape) {
  for (TensorBytes& tensor : tensors)
    if (tensor.name == name) tensor.shape = shape;
}

std::vector<BrokenCell> broken_layers() {
  const auto key = [](const char* name, const Json& value) {
    return [=](Json& layer, Tensors&) { layer[name] = value; };
  };
  const auto without = [](const char* name) {
    return [=](Json& layer, Tensors&) { layer.erase(name); };
  };
  const auto no_tensor = [](const char* name) {
    return [=](Json&, Tensors& tensors) { drop(tensors, name); };
  };
  const LayerKind lstm = kLstm, gru = kGru, sru = kSru, qrnn = kQrnn;
  // The layers have 3 inputs and 2 cells.
  return {
      {"unknown cell",
       gru,
       {},
       key("type", "grru"),
       "layers[0]: unknown type \"grru\"; did you mean gru?"},
      {"reset missing", gru, {}, without("reset"), "layer \"gru1\": key \"reset\" is missing"},
      {"reset unknown",
       gru,
       {},
       key("reset", "between"),
       "layer \"gru1\": unknown reset \"between\""},
      {"bias missing", gru, {}, without("bias"), "layer \"gru1\": key \"bias\" is missing"},
      {"bias a number", gru, {}, key("bias", 1), "bias is number, must be true or false"},
      {"a key of another cell", gru, {}, key("window", 2), "layers[0]: unknown key \"window\""},
      {"bias_hh missing",
       gru,
       {},
       no_tensor("gru1.forward.bias_hh"),
       "\"gru1.forward.bias_hh\" is missing"},
      {"biases that no key says",
       gru,
       {},
       key("bias", false),
       "\"gru1.forward.bias_hh\": no layer uses it"},
      {"gates of an LSTM",
       gru,
       {},
       [](Json&, Tensors& tensors) {
         reshape(tensors, "gru1.forward.weight_hh", {2, 6});
       },
       "\"gru1.forward.weight_hh\": shape [2, 6], must be [6, 2]"},
      {"weight_c missing",
       sru,
       {},
       no_tensor("sru1.forward.weight_c"),
       "\"sru1.forward.weight_c\" is missing"},
      {"weight_c flat",
       sru,
       {},
       [](Json&, Tensors& tensors) { reshape(tensors, "sru1.forward.weight_c", {4}); },
       "\"sru1.forward.weight_c\": shape [4], must be [2, 2]"},
      {"highway matrix missing",
       sru,
       {},
       [](Json&, Tensors& tensors) {
         drop(tensors, "sru1.forward.weight_ih");
         tensors.push_back(float_tensor("sru1.forward.weight_ih", {6, 3}, std::vector<float>(18)));
       },
       "\"sru1.forward.weight_ih\": shape [6, 3], must be [8, 3]"},
      {"output unknown", sru, {}, key("output", "h"), "unknown output \"h\""},
      {"window 0", qrnn, {}, key("window", 0), "window is 0, must lie in [1, 1000]"},
      {"window too long", qrnn, {}, key("window", 1001), "window is 1001, must lie in [1, 1000]"},
      {"window a fraction", qrnn, {}, key("window", 1.5), "window is 1.5, must be a whole number"},
      {"window of another width",
       qrnn,
       {},
       key("window", 2),
       "\"qrnn1.forward.weight_ih\": shape [6, 3], must be [6, 6]"},
      {"peepholes flat",
       lstm,
       {.peepholes = true},
       [](Json&, Tensors& tensors) { reshape(tensors, "lstm1.forward.peephole", {6}); },
       "\"lstm1.forward.peephole\": shape [6], must be [3, 2]"},
      {"projection of another width",
       lstm,
       {.projection = 4},
       [](Json&, Tensors& tensors) {
         reshape(tensors, "lstm1.forward.weight_hr", {2, 4});
       },
       "\"lstm1.forward.weight_hh\": shape [8, 4], must be [8, 2]"},
      {"projection without its matrix",
       lstm,
       {.projection = 4},
       no_tensor("lstm1.forward.weight_hr"),
       "\"lstm1.forward.weight_hh\": shape [8, 4], must be [8, 2]"},
  };
}

TEST(CellsFileRefusal, NamesFileLayerOrTensorAndReason) {
  for (const BrokenCell& broken : broken_layers()) {
    SCOPED_TRACE(broken.what);
    const Model model =
        random_model({.inputs = 3,
                      .lstm = {{.cells = 2, .kind = broken.kind, .form = broken.form}},
                      .outputs = 5},
                     1);
    Json json = Json::parse(model_json(model));
    Tensors tensors = model_tensors(model);
    broken.change(json["layers"][0], tensors);
    std::string message = "loaded";
    try {
      read_model(safetensors_bytes(json.dump(), tensors), "broken.safetensors");
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_EQ(message.find("broken.safetensors: "), 0U) << message;
    EXPECT_NE(message.find(broken.reason), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace edgeval::test
