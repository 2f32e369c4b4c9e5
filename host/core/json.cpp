#include "host/core/json.hpp"

#include <algorithm>
#include <set>

#include "host/core/error.hpp"
#include "host/core/names.hpp"

namespace edgeval {
namespace {

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxName = 80;

// Reads a text without keeping its values and refuses it when it is no JSON, nests too deep or
// repeats a key. nlohmann's parser with a callback for each value looks at all earlier values each
// time; this pass and the plain parser after it take time in proportion to the text.
class Watch : public nlohmann::json_sax<Json> {
 public:
  explicit Watch(const std::string& place) : place_(place) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& key) override {
    EDGEVAL_EXPECTS(keys_.back().insert(key).second, place_, ": duplicate key ", shown(key));
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&,
                   const nlohmann::detail::exception& error) override {
    constexpr int kNumberOutOfRange = 406;
    EDGEVAL_EXPECTS(error.id != kNumberOutOfRange, place_, ": a number in the JSON is too large");
    throw Error(concat(place_, ": not valid JSON at byte ", byte));
  }

 private:
  bool open() {
    EDGEVAL_EXPECTS(keys_.size() < kMaxDepth, place_, ": the JSON nests deeper than ", kMaxDepth,
                    " levels");
    keys_.emplace_back();
    return true;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  const std::string& place_;
  std::vector<std::set<std::string>> keys_;  // keys seen so far, of every open object or array
};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Number>
std::string range(Number low, Number high) {
  return low == high ? concat(", must be ", low) : concat(", must lie in [", low, ", ", high, "]");
}

}  // namespace

Json parse_json(std::string_view text, const std::string& place) {
  // nlohmann's parser takes a zero byte for the end of the text, and what follows would go unread.
  const std::size_t zero = text.find('\0');
  EDGEVAL_EXPECTS(zero == std::string_view::npos, place, ": not valid JSON at byte ", zero + 1,
                  ", which is a zero byte");
  Watch watch(place);
  Json::sax_parse(text, &watch);
  return Json::parse(text);
}

std::string to_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string shown(std::string_view name) {
  std::string text =
      Json(name).dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (text.size() > kMaxName) text.replace(kMaxName, std::string::npos, "...\"");
  return text;
}

Fields::Fields(const Json& json, std::string place) : json_(&json), place_(std::move(place)) {
  EDGEVAL_EXPECTS(json.is_object(), place_, ": is ", json.type_name(), ", must be an object");
}

void Fields::expect_only(const std::vector<std::string>& known) const {
  for (const auto& [key, ignored] : json_->items())
    EDGEVAL_EXPECTS(contains(known, key), place_, ": unknown key ", shown(key),
                    suggestion(key, known));
}

const Json& Fields::value(const std::string& key) const {
  const auto found = json_->find(key);
  EDGEVAL_EXPECTS(found != json_->end(), place_, ": key ", shown(key), " is missing");
  return *found;
}

const std::string& Fields::text(const std::string& key) const {
  const Json& json = value(key);
  EDGEVAL_EXPECTS(json.is_string(), place_, ": ", key, " is ", json.type_name(),
                  ", must be a text");
  return json.get_ref<const std::string&>();
}

Index Fields::integer(const std::string& key, Index low, Index high) const {
  const Json& json = value(key);
  EDGEVAL_EXPECTS(json.is_number_integer(), place_, ": ", key, " is ",
                  json.is_number() ? json.dump() : json.type_name(), ", must be a whole number");
  // nlohmann's library keeps a number above the range of Index as an unsigned one.
  const bool fits = !json.is_number_unsigned() || json.get<std::uint64_t>() <= INT64_MAX;
  EDGEVAL_EXPECTS(fits && json.get<Index>() >= low && json.get<Index>() <= high, place_, ": ", key,
                  " is ", json.dump(), range(low, high));
  return json.get<Index>();
}

double Fields::number(const std::string& key, double low, double high) const {
  const Json& json = value(key);
  EDGEVAL_EXPECTS(json.is_number(), place_, ": ", key, " is ", json.type_name(),
                  ", must be a number");
  const double number = json.get<double>();
  EDGEVAL_EXPECTS(number >= low && number <= high, place_, ": ", key, " is ", json.dump(),
                  range(low, high));
  return number;
}

bool Fields::is_null(const std::string& key) const { return value(key).is_null(); }

bool Fields::boolean(const std::string& key) const {
  const Json& json = value(key);
  EDGEVAL_EXPECTS(json.is_boolean(), place_, ": ", key, " is ", json.type_name(),
                  ", must be true or false");
  return json.get<bool>();
}

const Json& Fields::array(const std::string& key) const {
  const Json& json = value(key);
  EDGEVAL_EXPECTS(json.is_array(), place_, ": ", key, " is ", json.type_name(),
                  ", must be an array");
  return json;
}

Fields Fields::object(const std::string& key) const {
  return {value(key), concat(place_, ": ", key)};
}

const std::string& Fields::choice(const std::string& key, const std::vector<std::string>& known,
                                  const std::vector<std::string>& planned) const {
  const std::string& name = text(key);
  EDGEVAL_EXPECTS(!contains(planned, name), place_, ": ", key, " ", name,
                  " is not supported yet by this version of edgeval", suggestion("", known));
  EDGEVAL_EXPECTS(contains(known, name), place_, ": unknown ", key, " ", shown(name),
                  suggestion(name, known));
  return name;
}

}  // namespace edgeval
