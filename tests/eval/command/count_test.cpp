// Compares `edgeval count` with closed forms written out here, with the tensors in the files, and
// with the report of a run: for the models that ship and those of shared/models, for the
// checkpoints of tests/data/import, and for every kind of cell.
//
// PyTorch 1.13 counts the parameters of the state dicts with
//
//   python3 -c 'import torch, sys
//   state = torch.load(sys.argv[1]); state = state.get("state_dict", state)
//   print(sum(tensor.numel() for tensor in state.values()))' tests/data/import/lstm.pt
//
// and finds 265 in lstm.pt, 57 in gru.pt, 60 in odd.pt, and in `model` and `generator` together 396
// in opennmt.pt and 813 in feeding.pt. PyTorch keeps two biases for each gate; edgeval keeps their
// sum, except for the candidate of a GRU.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/cells.hpp"
#include "tests/support/command.hpp"
#include "tests/support/imported.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;

Json count(const std::string& model, std::vector<std::string> options = {}) {
  std::vector<std::string> arguments{"count", model, "--format", "json"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const CommandResult result = edgeval(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  return Json::parse(result.out);
}

// Evaluates formulas such as "4H(C + P) + HP": sums of products of whole numbers, letters and sums
// in brackets.
class Formula {
 public:
  Formula(std::string text, std::map<char, std::int64_t> letters)
      : text_(std::move(text)), letters_(std::move(letters)) {}

  std::int64_t value() {
    const std::int64_t sum = this->sum();
    EXPECT_EQ(at_, text_.size()) << text_;
    return sum;
  }

 private:
  std::int64_t sum() {
    std::int64_t sum = product();
    while (text_.compare(at_, 3, " + ") == 0) at_ += 3, sum += product();
    return sum;
  }
  std::int64_t product() {
    std::int64_t product = factor();
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != ')') product *= factor();
    return product;
  }
  std::int64_t factor() {
    if (text_[at_] == '(') {
      ++at_;
      const std::int64_t inner = sum();
      EXPECT_EQ(text_.at(at_++), ')') << text_;
      return inner;
    }
    if (std::isdigit(static_cast<unsigned char>(text_[at_])) == 0)
      return letters_.at(text_.at(at_++));
    std::size_t length = 0;
    const std::int64_t number = std::stoll(text_.substr(at_), &length);
    at_ += length;
    return number;
  }

  std::string text_;
  std::map<char, std::int64_t> letters_;
  std::size_t at_ = 0;
};

// Expects the printed closed forms to have the printed values.
void expect_formulas(const Json& layer) {
  const Json& shape = layer.at("shape");
  const Json form = shape.value("form", Json::object());
  const std::map<char, std::int64_t> letters{
      {'C', shape.at("inputs")},           {'K', shape.at("inputs")},
      {'H', shape.at("outputs")},          {'O', shape.at("outputs")},
      {'P', form.value("projection", -1)}, {'k', form.value("window", 1)},
      {'M', form.value("hidden", -1)}};
  for (const char* key : {"macs_per_step", "weights", "biases"}) {
    const std::string text = layer.at("closed_form").at(key);
    EXPECT_EQ(layer.at(key), Formula(text, letters).value()) << layer.at("name") << ": " << text;
  }
}

// The cost of a layer, computed from the JSON of a model file by docs/cells.md.
struct Cost {
  std::int64_t macs, weights, biases;
  friend bool operator==(const Cost&, const Cost&) = default;
};

Cost lstm(std::int64_t c, std::int64_t h) { return {4 * h * (c + h), 4 * h * (c + h), 4 * h}; }
Cost gru(std::int64_t c, std::int64_t h) { return {3 * h * (c + h), 3 * h * (c + h), 4 * h}; }
Cost linear(std::int64_t c, std::int64_t o, bool bias = true) {
  return {o * c, o * c, bias ? o : 0};
}

Cost cost_of(const Json& layer) {
  return {layer.at("macs_per_step"), layer.at("weights"), layer.at("biases")};
}

std::ostream& operator<<(std::ostream& out, const Cost& cost) {
  return out << cost.macs << " MACs, " << cost.weights << " weights, " << cost.biases << " biases";
}

// Reads the header of a safetensors file.
Json header_of(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  return Json::parse(unframed(bytes).header);
}

std::int64_t elements_of(const Json& header) {
  std::int64_t elements = 0;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    std::int64_t size = 1;
    for (const std::int64_t width : tensor.at("shape")) size *= width;
    elements += size;
  }
  return elements;
}

// The name, direction and cost of a layer in a model's JSON.
struct NamedCost {
  std::string name, direction, step;
  Cost cost;
  bool operator==(const NamedCost&) const = default;
};
std::ostream& operator<<(std::ostream& out, const NamedCost& named) {
  return out << named.name << " " << named.direction << ", " << named.step << ": " << named.cost;
}

void add_layers(const Json& layers, const std::string& step, std::vector<NamedCost>& costs) {
  for (const Json& layer : layers) {
    const std::string type = layer.at("type"), name = layer.at("name");
    const std::int64_t c = layer.at("inputs");
    if (type == "linear") {
      costs.push_back({name, "none", step, linear(c, layer.at("outputs"))});
      continue;
    }
    ASSERT_EQ(type, "lstm") << "write its closed form here";
    for (const std::string direction : {"forward", "backward"})
      if (layer.at("direction") == direction || layer.at("direction") == "both")
        costs.push_back({name, direction, step, lstm(c, layer.at("cells"))});
  }
}

// Adds the costs of a decoder with general attention and a copying bridge.
void add_decoder(const Json& model, std::vector<NamedCost>& costs) {
  const Json& encoder = model.at("encoder").at("layers").back();
  const std::int64_t k =
      encoder.at("cells").get<std::int64_t>() * (encoder.at("direction") == "both" ? 2 : 1);
  add_layers(model.at("decoder").at("layers"), "row", costs);
  const std::int64_t d = model.at("decoder").at("layers").back().at("cells");
  const Json& attention = model.at("attention");
  ASSERT_EQ(attention.at("type"), "general") << "write its closed form here";
  ASSERT_EQ(model.at("bridge").at("type"), "copy") << "write its closed form here";
  const std::int64_t a = attention.at("outputs");
  costs.push_back({"attention.linear_in", "none", "row", linear(d, k, false)});
  costs.push_back(
      {"attention.linear_out", "none", "row", linear(k + d, a, attention.at("output_bias"))});
  const std::int64_t v = static_cast<std::int64_t>(model.at("target").at("tokens").size());
  costs.push_back({"generator", "none", "row", linear(a, v)});
  costs.push_back({"attention", "none", "row and position", {2 * k, 0, 0}});
}

std::vector<NamedCost> expected_costs(const Json& model) {
  std::vector<NamedCost> costs;
  if (model.at("task") == "ctc") {
    add_layers(model.at("layers"), "frame", costs);
  } else {
    add_layers(model.at("encoder").at("layers"), "source position", costs);
    add_decoder(model, costs);
  }
  return costs;
}

void expect_count_of_file(const std::filesystem::path& file) {
  SCOPED_TRACE(file.string());
  const Json header = header_of(file);
  const Json model = Json::parse(header.at("__metadata__").at("edgeval").get<std::string>());
  const Json counted = count(file, {"--steps", "7"});
  const std::vector<NamedCost> expected = expected_costs(model);
  ASSERT_EQ(counted.at("layers").size(), expected.size());
  std::int64_t macs = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Json& layer = counted.at("layers")[i];
    const NamedCost got{layer.at("name"), layer.at("direction"), layer.at("step"), cost_of(layer)};
    EXPECT_EQ(got, expected[i]);
    // A weight is 4 bytes; attention's scalar products fetch none.
    EXPECT_EQ(layer.at("weight_bytes"), 4 * expected[i].cost.weights);
    EXPECT_EQ(layer.at("bytes_fetched_per_step"), 4 * expected[i].cost.weights);
    expect_formulas(layer);
    const std::int64_t steps = expected[i].step == "row and position" ? 49 : 7;
    EXPECT_EQ(layer.at("macs"), steps * expected[i].cost.macs);
    macs += steps * expected[i].cost.macs;
  }
  EXPECT_EQ(counted.at("totals").at("macs"), macs);
  EXPECT_EQ(counted.at("totals").at("parameters"), elements_of(header));
}

std::vector<std::filesystem::path> models_below(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> models;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".safetensors") models.push_back(entry.path());
  return models;
}

TEST(CountCommand, EveryModelThatShipsHasItsClosedForms) {
  const std::vector<std::filesystem::path> models = models_below(source_folder() / "datasets");
  EXPECT_GE(models.size(), 2u);
  for (const std::filesystem::path& model : models) expect_count_of_file(model);
}

TEST(CountCommand, SharedModelsHaveTheirClosedForms) {
  EDGEVAL_NEEDS_SHARED("models");
  const std::vector<std::filesystem::path> models = models_below(shared_folder() / "models");
  EXPECT_GE(models.size(), 3u);
  for (const std::filesystem::path& model : models) expect_count_of_file(model);
}

// A second has 100 frames, and a frame takes 1,047,808 MACs (docs/techniques.md, "Dense counts").
TEST(CountCommand, TellsTheMacsOfASecondOfAudioAndOfATestSet) {
  const Json frames = count(spoken_model(), {"--steps", "23087"});
  EXPECT_EQ(frames.at("totals").at("macs"), 24190743296);
  EXPECT_EQ(frames.at("audio").at("frames_per_second"), 100);
  EXPECT_EQ(frames.at("audio").at("macs_per_second"), 104780800);
  const CommandResult text = edgeval({"count", spoken_model()});
  EXPECT_EQ(text.code, 0);
  for (const char* part :
       {"lstm: 4H(C + H) MACs, as many weights, 4H biases", "1,047,808 MACs for 1 frame, ",
        "104,780,800 MACs a second of audio, which has 100 frames",
        "1,050,909 parameters: 1,047,808 weights and 3,101 biases"})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << " is not in\n" << text.out;
}

// DeepSpeech keeps every second frame, so only 50 frames of a second cost work.
TEST(CountCommand, FramesThatTheFrontEndDropsCostNothing) {
  EDGEVAL_NEEDS_SHARED("models");
  const Json json = count(shared_folder() / "models/deepspeech-small.safetensors");
  EXPECT_EQ(json.at("audio").at("frames_per_second"), 50);
  EXPECT_EQ(json.at("audio").at("macs_per_second"), 50 * json["totals"]["macs"].get<double>());
}

// The layers are those of the checkpoints in the order of tests/golden/import.py, counted by hand.
TEST(CountCommand, CheckpointsAreCountedAsTheModelsTheyBecome) {
  const auto costs_of = [](const Json& json) {
    std::vector<Cost> costs;
    for (const Json& layer : json.at("layers")) costs.push_back(cost_of(layer));
    return costs;
  };
  const auto state_dict = [&](const std::string& name, const std::vector<Cost>& layers,
                              std::int64_t parameters) {
    SCOPED_TRACE(name);
    const Json json = count(import_data(name), {"--describe", describe_file()});
    EXPECT_EQ(costs_of(json), layers);
    EXPECT_EQ(json.at("totals").at("parameters"), parameters);
    for (const Json& layer : json.at("layers")) expect_formulas(layer);
  };
  state_dict("lstm.pt", {lstm(3, 2), lstm(3, 2), lstm(4, 2), lstm(4, 2), linear(4, 5)}, 265 - 32);
  state_dict("gru.pt", {gru(3, 2), linear(2, 5)}, 57 - 4);
  // 4 * 2 (3 + 1) and the projection's 2 * 1.
  state_dict("odd.pt", {{34, 34, 8}, linear(1, 5)}, 60 - 8);

  // E = 3, K = D = A = M = 4, and the vocabularies have 4 and 5 tokens. The bridge comes behind the
  // encoder; PyTorch's matrix of one direction is half of it.
  const Json opennmt = count(import_data("opennmt.pt"), {"--steps", "3", "--positions", "5"});
  EXPECT_EQ(costs_of(opennmt), (std::vector<Cost>{lstm(3, 2),
                                                  lstm(3, 2),
                                                  lstm(3, 4),
                                                  linear(4, 4),
                                                  linear(4, 4),
                                                  linear(4, 4),
                                                  linear(4, 4, false),
                                                  linear(8, 4),
                                                  linear(4, 5),
                                                  {4 + 4, 4, 0}}));
  // Two LSTMs and W_context run per position; the decoder, W_query, W_out and the generator per
  // row; the bridge once; the attention for each row and position.
  EXPECT_EQ(opennmt.at("totals").at("macs"),
            5 * (2 * 40 + 16) + 3 * (112 + 16 + 32 + 20) + 2 * 16 + 5 * 3 * 8);
  EXPECT_EQ(
      opennmt.at("totals").at("macs_per_step"),
      (Json{{"source position", 96}, {"row", 180}, {"sentence", 32}, {"row and position", 8}}));

  // PyTorch has 32 biases more, and a bridge of twice [2, 2] where this one is twice [4, 4].
  EXPECT_EQ(opennmt.at("totals").at("parameters"), 396 - 32 + 2 * (12 + 2));

  // With input feeding, C = E + A = 8 in the first decoder layer. The generator is the embedding.
  const Json feeding = count(import_data("feeding.pt"));
  EXPECT_EQ(costs_of(feeding), (std::vector<Cost>{lstm(4, 4),
                                                  lstm(4, 4),
                                                  lstm(8, 4),
                                                  lstm(4, 4),
                                                  linear(4, 4, false),
                                                  linear(8, 4, false),
                                                  linear(4, 5),
                                                  {8, 0, 0}}));
  const Json& target = feeding.at("embeddings")[1];
  EXPECT_EQ(target.at("is_generator"), true);
  EXPECT_EQ(target.at("weights"), 0);
  EXPECT_EQ(feeding.at("totals").at("parameters"), 813 - 4 * 16 - 5 * 4);
  for (const Json& json : {opennmt, feeding})
    for (const Json& layer : json.at("layers")) expect_formulas(layer);
}

// Parameters are compared with the tensors in the file, in which r and z of a GRU have two biases
// that a run adds.
TEST(CountCommand, EveryKindOfCellHasItsClosedForm) {
  const TemporaryFolder folder;
  Random random(11);
  for (const NamedCell& cell : every_cell())
    for (int round = 0; round < 3; ++round) {
      SCOPED_TRACE(cell.name);
      const std::string file = folder.file("m.safetensors", model_bytes(cell_model(random, cell)));
      const Json json = count(file);
      std::int64_t added = 0;
      for (const Json& layer : json.at("layers")) {
        expect_formulas(layer);
        if (cell.kind == kGru && !cell.form.unbiased && layer.at("direction") != "none")
          added += (cell.form.reset_before ? 3 : 2) * layer["shape"]["outputs"].get<Index>();
      }
      EXPECT_EQ(json.at("totals").at("parameters").get<Index>() + added,
                elements_of(header_of(file)));
    }
}

// A run of the dense network reports what the count foretells.
TEST(CountCommand, AgreesWithTheReportOfATranslation) {
  const TemporaryFolder folder;
  const std::string model = captions_model();
  const CommandResult run =
      edgeval({"run", "--model", model, "--data", source_folder() / "datasets/captions/captions.en",
               "--limit", "1", "--set", "beam.width=2", "--quiet", "--format", "json", "--out",
               folder.path() / "out"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json report = Json::parse(run.out);
  const Json counted = count(model, {"--steps", report["activity"]["decoder"]["rows_live"].dump(),
                                     "--positions", report["data"]["source_tokens"].dump()});
  EXPECT_EQ(counted["totals"]["macs"], report["activity"]["totals"]["macs_dense"]);
  EXPECT_EQ(counted["totals"]["bytes_fetched"],
            report["activity"]["totals"]["weight_words"]["32"].get<std::int64_t>() * 4);
}

TEST(CountCommand, PrintsTheTotalsAloneWhenQuiet) {
  const std::vector<std::string> arguments{"count", spoken_model(), "--steps", "2"};
  const std::string full = edgeval(arguments).out;
  std::vector<std::string> quiet = arguments;
  quiet.emplace_back("--quiet");
  const std::string brief = edgeval(quiet).out;
  EXPECT_EQ(brief.rfind("MACs: ", 0), 0u) << brief;
  EXPECT_EQ(brief.find("4H(C + H)"), std::string::npos) << brief;
  EXPECT_NE(full.find(brief), std::string::npos) << full;
}

TEST(CountCommand, RefusesInOneLine) {
  const TemporaryFolder folder;
  const auto refused = [](std::vector<std::string> arguments, const std::string& part) {
    arguments.insert(arguments.begin(), "count");
    EXPECT_TRUE(is_refusal(edgeval(arguments), part));
  };
  refused({}, "is required");
  refused({"none.safetensors"}, "none.safetensors: no such file");
  refused({spoken_model(), "--positions", "3"}, "--positions: ");
  refused({spoken_model(), "--steps", "0"}, "--steps");
  refused({spoken_model(), "--steps", "1000000001"}, "--steps");
  refused({captions_model(), "--steps", "1000000000"}, "so many steps of layer attention ");
  refused({spoken_model(), "--describe", describe_file()}, "a model file describes itself");
  refused({import_data("lstm.pt")}, "give the task, front end and tokens by --describe FILE");
  refused({import_data("opennmt.pt"), "--describe", describe_file()},
          "an OpenNMT-py checkpoint describes itself");
  refused({folder.file("t.txt", "text")}, "t.txt");
}

}  // namespace
}  // namespace edgeval::test
