// Makes a description for --describe that is edited by hand. As it stands it is valid except for
// the names of modules; when it was made for a network, only the texts of the tokens are missing.
#include <algorithm>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/import/state_dict/module_list.hpp"
#include "host/import/state_dict/state_dict.hpp"
#include "host/model/frontend_file.hpp"

namespace edgeval {
namespace {

constexpr Index kPlainTokens = 29;  // blank, space, apostrophe, A to Z
constexpr Index kMaxBins = 1000;
constexpr Index kMaxTemplate = 100000;  // most tokens of a template

std::vector<std::string> tokens(Index count) {
  std::vector<std::string> all{"<blank>", " ", "'"};
  for (char letter = 'A'; letter <= 'Z'; ++letter) all.emplace_back(1, letter);
  for (Index i = kPlainTokens; i < count; ++i) all.push_back(concat("token", i));
  all.resize(static_cast<std::size_t>(count));
  return all;
}

// Returns the keys with which the front end gives this many features; empty where none are likely.
OrderedJson keys_for(const std::string& type, Index features) {
  if (type == "fbank") {
    // Of 69, 72, 120 and 123 features two thirds are deltas, since nobody uses that many bins
    // alone.
    const Index bins = features / 3;
    const bool usual = bins == 23 || bins == 24 || bins == 40 || bins == 41;
    if ((features > 128 || usual) && features % 3 == 0 && bins <= kMaxBins)
      return {{"mel_bins", bins}, {"deltas", 2}};
    if (features <= kMaxBins) return {{"mel_bins", features}};
    return {};
  }
  for (const Index cepstra : {13, 20, 26, 40})
    if (features > cepstra && features % cepstra == 0 && features / cepstra % 2 == 1 &&
        features / cepstra <= 201)
      return {{"mel_bins", std::max<Index>(cepstra, 23)},
              {"cepstra", cepstra},
              {"splice", {features / cepstra / 2, features / cepstra / 2}}};
  if (features <= kMaxBins)
    return {{"mel_bins", std::max<Index>(features, 23)}, {"cepstra", features}};
  return {};
}

// Writes each key of the front end and each layer on a line of its own.
std::string lines(const OrderedJson& json) {
  const auto nested = [](const OrderedJson& values, bool named) {
    std::string text;
    for (const auto& [key, value] : values.items())
      text += concat(text.empty() ? "\n    " : ",\n    ",
                     named ? OrderedJson(key).dump() + ": " : "", value.dump());
    return text + "\n  ";
  };
  std::string text;
  for (const auto& [key, value] : json.items()) {
    text += concat(text.empty() ? "{\n" : ",\n", "  \"", key, "\": ");
    if (value.is_object())
      text += concat("{", nested(value, true), "}");
    else if (value.is_array() && value.front().is_object())
      text += concat("[", nested(value, false), "]");
    else
      text += value.dump();
  }
  return text + "\n}\n";
}

}  // namespace

std::string description_template(const std::string& type, StateDict* dict,
                                 std::vector<std::string>& notes) {
  OrderedJson frontend{{"type", type}}, layers{{{"from", "rnn"}}, {{"from", "fc"}}}, ignored;
  Index count = kPlainTokens;
  if (dict != nullptr) {
    const ModuleList modules = find_modules(dict->source);
    const std::vector<const Module*> chain = modules.chained();
    const Module &first = *chain.front(), &last = *chain.back();
    const OrderedJson keys = keys_for(type, first.inputs);
    frontend.update(keys);
    std::string said;
    for (const auto& [key, value] : keys.items())
      said += concat(said.empty() ? "" : ", ", key, " ", value.dump());
    notes.push_back(keys.empty()
                        ? concat("no ", type, " gives the ", first.inputs, " inputs of module ",
                                 shown(first.path), "; edit the front end")
                        : concat(said, " because module ", shown(first.path), " takes ",
                                 first.inputs, " inputs; make the front end that of the training"));
    EDGEVAL_EXPECTS(last.outputs <= kMaxTemplate, dict->source.path(), ": module ",
                    shown(last.path), " has ", last.outputs, " outputs, a template has up to ",
                    kMaxTemplate, " tokens");
    count = last.outputs;
    notes.push_back(concat("tokens: ", count, " texts because module ", shown(last.path), " gives ",
                           count, " outputs; replace them by those of the training"));
    layers = OrderedJson::array();
    for (const Module* module : chain) layers.push_back({{"from", module->path}});
  }
  return lines({{"task", "ctc"},
                {"frontend", complete_frontend(frontend, ignored)},
                {"tokens", tokens(count)},
                {"blank", 0},
                {"layers", layers}});
}

}  // namespace edgeval
