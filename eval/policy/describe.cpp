// Writes a policy for the report, and in one line for people: its techniques with their parameters,
// and the layers that run a technique where not all do.
#include <algorithm>

#include "eval/policy/choices.hpp"
#include "eval/policy/formats_report.hpp"
#include "eval/policy/policy.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

// Returns the keys of the parameters that a layer's profile can give.
template <class Technique>
std::vector<std::string> profiled_keys(const Technique& technique) {
  std::vector<std::string> keys;
  technique.fields(technique, [&](const char* field, auto, const char*, Origin origin = {}) {
    if (is_of_layer(origin)) keys.push_back(written_key(field).key);
  });
  return keys;
}

// Returns "reuse (clusters 16)", with six digits of each number. Parameters that a profile can give
// differ from layer to layer, and ranges have many digits; both are left to the report.
template <class Technique>
std::string describe_technique(const Technique& technique) {
  std::string text = technique.kName;
  const std::vector<std::string> profiled = profiled_keys(technique);
  const nlohmann::ordered_json json = technique_to_json(technique);
  for (const auto& [key, value] : json.items()) {
    if (key == "type" || key == "range" || value.is_null() ||
        std::find(profiled.begin(), profiled.end(), key) != profiled.end())
      continue;
    if (value.is_object() && value == technique_to_json(Technique{})[key]) continue;
    text += concat(text == technique.kName ? " (" : ", ", key, " ",
                   value.is_number_float() ? rounded(value.template get<double>()) : value.dump());
  }
  text += text == technique.kName ? "" : ")";
  std::erase(text, '"');
  return text;
}

template <class Choice>
std::string describe_choice(const Choice& choice) {
  return std::visit([](const auto& technique) { return describe_technique(technique); }, choice);
}

// Gathers the techniques of a network, each with the layers that run it.
class TechniqueList {
 public:
  // `expected` says whether the policy's general choice on the axis holds for this kind of layer.
  template <class Choice>
  void add(const Choice& choice, const std::string& layer, bool expected) {
    constexpr std::size_t axis = kAxis<Choice>;
    if (expected) expected_[axis].push_back(layer);
    if (is_neutral(choice)) return;
    const std::string text = describe_choice(choice);
    for (Described& each : techniques_)
      if (each.text == text) return each.layers.push_back(layer);
    techniques_.push_back({text, axis, {layer}});
  }

  std::string text() const {
    return separated(techniques_, " + ", [&](const Described& each) {
      return each.layers == expected_[each.axis] ? each.text
                                                 : each.text + " on " + separated(each.layers);
    });
  }

 private:
  struct Described {
    std::string text;
    std::size_t axis;
    std::vector<std::string> layers;
  };

  template <class Choice>
  static constexpr std::size_t kAxis = std::is_same_v<Choice, Arithmetic>     ? 0
                                       : std::is_same_v<Choice, Nonlinearity> ? 1
                                       : std::is_same_v<Choice, Plan>         ? 2
                                                                              : 3;

  std::vector<Described> techniques_;
  std::vector<std::string> expected_[4];
};

}  // namespace

nlohmann::ordered_json to_json(const Policy& policy, const Model& model,
                               const OperatingPoint& point, const Beam* beam) {
  nlohmann::ordered_json json{{"arithmetic", choice_to_json(policy.arithmetic)},
                              {"weights", choice_to_json(policy.weights)},
                              {"nonlinearity", choice_to_json(policy.nonlinearity)},
                              {"plan", choice_to_json(policy.plan)},
                              {"operand", choice_to_json(policy.operand)}};
  if (beam != nullptr) json["beam"] = choice_to_json(*beam);
  json["layers"] = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const LayerPolicy& layer = point.layers[i];
    json["layers"][layer_name(model.layers[i])] = {
        {"arithmetic", choice_to_json(layer.arithmetic)},
        {"nonlinearity", choice_to_json(layer.nonlinearity)},
        {"plan", choice_to_json(layer.plan)},
        {"operand", choice_to_json(as_rounded(layer))}};
    if (const nlohmann::ordered_json formats = formats_to_json(model.layers[i], layer.arithmetic);
        !formats.is_null())
      json["layers"][layer_name(model.layers[i])]["formats"] = formats;
  }
  return json;
}

bool is_dense(const OperatingPoint& point) {
  return std::ranges::all_of(point.layers, [](const LayerPolicy& layer) {
    return is_neutral(layer.arithmetic) && is_neutral(layer.nonlinearity) &&
           is_neutral(layer.plan) && is_neutral(layer.operand);
  });
}

std::string describe(const Model& model, const OperatingPoint& point, const Beam* beam) {
  TechniqueList list;
  for (std::size_t i = 0; i < point.layers.size(); ++i) {
    const LayerPolicy& layer = point.layers[i];
    const std::string name = visible(layer_name(model.layers[i]));
    const LayerAxes axes = layer_axes(model.layers[i]);
    const bool in_stack = i < model.stack().size();
    const auto add = [&](const auto& choice, bool expected) { list.add(choice, name, expected); };
    add(layer.arithmetic, true);
    add(layer.nonlinearity, axes.no_nonlinearity == nullptr);
    add(layer.plan, axes.no_plan == nullptr && in_stack);
    add(layer.operand, axes.general_operand);
  }
  std::string text = list.text();
  if (beam != nullptr && !is_neutral(*beam))
    text += concat(text.empty() ? "" : " + ",
                   std::visit([](const auto& b) { return b.kName; }, *beam), " beam");
  return text.empty() ? "dense" : text;
}

std::string describe(const Weights& weights) { return describe_choice(weights); }
std::string describe(const Beam& beam) { return describe_choice(beam); }

}  // namespace edgeval
