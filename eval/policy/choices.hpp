// Walks the lists of techniques: names the techniques of an axis, and writes any choice as JSON
// through its fields.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "host/technique/technique.hpp"

namespace edgeval {

// Calls visit(technique) with a default-constructed technique of every kind in the list `Choice`.
template <class Choice, class Visit>
void for_each_technique(Visit&& visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(std::variant_alternative_t<I, Choice>{}), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Choice>>{});
}

template <class Choice>
std::vector<std::string> technique_names() {
  std::vector<std::string> names;
  for_each_technique<Choice>([&](const auto& technique) { names.emplace_back(technique.kName); });
  return names;
}

// Returns a number as JSON and policies write it: 2 and not 2.0, ".inf" for infinity, and null for
// a parameter that is left to a profile.
inline nlohmann::ordered_json number_to_json(double value) {
  if (from_profile(value)) return nullptr;
  if (value > 1e300) return ".inf";
  if (value < -1e300) return "-.inf";
  if (std::abs(value) < 1e15 && value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

// Returns what a field of a technique is written as: a number, or the word of an enum, which the
// function names() beside the enum gives.
inline nlohmann::ordered_json field_to_json(double value) { return number_to_json(value); }
template <class Word>
requires std::is_enum_v<Word> nlohmann::ordered_json field_to_json(Word word) {
  return names(word)[static_cast<std::size_t>(word)];
}

// Returns a technique with all its parameters: {"type": "reuse", "clusters": 16, "range": [-1, 1]}.
template <class Technique>
nlohmann::ordered_json technique_to_json(const Technique& technique) {
  nlohmann::ordered_json json{{"type", technique.kName}};
  technique.fields(technique, [&](const std::string& field, auto value, const char*, Origin = {}) {
    const WrittenKey written = written_key(field);
    if (!written.group.empty())
      json[written.group][written.key] = field_to_json(value);
    else if (written.low)
      json[written.key] = nlohmann::ordered_json::array({field_to_json(value)});
    else if (written.high)
      json[written.key].push_back(field_to_json(value));
    else
      json[written.key] = field_to_json(value);
  });
  return json;
}

template <class Choice>
nlohmann::ordered_json choice_to_json(const Choice& choice) {
  return std::visit([](const auto& technique) { return technique_to_json(technique); }, choice);
}

}  // namespace edgeval
