// Imports checkpoints (host/import): the networks of tests/golden/import.py, whose values are
// known, and a trained OpenNMT-py model, which is compared with its weights in numpy's format.
#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

#include "host/import/source/stored_zip.hpp"
#include "host/model/file.hpp"
#include "host/model/translation.hpp"
#include "tests/support/imported.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/torch_file.hpp"

namespace edgeval::test {
namespace {

using Floats = std::vector<float>;
using Shape = std::vector<Index>;

Floats values(const Imported& all, const std::string& name) { return tensor_of(all, name).values; }

// Returns a line "source -> name: done" for each tensor.
std::vector<std::string> ways(const Imported& all) {
  std::vector<std::string> lines;
  for (const Imported::Way& way : all.ways)
    lines.push_back(concat(way.source, " -> ", way.name, ": ", way.done));
  return lines;
}

TEST(ImportStateDict, AnLstmAddsItsTwoBiasesAndKeepsTheOrderOfGates) {
  const Imported all = imported_file("lstm.pt");
  ASSERT_EQ(all.tensors.size(), 3u * 4 + 2);
  for (int layer = 0; layer < 2; ++layer) {
    for (int direction = 0; direction < 2; ++direction) {
      const std::string prefix =
          concat("rnn", layer + 1, direction == 0 ? ".forward." : ".backward.");
      const int k = 8 * layer + 4 * direction, inputs = layer == 0 ? 3 : 4;
      EXPECT_EQ(tensor_of(all, prefix + "weight_ih").shape, (Shape{8, inputs}));
      EXPECT_EQ(values(all, prefix + "weight_ih"), filled(k, 8 * inputs));
      EXPECT_EQ(values(all, prefix + "weight_hh"), filled(k + 1, 16));
      EXPECT_EQ(values(all, prefix + "bias"), filled_sum(k + 2, k + 3, 8));
    }
  }
  EXPECT_EQ(values(all, "fc.weight"), filled(16, 20));
  EXPECT_EQ(values(all, "fc.bias"), filled(17, 5));
  EXPECT_EQ(all.ways.size(), 4u * 4 + 2);
  EXPECT_EQ(ways(all)[2], "rnn.bias_ih_l0 -> rnn1.forward.bias: added to the other bias");
}

TEST(ImportStateDict, TheFileIsReadBackAsTheSameModel) {
  const Imported all = imported_file("lstm.pt");
  const Model model = read_model(to_safetensors(all, {{"file", "lstm.pt"}}), "lstm.safetensors");
  EXPECT_EQ(model.name, "m");
  EXPECT_EQ(model.task, "ctc");
  ASSERT_EQ(model.layers.size(), 3u);
  EXPECT_EQ(layer_name(model.layers[0]), "rnn1");
  EXPECT_EQ(layer_outputs(model.layers[1]), 4);
  const auto& fc = std::get<LinearLayer>(model.layers[2]);
  EXPECT_EQ(Floats(fc.weight.values().begin(), fc.weight.values().end()), filled(16, 20));
}

TEST(ImportStateDict, AGruKeepsBothBiasesAndItsCheckpointIsLookedInto) {
  const Imported all = imported_file("gru.pt");
  EXPECT_EQ(all.left_out, (std::vector<std::string>{"epoch", "optimizer"}));
  EXPECT_EQ(all.model["layers"][0].dump(),
            R"({"type":"gru","name":"rnn","inputs":3,"cells":2,"direction":"forward",)"
            R"("reset":"after","bias":true})");
  EXPECT_EQ(values(all, "rnn.forward.weight_ih"), filled(0, 18));
  EXPECT_EQ(values(all, "rnn.forward.weight_hh"), filled(1, 12));
  EXPECT_EQ(values(all, "rnn.forward.bias_ih"), filled(2, 6));
  EXPECT_EQ(values(all, "rnn.forward.bias_hh"), filled(3, 6));
  EXPECT_NO_THROW(read_model(to_safetensors(all, {}), "gru.safetensors"));
}

// The file has a transposed tensor, tensors of doubles and of halves, two tensors in one storage,
// and a projection.
TEST(ImportStateDict, StridesOffsetsAndDtypesAreUndone) {
  const Imported all = imported_file("odd.pt");
  EXPECT_EQ(tensor_of(all, "rnn.forward.weight_hr").shape, (Shape{1, 2}));
  EXPECT_EQ(values(all, "rnn.forward.weight_ih"), filled(0, 24));
  EXPECT_EQ(values(all, "rnn.forward.weight_hh"), filled(1, 8));
  EXPECT_EQ(values(all, "rnn.forward.bias"), filled_sum(2, 3, 8));
  EXPECT_EQ(values(all, "rnn.forward.weight_hr"), filled(4, 2));
  EXPECT_EQ(values(all, "fc.weight"), filled(5, 5));
  EXPECT_EQ(values(all, "fc.bias"), filled(6, 5));
  EXPECT_NO_THROW(read_model(to_safetensors(all, {}), "odd.safetensors"));
}

TEST(ImportStateDict, ADescriptionNamesOrdersAndActivatesModules) {
  const TemporaryFolder folder;
  OrderedJson describe = OrderedJson::parse(read_file(describe_file()));
  describe["name"] = "mine";
  describe["layers"] = {{{"from", "rnn"}, {"name", "lstm"}},
                        {{"from", "fc"}, {"name", "output"}, {"activation", {{"type", "relu"}}}}};
  const Imported all = imported_file("lstm.pt", folder.file("d.json", describe.dump()));
  EXPECT_EQ(all.model["name"], "mine");
  EXPECT_EQ(all.model["layers"][1]["name"], "lstm2");
  EXPECT_EQ(all.model["layers"][2]["activation"]["type"], "relu");
  EXPECT_EQ(values(all, "output.bias"), filled(17, 5));
  EXPECT_NO_THROW(read_model(to_safetensors(all, {}), "m.safetensors"));
}

TEST(ImportStateDict, ALinearLayerWithoutABiasGetsZerosAndTheReportSaysSo) {
  const std::string object =
      dict({{"fc.weight", tensor({.key = "0", .count = 6, .shape = {2, 3}, .strides = {3, 1}})},
            {"aux.scale", tensor({.key = "1"})}});
  const std::string bytes =
      legacy_file(object, {float_storage("0", {1, 2, 3, 4, 5, 6}), float_storage("1", {9})});
  const TemporaryFolder folder;
  OrderedJson describe = OrderedJson::parse(read_file(describe_file()));
  describe["ignore"] = {"aux."};
  const Imported all = imported(bytes, folder.file("d.json", describe.dump()));
  EXPECT_EQ(values(all, "fc.weight"), (Floats{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(values(all, "fc.bias"), (Floats{0, 0}));
  EXPECT_EQ(ways(all).back(), " -> fc.bias: made of zeros: the layer has none");
  EXPECT_EQ(all.left_out, std::vector<std::string>{"aux.scale"});
}

TEST(ImportOpennmt, MlpAttentionHasABiasAndNoActivation) {
  const Imported all = imported_file("opennmt.pt");
  EXPECT_EQ(
      all.model["attention"].dump(),
      R"({"type":"mlp","name":"attention","hidden":4,"outputs":4,"output_bias":true,"output_activation":"none"})");
  EXPECT_EQ(all.model["decoder"]["input_feeding"], false);
  EXPECT_EQ(all.model["generator"].dump(), R"({"name":"generator","tied_to":null})");
  // Before these tensors stand the encoder's (embedding, 2 x 4 of the LSTM, 2 x 2 of the bridge)
  // and the decoder's embedding and 4 tensors of its LSTM.
  EXPECT_EQ(values(all, "attention.context.weight"), filled(18, 16));
  EXPECT_EQ(values(all, "attention.query.weight"), filled(19, 16));
  EXPECT_EQ(values(all, "attention.query.bias"), filled(20, 4));
  EXPECT_EQ(tensor_of(all, "attention.score.weight").shape, (Shape{1, 4}));
  EXPECT_EQ(values(all, "attention.linear_out.weight"), filled(22, 32));
  EXPECT_EQ(values(all, "attention.linear_out.bias"), filled(23, 4));
  EXPECT_EQ(values(all, "generator.weight"), filled(24, 20));
  EXPECT_EQ(all.left_out, std::vector<std::string>{"optim"});
}

TEST(ImportOpennmt, TheFileIsReadBackAsATranslationModel) {
  for (const char* name : {"opennmt.pt", "feeding.pt"})
    EXPECT_NO_THROW(read_translation_model(to_safetensors(imported_file(name), {}), name));
}

TEST(ImportOpennmt, VocabulariesComeFromInsideTheFields) {
  const Imported all = imported_file("opennmt.pt");
  EXPECT_EQ(all.model["source"].dump(),
            R"({"text":{"lowercase":false,"split":"space"},)"
            R"("tokens":["<unk>","<blank>","a","ж"],"pad":1,"unk":0,"bos":null,"eos":null})");
  EXPECT_EQ(all.model["target"].dump(),
            R"({"text":{"lowercase":false,"split":"space"},)"
            R"("tokens":["<unk>","<blank>","<s>","</s>","b"],"pad":1,"unk":0,"bos":2,"eos":3})");
}

// The toolkit sends each half of the states [forward; backward] through one 2 x 2 matrix.
TEST(ImportOpennmt, ADenseBridgeOfTwoDirectionsStandsTwiceOnTheDiagonal) {
  const Imported all = imported_file("opennmt.pt");
  EXPECT_EQ(all.model["bridge"].dump(),
            R"({"type":"linear","name":"bridge","from":["encoder1"],"activation":"relu"})");
  const Floats w = filled(9, 4), b = filled(10, 2);
  EXPECT_EQ(values(all, "bridge.hidden.weight"), (Floats{w[0], w[1], 0, 0, w[2], w[3], 0, 0,  //
                                                         0, 0, w[0], w[1], 0, 0, w[2], w[3]}));
  EXPECT_EQ(values(all, "bridge.hidden.bias"), (Floats{b[0], b[1], b[0], b[1]}));
  EXPECT_EQ(values(all, "bridge.cell.bias")[3], filled(12, 2)[1]);
}

TEST(ImportOpennmt, InputFeedingWidensTheFirstLayerAndTiedWeightsAreHeldOnce) {
  const Imported all = imported_file("feeding.pt");
  const OrderedJson& decoder = all.model["decoder"];
  EXPECT_EQ(decoder["input_feeding"], true);
  EXPECT_EQ(decoder["layers"][0]["inputs"], 8);  // [embedding 4; fed 4]
  EXPECT_EQ(decoder["layers"][1]["inputs"], 4);
  EXPECT_EQ(all.model["bridge"].dump(), R"({"type":"copy","from":["encoder1","encoder2"]})");
  EXPECT_EQ(
      all.model["attention"].dump(),
      R"({"type":"general","name":"attention","outputs":4,"output_bias":false,"output_activation":"tanh"})");
  EXPECT_EQ(all.model["generator"]["tied_to"], "target_embedding");
  EXPECT_THROW(tensor_of(all, "generator.weight"), Error);
  // The encoder has an embedding and 2 x 4 tensors; the decoder's embedding is number 9, before the
  // 2 x 4 tensors of its cells.
  EXPECT_EQ(values(all, "target_embedding.weight"), filled(9, 20));
  EXPECT_EQ(values(all, "decoder1.forward.weight_ih"), filled(10, 128));
  EXPECT_EQ(values(all, "decoder2.forward.bias"), filled_sum(16, 17, 16));
}

// Returns the elements of a member of an .npz, which are little-endian 32-bit floats in C order.
Floats npz(const std::map<std::string, std::string_view>& members, const std::string& name) {
  const std::string_view bytes = members.at(name + ".npy");
  std::uint16_t header = 0;
  std::memcpy(&header, bytes.data() + 8, sizeof header);
  EXPECT_NE(bytes.substr(10, header).find("'descr': '<f4', 'fortran_order': False"),
            std::string_view::npos);
  const std::string_view data = bytes.substr(10 + header);
  Floats floats(data.size() / sizeof(float));
  std::memcpy(floats.data(), data.data(), data.size());
  return floats;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::istringstream text(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(ImportOpennmt, ATrainedCheckpointBecomesTheSameTensorsAndVocabularies) {
  EDGEVAL_NEEDS_SHARED("data/onmt_ipa");
  const std::filesystem::path folder = shared_folder() / "data/onmt_ipa";
  const Imported all = imported(read_file(folder / "test_model2_v2_9653b3a0.pt"));
  const std::string archive = read_file(folder / "test_model2_v2.npz");
  const auto members = stored_members(archive, "npz");
  EXPECT_EQ(values(all, "source_embedding.weight"),
            npz(members, "encoder.embeddings.emb_luts.0.weight"));
  EXPECT_EQ(values(all, "target_embedding.weight"),
            npz(members, "decoder.embeddings.emb_luts.0.weight"));
  for (const auto& [name, from, suffix] : {std::tuple{"encoder1", "encoder.rnn.", "_l0"},
                                           std::tuple{"decoder1", "decoder.rnn.layers.0.", ""}}) {
    const auto source = [&, f = from, s = suffix](const char* tensor) {
      return npz(members, concat(f, tensor, s));
    };
    EXPECT_EQ(values(all, concat(name, ".forward.weight_ih")), source("weight_ih"));
    EXPECT_EQ(values(all, concat(name, ".forward.weight_hh")), source("weight_hh"));
    const Floats bias_ih = source("bias_ih"), bias_hh = source("bias_hh"),
                 bias = values(all, concat(name, ".forward.bias"));
    ASSERT_EQ(bias.size(), bias_ih.size());
    for (std::size_t i = 0; i < bias.size(); ++i) EXPECT_EQ(bias[i], bias_ih[i] + bias_hh[i]);
  }
  EXPECT_EQ(values(all, "attention.linear_in.weight"),
            npz(members, "decoder.attn.linear_in.weight"));
  EXPECT_EQ(values(all, "attention.linear_out.weight"),
            npz(members, "decoder.attn.linear_out.weight"));
  EXPECT_EQ(values(all, "generator.weight"), npz(members, "0.weight"));
  EXPECT_EQ(values(all, "generator.bias"), npz(members, "0.bias"));
  EXPECT_EQ(all.tensors.size(), 2u + 2 * 3 + 2 + 2);
  EXPECT_EQ(all.model["source"]["tokens"], lines_of(folder / "test_model2_v2.src.vocab"));
  EXPECT_EQ(all.model["target"]["tokens"], lines_of(folder / "test_model2_v2.tgt.vocab"));
}

}  // namespace
}  // namespace edgeval::test
