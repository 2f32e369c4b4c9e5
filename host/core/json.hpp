// Reads JSON from outside strictly: it refuses doubled and unknown keys, deep nesting and values
// out of range. Every refusal is one line that opens with a place, for instance "an4.safetensors:
// frontend".
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

using Json = nlohmann::json;

// Throws Error when `text` is no JSON, repeats a key within an object, nests deeper than 16 levels,
// or holds anything but white space behind the value.
Json parse_json(std::string_view text, const std::string& place);

// Returns the JSON as indented text for a file or the terminal. A path that is not UTF-8 is no
// reason to lose a result: its invalid bytes become U+FFFD.
std::string to_text(const nlohmann::ordered_json& json);

// Returns the value, or null where there is none.
inline nlohmann::ordered_json or_null(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

// Returns a name in double quotes, in ASCII, cut to some 80 characters, so that it fits into a
// message whatever it holds.
std::string shown(std::string_view name);

// The values of one JSON object, which must outlive it.
class Fields {
 public:
  Fields(const Json& json, std::string place);  // throws Error unless `json` is an object

  const std::string& place() const { return place_; }
  bool has(const std::string& key) const { return json_->contains(key); }

  // Throws Error at any other key and names the nearest of the known ones.
  void expect_only(const std::vector<std::string>& keys) const;

  // Each of these throws Error when the key is missing, or when its value is of another type or out
  // of range (both ends are allowed).
  const std::string& text(const std::string& key) const;
  Index integer(const std::string& key, Index low, Index high) const;
  double number(const std::string& key, double low, double high) const;
  bool boolean(const std::string& key) const;
  bool is_null(const std::string& key) const;  // throws Error when the key is missing
  const Json& array(const std::string& key) const;
  Fields object(const std::string& key) const;

  // Returns a text that must be one of `known`. A text of `planned` is refused as not supported
  // yet.
  const std::string& choice(const std::string& key, const std::vector<std::string>& known,
                            const std::vector<std::string>& planned = {}) const;

 private:
  const Json& value(const std::string& key) const;

  const Json* json_;
  std::string place_;
};

}  // namespace edgeval
