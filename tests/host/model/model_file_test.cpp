// A model that is read has exactly the values of its file.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/model/file.hpp"
#include "tests/support/cells.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

void expect_equal(const Matrix<float>& actual, const Matrix<float>& expected) {
  ASSERT_EQ(actual.rows(), expected.rows());
  ASSERT_EQ(actual.cols(), expected.cols());
  for (Index i = 0; i < expected.size(); ++i) ASSERT_EQ(actual.values()[i], expected.values()[i]);
}

void expect_equal(const RecurrentLayer& actual, const RecurrentLayer& expected) {
  EXPECT_EQ(actual.name, expected.name);
  EXPECT_EQ(actual.inputs, expected.inputs);
  EXPECT_EQ(actual.cells, expected.cells);
  EXPECT_EQ(actual.directions, expected.directions);
  ASSERT_EQ(actual.weights.size(), expected.weights.size());
  for (std::size_t d = 0; d < expected.weights.size(); ++d) {
    expect_equal(actual.weights[d].weight_ih, expected.weights[d].weight_ih);
    expect_equal(actual.weights[d].weight_hh, expected.weights[d].weight_hh);
    expect_equal(actual.weights[d].bias, expected.weights[d].bias);
    expect_equal(actual.weights[d].bias_hh, expected.weights[d].bias_hh);
    expect_equal(actual.weights[d].diagonal, expected.weights[d].diagonal);
    expect_equal(actual.weights[d].weight_hr, expected.weights[d].weight_hr);
  }
  EXPECT_EQ(actual.kind, expected.kind);
  EXPECT_EQ(actual.form, expected.form);
}

void expect_equal(const LinearLayer& actual, const LinearLayer& expected) {
  EXPECT_EQ(actual.name, expected.name);
  EXPECT_EQ(actual.inputs, expected.inputs);
  EXPECT_EQ(actual.width, expected.width);
  EXPECT_EQ(actual.activation.type, expected.activation.type);
  EXPECT_EQ(actual.activation.limit, expected.activation.limit);
  expect_equal(actual.weight, expected.weight);
  expect_equal(actual.bias, expected.bias);
}

TEST(ModelFile, LoadsWhatTheWriterWrote) {
  for (const auto& directions : {kForwardOnly, kBackwardOnly, kBothDirections}) {
    const Model written = random_model({.inputs = 7,
                                        .lstm = {{.cells = 1, .directions = directions},
                                                 {.cells = 33, .directions = kBothDirections},
                                                 {.cells = 4, .directions = directions}},
                                        .outputs = 3},
                                       5);
    const Model read = read_model(model_bytes(written), "some.safetensors");
    EXPECT_EQ(read.path, "some.safetensors");
    EXPECT_EQ(read.name, "random");
    EXPECT_EQ(read.task, "ctc");
    EXPECT_EQ(read.tokens, (std::vector<std::string>{"<blank>", "t1", "t2"}));
    EXPECT_EQ(read.blank, 0);
    EXPECT_EQ(read.inputs(), 7);
    EXPECT_EQ(read.outputs(), 3);
    ASSERT_EQ(read.layers.size(), 4u);
    for (std::size_t i = 0; i < 3; ++i)
      expect_equal(std::get<RecurrentLayer>(read.layers[i]),
                   std::get<RecurrentLayer>(written.layers[i]));
    expect_equal(std::get<LinearLayer>(read.layers[3]), std::get<LinearLayer>(written.layers[3]));
  }
}

TEST(ModelFile, EveryKindOfCellLoadsAsItWasWritten) {
  for (NamedCell cell : every_cell()) {
    SCOPED_TRACE(cell.name);
    if (cell.form.projection > 0) cell.form.projection = 3;
    if (cell.kind == kQrnn) cell.form.window = 4;
    const RecurrentSpec spec{
        .cells = 7, .directions = kBothDirections, .kind = cell.kind, .form = cell.form};
    // An SRU of as many inputs as cells has no highway matrix.
    for (Index inputs : {Index{7}, Index{5}}) {
      const Model written = random_model({.inputs = inputs, .lstm = {spec}, .outputs = 2}, 3);
      const Model read = read_model(model_bytes(written), "");
      expect_equal(std::get<RecurrentLayer>(read.layers[0]),
                   std::get<RecurrentLayer>(written.layers[0]));
      EXPECT_EQ(layer_outputs(read.layers[0]), cell.form.projection > 0 ? 6 : 14);
    }
  }
}

TEST(ModelFile, EveryKeyOfTheFrontEndArrives) {
  Model model = random_model({.inputs = 3, .outputs = 2}, 1);
  model.frontend = {.sample_rate = 8000,
                    .frame_ms = 20.5,
                    .shift_ms = 8,
                    .mel_bins = 1,
                    .low_hz = 64,
                    .high_hz = 3800.5,
                    .preemphasis = 0.5,
                    .cmvn = "none",
                    .cmvn_epsilon = 1e-3,
                    .deltas = 2,
                    .delta_window = 3};
  const FrontendConfig read = read_model(model_bytes(model), "").frontend;
  EXPECT_EQ(read.type, "fbank");
  EXPECT_EQ(read.sample_rate, 8000);
  EXPECT_EQ(read.frame_ms, 20.5);
  EXPECT_EQ(read.shift_ms, 8);
  EXPECT_EQ(read.mel_bins, 1);
  EXPECT_EQ(read.low_hz, 64);
  EXPECT_EQ(read.high_hz, 3800.5);
  EXPECT_EQ(read.preemphasis, 0.5);
  EXPECT_EQ(read.window, "povey");
  EXPECT_EQ(read.dither, 0);
  EXPECT_EQ(read.cmvn, "none");
  EXPECT_EQ(read.cmvn_epsilon, 1e-3);
  EXPECT_EQ(read.deltas, 2);
  EXPECT_EQ(read.delta_window, 3);
}

TEST(ModelFile, EveryKeyOfTheMfccFrontEndArrives) {
  Model model = random_model({.inputs = 35, .outputs = 2}, 1);
  model.frontend.type = "mfcc";
  model.frontend.mel_bins = 8;
  model.frontend.cepstra = 7;
  model.frontend.lifter = 12;
  model.frontend.splice = {1, 3};
  model.frontend.subsample = 4;
  const FrontendConfig read = read_model(model_bytes(model), "").frontend;
  EXPECT_EQ(read.type, "mfcc");
  EXPECT_EQ(read.mel_bins, 8);
  EXPECT_EQ(read.cepstra, 7);
  EXPECT_EQ(read.lifter, 12);
  EXPECT_EQ(read.splice.before, 1);
  EXPECT_EQ(read.splice.after, 3);
  EXPECT_EQ(read.subsample, 4);
  EXPECT_EQ(read.features(), 35);
}

TEST(ModelFile, LinearLayersCarryTheirActivation) {
  for (const Activation& activation : {Activation{}, Activation{Activation::Type::kRelu},
                                       Activation{Activation::Type::kClippedRelu, 20.5f}}) {
    Model written = random_model({.inputs = 3, .outputs = 2}, 1);
    std::get<LinearLayer>(written.layers[0]).activation = activation;
    const Model read = read_model(model_bytes(written), "");
    expect_equal(std::get<LinearLayer>(read.layers[0]), std::get<LinearLayer>(written.layers[0]));
  }
}

TEST(ModelFile, OtherMetadataAndPaddingOfTheHeaderAreAllowed) {
  const FileParts parts = unframed(model_bytes(random_model({.inputs = 3, .outputs = 2}, 1)));
  auto header = nlohmann::ordered_json::parse(parts.header);
  header["__metadata__"]["format"] = "pt";
  EXPECT_NO_THROW(read_model(framed(header.dump() + "     ", parts.data), ""));
}

TEST(ModelFile, TheOrderOfTheTensorsInTheFileIsFree) {
  const Model written = random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1);
  std::vector<TensorBytes> tensors = model_tensors(written);
  std::reverse(tensors.begin(), tensors.end());
  const Model read = read_model(safetensors_bytes(model_json(written), tensors), "");
  expect_equal(std::get<RecurrentLayer>(read.layers[0]),
               std::get<RecurrentLayer>(written.layers[0]));
  expect_equal(std::get<LinearLayer>(read.layers[1]), std::get<LinearLayer>(written.layers[1]));
}

// Returns the weight, [1, 6], that is read from a model of one linear layer, whose file has these
// 16-bit words of type `dtype`.
Matrix<float> weight_of_words(const std::string& dtype, const std::array<std::uint16_t, 6>& words) {
  const Model model = random_model({.inputs = 6, .outputs = 1}, 1);
  std::vector<TensorBytes> tensors = model_tensors(model);
  tensors[0].dtype = dtype;
  tensors[0].bytes.clear();
  for (std::uint16_t word : words) {
    tensors[0].bytes += static_cast<char>(word & 255);
    tensors[0].bytes += static_cast<char>(word >> 8);
  }
  Model read = read_model(safetensors_bytes(model_json(model), tensors), "");
  return std::move(std::get<LinearLayer>(read.layers[0]).weight);
}

TEST(ModelFile, HalfPrecisionIsExact) {
  const Matrix<float> w = weight_of_words("F16", {0x3C00, 0xC000, 0x7BFF, 0x3555, 0x0001, 0x83FF});
  EXPECT_EQ(w(0, 0), 1.0f);
  EXPECT_EQ(w(0, 1), -2.0f);
  EXPECT_EQ(w(0, 2), 65504.0f);                // the largest number
  EXPECT_EQ(w(0, 3), 1365.0f / 4096.0f);       // (1024 + 341) * 2^(13 - 25)
  EXPECT_EQ(w(0, 4), 1.0f / 16777216.0f);      // the smallest subnormal, 2^-24
  EXPECT_EQ(w(0, 5), -1023.0f / 16777216.0f);  // the largest subnormal, negative
  const Matrix<float> v = weight_of_words("F16", {0x8000, 0x0400, 0x0000, 0xFBFF, 0x4248, 0x3BFF});
  EXPECT_TRUE(v(0, 0) == 0.0f && std::signbit(v(0, 0)));
  EXPECT_EQ(v(0, 1), 1.0f / 16384.0f);  // the smallest normal number, 2^-14
  EXPECT_TRUE(v(0, 2) == 0.0f && !std::signbit(v(0, 2)));
  EXPECT_EQ(v(0, 3), -65504.0f);
  EXPECT_EQ(v(0, 4), 3.140625f);  // (1024 + 584) * 2^(16 - 25)
  EXPECT_EQ(v(0, 5), 2047.0f / 2048.0f);
}

TEST(ModelFile, BrainFloatIsExact) {
  const Matrix<float> w = weight_of_words("BF16", {0x3F80, 0xC049, 0x7F7F, 0x0001, 0x8000, 0x3EAB});
  EXPECT_EQ(w(0, 0), 1.0f);
  EXPECT_EQ(w(0, 1), -3.140625f);               // -(128 + 73) / 64
  EXPECT_EQ(w(0, 2), std::ldexp(255.0f, 120));  // the largest number
  EXPECT_EQ(w(0, 3), std::ldexp(1.0f, -133));   // a subnormal float
  EXPECT_TRUE(w(0, 4) == 0.0f && std::signbit(w(0, 4)));
  EXPECT_EQ(w(0, 5), 0.333984375f);  // (128 + 43) / 512
}

// The digests were found with sha256sum, the values with commands such as
//   python3 -c "import json,struct; b=open('an4-blstm3x128.safetensors','rb').read();
//   n=8+int.from_bytes(b[:8],'little'); o=json.loads(b[8:n])['output.bias']['data_offsets'][0];
//   print(struct.unpack_from('<f',b,n+o+4*28)[0].hex())"
struct Trained {
  const char* file;
  const char* sha256;
  float first;        // lstm1.forward.weight_ih[0, 0]
  float middle;       // lstm2.backward.weight_hh[511, 127]
  float bias;         // lstm3.backward.bias[200]
  float output;       // output.weight[28, 3]
  float output_bias;  // output.bias[28]
};

TEST(ModelFile, TheTrainedModelsLoad) {
  EDGEVAL_NEEDS_SHARED("models");
  const Trained models[] = {
      {"an4-blstm3x128", "cb5df680bbb314d4ec46ca44449450e5a6c118df32b16160ecf5ca6c8da2d630",
       0x1.328b0ap-3f, -0x1.5772e4p-3f, 0x1.077ddap+0f, 0x1.3694bep-3f, -0x1.22f956p-4f},
      {"speech-blstm3x128", "916c02b4f0202985f2fb9afeed2fbab64d3c708d6e82145870aeb73dcfc87b40",
       0x1.f8d234p-3f, -0x1.0afd2ep-4f, 0x1.11a118p+0f, 0x1.9b2076p-4f, -0x1.9d13eap-4f}};
  for (const Trained& expected : models) {
    SCOPED_TRACE(expected.file);
    const Model model =
        load_model(shared_folder() / "models" / concat(expected.file, ".safetensors"));
    EXPECT_EQ(model.name, expected.file);
    EXPECT_EQ(model.sha256, expected.sha256);
    EXPECT_EQ(model.frontend.features(), 120);
    ASSERT_EQ(model.tokens.size(), 29u);
    EXPECT_EQ(model.tokens[2], "'");
    ASSERT_EQ(model.layers.size(), 4u);
    EXPECT_EQ(std::get<RecurrentLayer>(model.layers[0]).weights[0].weight_ih(0, 0), expected.first);
    EXPECT_EQ(std::get<RecurrentLayer>(model.layers[1]).weights[1].weight_hh(511, 127),
              expected.middle);
    EXPECT_EQ(std::get<RecurrentLayer>(model.layers[2]).weights[1].bias(0, 200), expected.bias);
    EXPECT_EQ(std::get<LinearLayer>(model.layers[3]).weight(28, 3), expected.output);
    EXPECT_EQ(std::get<LinearLayer>(model.layers[3]).bias(0, 28), expected.output_bias);
  }
}

TEST(ModelFile, TheDeepSpeechShapeLoads) {
  EDGEVAL_NEEDS_SHARED("models/deepspeech-small.safetensors");
  const Model model = load_model(shared_folder() / "models/deepspeech-small.safetensors");
  EXPECT_EQ(model.sha256, "6ab3fe9a2873871052111ee3293156ca62f0a54039200cb48cdaa4092f90b7e8");
  EXPECT_EQ(model.frontend.features(), 494);
  EXPECT_EQ(model.frontend.cepstra, 26);
  EXPECT_EQ(model.frontend.lifter, 22);
  ASSERT_EQ(model.layers.size(), 6u);
  for (const std::size_t i : {0u, 1u, 2u, 4u}) {
    const Activation& activation = std::get<LinearLayer>(model.layers[i]).activation;
    EXPECT_EQ(activation.type, Activation::Type::kClippedRelu);
    EXPECT_EQ(activation.limit, 20.0f);
  }
  EXPECT_EQ(layer_outputs(model.layers[2]), 512);
  EXPECT_EQ(std::get<RecurrentLayer>(model.layers[3]).cells, 256);
  EXPECT_EQ(model.outputs(), 29);
}

}  // namespace
}  // namespace edgeval::test
