// Strict reading of JSON that comes from outside: no doubled keys, bounded depth, unknown keys
// refused, values checked against their range. Every refusal is one line that opens with a place,
// for instance "an4.safetensors: frontend".
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

using Json = nlohmann::json;

// Throws Error when `text` is no JSON, repeats a key within an object, nests deeper than 16 levels,
// or holds anything but white space behind the value.
Json parse_json(std::string_view text, const std::string& place);

// For a file or the terminal. A path that is not UTF-8 is no reason to lose a result: its odd bytes
// become U+FFFD.
std::string to_text(const nlohmann::ordered_json& json);

// In double quotes, ASCII, at most some 80 characters: fit for a message, whatever the name holds.
std::string shown(std::string_view name);

// The values of one JSON object, which must outlive it.
class Fields {
 public:
  Fields(const Json& json, std::string place);  // throws unless `json` is an object

  const std::string& place() const { return place_; }
  bool has(const std::string& key) const { return json_.contains(key); }

  // Throws on any other key, naming the nearest of these.
  void expect_only(const std::vector<std::string>& keys) const;

  // Each throws when the key is missing, or its value is of another type or out of range (both ends
  // included).
  const std::string& text(const std::string& key) const;
  Index integer(const std::string& key, Index low, Index high) const;
  double number(const std::string& key, double low, double high) const;
  bool boolean(const std::string& key) const;
  bool is_null(const std::string& key) const;  // of a key that must be there
  const Json& array(const std::string& key) const;
  Fields object(const std::string& key) const;

  // A text out of `known`. One out of `planned` is refused as not supported yet.
  const std::string& choice(const std::string& key, const std::vector<std::string>& known,
                            const std::vector<std::string>& planned = {}) const;

 private:
  const Json& value(const std::string& key) const;

  const Json& json_;
  std::string place_;
};

}  // namespace edgeval
