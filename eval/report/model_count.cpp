#include "eval/report/model_count.hpp"

#include <algorithm>
#include <cmath>

#include "datasets/audio/log_mel.hpp"
#include "eval/report/activity_json.hpp"
#include "eval/report/table.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {

using nlohmann::ordered_json;

namespace {

constexpr std::uint64_t kWordBytes = 4;  // bytes of a number in fp32

std::uint64_t unsigned_of(std::int64_t value) { return static_cast<std::uint64_t>(value); }

const char* name(StepOf of) {
  switch (of) {
    case StepOf::kSentence:
      return "sentence";
    case StepOf::kPosition:
      return "source position";
    case StepOf::kRow:
      return "row";
    case StepOf::kRowAndPosition:
      return "row and position";
  }
  return "";
}

LayerCount layer_count(const LayerShape& shape, const std::string& step_of, Index steps) {
  // No other count is more than some dozen times the MACs, so that all fit 64 bits.
  EDGEVAL_EXPECTS(static_cast<double>(steps) * static_cast<double>(shape.macs_per_step()) < 1e17,
                  "so many steps of layer ", shape.name,
                  " have more MACs than can be counted; take fewer");
  LayerCount count{.step = dense_counts(shape, 1, 1),
                   .all = dense_counts(shape, 1, unsigned_of(steps)),
                   .step_of = step_of};
  return count;
}

bool same_values(const Matrix<float>& a, const Matrix<float>& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && std::ranges::equal(a.values(), b.values());
}

// What is counted follows from the layout of the model, whichever task runs it. A layout that is
// added to AnyModel takes one more of these functions.
ModelCount count_layers(const std::shared_ptr<const Model>& shared, Index steps,
                        Index /*positions*/) {
  const Model& model = *shared;
  const FrontendConfig& frontend = model.frontend;
  const Index shift = data::samples_in(frontend.shift_ms, frontend.sample_rate);
  ModelCount count;
  count.name = model.name;
  count.task = model.task;
  count.steps = steps;
  count.frames_per_second =
      static_cast<double>(frontend.sample_rate) /
      static_cast<double>(shift * (frontend.is_mfcc() ? frontend.subsample : 1));
  for (const LayerShape& shape : layer_shapes(model))
    count.layers.push_back(layer_count(shape, "frame", steps));
  return count;
}

ModelCount count_layers(const std::shared_ptr<const TranslationModel>& shared, Index steps,
                        Index positions) {
  const TranslationModel& model = *shared;
  ModelCount count;
  count.name = model.network.name;
  count.task = model.network.task;
  count.steps = steps;
  count.positions = positions;
  for (const Layer& layer : model.network.stack())
    for (const LayerShape& shape : layer_shapes(layer))
      count.layers.push_back(layer_count(shape, name(StepOf::kPosition), positions));
  const DecoderCounts decoder(shared, dense_point(model.network));
  const Activity entries = decoder.blank();
  for (std::size_t i = 0; i < entries.layers.size(); ++i) {
    const StepOf of = decoder.step_of(i);
    count.layers.push_back(
        layer_count(entries.layers[i].shape, name(of), edgeval::steps(of, positions, steps)));
  }
  const Matrix<float>& generator = model.linear(model.generator).weight;
  const auto add = [&](const char* embedding, const Matrix<float>& matrix) {
    count.embeddings.push_back(
        {embedding, matrix.rows(), matrix.cols(), same_values(matrix, generator)});
  };
  add("source embedding", model.source_embedding);
  add("target embedding", model.target_embedding);
  return count;
}

}  // namespace

ClosedForm closed_form(const LayerShape& shape) {
  return AllKinds::visit(shape.kind, [&]<class Kind>(Kind) { return Kind::closed_form(shape); });
}

std::uint64_t LayerCount::weight_bytes() const {
  return unsigned_of(step.shape.weights()) * kWordBytes;
}
std::uint64_t LayerCount::step_bytes_fetched() const {
  return step[Count::kWeightWords32] * kWordBytes;
}
std::uint64_t LayerCount::all_bytes_fetched() const {
  return all[Count::kWeightWords32] * kWordBytes;
}

std::uint64_t ModelCount::macs() const {
  std::uint64_t sum = 0;
  for (const LayerCount& layer : layers) sum += layer.all[Count::kMacsDense];
  return sum;
}

std::uint64_t ModelCount::macs_per(const std::string& step) const {
  std::uint64_t sum = 0;
  for (const LayerCount& layer : layers)
    if (layer.step_of == step) sum += layer.step[Count::kMacsDense];
  return sum;
}

std::uint64_t ModelCount::weights() const {
  std::uint64_t sum = 0;
  for (const LayerCount& layer : layers) sum += unsigned_of(layer.step.shape.weights());
  for (const EmbeddingCount& embedding : embeddings) sum += embedding.weights();
  return sum;
}

std::uint64_t ModelCount::biases() const {
  std::uint64_t sum = 0;
  for (const LayerCount& layer : layers) sum += unsigned_of(layer.step.shape.biases());
  return sum;
}

std::uint64_t ModelCount::bytes_fetched() const {
  std::uint64_t sum = 0;
  for (const LayerCount& layer : layers) sum += layer.all_bytes_fetched();
  return sum;
}

double ModelCount::macs_per_second() const {
  return static_cast<double>(macs_per("frame")) * frames_per_second;
}

ModelCount count_model(const AnyModel& model, Index steps, Index positions) {
  return std::visit([&](const auto& shared) { return count_layers(shared, steps, positions); },
                    model);
}

namespace {

ordered_json layer_json(const LayerCount& layer) {
  const ClosedForm form = closed_form(layer.step.shape);
  return {{"name", layer.step.shape.name},
          {"direction", layer.step.shape.direction},
          {"shape", to_json(layer.step.shape)},
          {"step", layer.step_of},
          {"macs_per_step", layer.step[Count::kMacsDense]},
          {"weights", layer.step.shape.weights()},
          {"weight_bytes", layer.weight_bytes()},
          {"biases", layer.step.shape.biases()},
          {"bytes_fetched_per_step", layer.step_bytes_fetched()},
          {"closed_form",
           {{"macs_per_step", form.macs}, {"weights", form.weights}, {"biases", form.biases}}},
          {"steps", layer.all[Count::kSteps]},
          {"macs", layer.all[Count::kMacsDense]},
          {"bytes_fetched", layer.all_bytes_fetched()}};
}

// Returns the kinds of steps of the model's layers, in the order in which they first occur.
std::vector<std::string> kinds_of_steps(const ModelCount& count) {
  std::vector<std::string> kinds;
  for (const LayerCount& layer : count.layers)
    if (std::ranges::find(kinds, layer.step_of) == kinds.end()) kinds.push_back(layer.step_of);
  return kinds;
}

ordered_json totals_json(const ModelCount& count) {
  ordered_json per_step = ordered_json::object();
  for (const std::string& kind : kinds_of_steps(count)) per_step[kind] = count.macs_per(kind);
  return {{"macs_per_step", per_step},
          {"weights", count.weights()},
          {"weight_bytes", count.weights() * kWordBytes},
          {"biases", count.biases()},
          {"parameters", count.weights() + count.biases()},
          {"macs", count.macs()},
          {"bytes_fetched", count.bytes_fetched()}};
}

// Returns 1047808 as "1,047,808".
std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t left = digits.size(); left > 3;) digits.insert(left -= 3, 1, ',');
  return digits;
}
std::string grouped(std::int64_t value) { return grouped(unsigned_of(value)); }

std::string kind_text(const LayerShape& shape) {
  std::string text = name(shape.kind);
  if (shape.form.projection > 0) text += concat(", P = ", shape.form.projection);
  if (shape.form.window > 1) text += concat(", k = ", shape.form.window);
  if (shape.form.hidden > 0) text += concat(", M = ", shape.form.hidden);
  return text;
}

std::string layer_table(const ModelCount& count) {
  const bool translation = count.positions > 0, several = count.steps > 1 || count.positions > 1;
  std::vector<std::vector<std::string>> rows{{"layer", "kind", "C or K", "H or O"}};
  const auto add = [&](std::vector<std::string> cells) {
    rows.back().insert(rows.back().end(), cells.begin(), cells.end());
  };
  if (translation) add({"a step is a"});
  add({"MACs a step", "weights", "bytes", "biases", "fetched a step"});
  if (several) add({"steps", "MACs"});
  for (const LayerCount& layer : count.layers) {
    const LayerShape& shape = layer.step.shape;
    rows.push_back({shape.direction == "none" ? shape.name : shape.name + " " + shape.direction,
                    kind_text(shape), std::to_string(shape.inputs), std::to_string(shape.outputs)});
    if (translation) add({layer.step_of});
    add({grouped(layer.step[Count::kMacsDense]), grouped(shape.weights()),
         grouped(layer.weight_bytes()), grouped(shape.biases()),
         grouped(layer.step_bytes_fetched())});
    if (several) add({grouped(layer.all[Count::kSteps]), grouped(layer.all[Count::kMacsDense])});
  }
  for (const EmbeddingCount& embedding : count.embeddings) {
    rows.push_back({embedding.name, embedding.is_generator ? "the generator's" : "a table",
                    std::to_string(embedding.tokens), std::to_string(embedding.width), ""});
    add({"0", grouped(embedding.weights()), grouped(embedding.weights() * kWordBytes), "0", "0"});
    if (several) add({"", "0"});
  }
  rows.push_back({"total", "", "", ""});
  if (translation) add({""});
  const auto per_step = [&](std::uint64_t value) { return translation ? "-" : grouped(value); };
  add({per_step(count.macs_per("frame")), grouped(count.weights()),
       grouped(count.weights() * kWordBytes), grouped(count.biases()),
       per_step(count.bytes_fetched() / unsigned_of(count.steps))});
  if (several) add({"", grouped(count.macs())});
  return table(rows);
}

std::string closed_forms(const ModelCount& count) {
  std::string lines;
  for (const LayerCount& layer : count.layers) {
    const LayerShape& shape = layer.step.shape;
    const ClosedForm form = closed_form(shape);
    const std::string weights = form.weights == form.macs ? "as many" : form.weights;
    const auto some = [](const std::string& number) { return number == "0" ? "no" : number; };
    const std::string line = concat("  ", name(shape.kind), ": ", form.macs, " MACs, ",
                                    some(weights), " weights, ", some(form.biases), " biases\n");
    if (lines.find(line) == std::string::npos) lines += line;
  }
  return lines;
}

std::string letters(const ModelCount& count) {
  std::string formulas;
  for (const LayerCount& layer : count.layers) formulas += closed_form(layer.step.shape).macs;
  const auto stands = [&](char letter) { return formulas.find(letter) != std::string::npos; };
  std::string text = "C inputs, H cells, O outputs";
  if (stands('P')) text += ", P elements behind a projection";
  if (stands('k')) text += ", k frames of a window";
  if (stands('K')) text += ", K elements of a key";
  if (stands('M')) text += ", M between query and key";
  return text;
}

}  // namespace

ordered_json to_json(const ModelCount& count) {
  ordered_json json{{"model", {{"name", count.name}, {"task", count.task}}}};
  if (count.positions > 0)
    json["steps"] = {{"source_positions", count.positions}, {"rows", count.steps}};
  else
    json["steps"] = {{"frames", count.steps}};
  json["layers"] = ordered_json::array();
  for (const LayerCount& layer : count.layers) json["layers"].push_back(layer_json(layer));
  if (count.positions > 0) {
    json["embeddings"] = ordered_json::array();
    for (const EmbeddingCount& embedding : count.embeddings)
      json["embeddings"].push_back({{"name", embedding.name},
                                    {"tokens", embedding.tokens},
                                    {"width", embedding.width},
                                    {"is_generator", embedding.is_generator},
                                    {"weights", embedding.weights()},
                                    {"weight_bytes", embedding.weights() * kWordBytes}});
  }
  json["totals"] = totals_json(count);
  if (count.positions == 0)
    json["audio"] = {{"frames_per_second", count.frames_per_second},
                     {"macs_per_second", count.macs_per_second()}};
  return json;
}

std::string readable(const ModelCount& count, Detail detail) {
  const bool full = detail == Detail::kFull;
  std::string text = full ? concat(visible(count.name), ", task ", count.task,
                                   ", dense, in fp32\n\n", layer_table(count), "\n")
                          : "";
  text += "MACs:";
  const char* separator = " ";
  for (const std::string& kind : kinds_of_steps(count)) {
    text += concat(separator, grouped(count.macs_per(kind)), " a ", kind);
    separator = ", ";
  }
  text += "\n";
  if (count.positions > 0)
    text += concat(grouped(count.macs()), " MACs for ", grouped(count.positions),
                   count.positions == 1 ? " source position and " : " source positions and ",
                   grouped(count.steps), count.steps == 1 ? " row, " : " rows, ",
                   grouped(count.bytes_fetched()), " bytes of weights fetched\n");
  else
    text += concat(
        grouped(count.macs()), " MACs for ", grouped(count.steps),
        count.steps == 1 ? " frame, " : " frames, ", grouped(count.bytes_fetched()),
        " bytes of weights fetched\n", grouped(unsigned_of(std::llround(count.macs_per_second()))),
        " MACs a second of audio, which has ", rounded(count.frames_per_second), " frames\n");
  text +=
      concat(grouped(count.weights() + count.biases()), " parameters: ", grouped(count.weights()),
             " weights and ", grouped(count.biases()), " biases\n");
  if (!full) return text;
  return text + concat("\nA step of a layer and direction, for ", letters(count), ":\n",
                       closed_forms(count));
}

}  // namespace edgeval
