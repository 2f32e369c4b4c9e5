#include "host/core/json.hpp"

#include <algorithm>
#include <set>

#include "host/core/error.hpp"
#include "host/core/names.hpp"

namespace edgeval {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxName = 80;

// Watches the parser: the keys seen so far of every open object.
class Watch {
 public:
  explicit Watch(const std::string& place) : place_(place) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    EDGEVAL_EXPECTS(depth <= kMaxDepth, place_, ": the JSON nests deeper than ", kMaxDepth,
                    " levels");
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      EDGEVAL_EXPECTS(open_.back().insert(key).second, place_, ": duplicate key ", shown(key));
    }
    return true;
  }

 private:
  const std::string& place_;
  std::vector<std::set<std::string>> open_;
};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The distance to a known name costs time in proportion to the length: a start of it will do.
std::string nearest(const std::string& name, const std::vector<std::string>& known) {
  return suggestion(std::string_view(name).substr(0, kMaxName), known);
}

template <class Number>
std::string range(Number low, Number high) {
  return low == high ? concat(", must be ", low) : concat(", must lie in [", low, ", ", high, "]");
}

}  // namespace

Json parse_json(std::string_view text, const std::string& place) {
  // The library takes a zero byte for the end of the text, and what follows would go unread.
  const std::size_t zero = text.find('\0');
  EDGEVAL_EXPECTS(zero == std::string_view::npos, place, ": not valid JSON at byte ", zero + 1,
                  ", which is a zero byte");
  Watch watch(place);
  try {
    return Json::parse(text, std::ref(watch));
  } catch (const Json::parse_error& error) {
    throw Error(concat(place, ": not valid JSON at byte ", error.byte));
  } catch (const Json::out_of_range&) {
    throw Error(concat(place, ": a number in the JSON is too large"));
  }
}

std::string shown(std::string_view name) {
  std::string text = Json(name).dump(-1, ' ', /*ensure_ascii=*/true);
  if (text.size() > kMaxName) text.replace(kMaxName, std::string::npos, "...\"");
  return text;
}

Fields::Fields(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
  EDGEVAL_EXPECTS(json_.is_object(), place_, ": is ", json_.type_name(), ", must be an object");
}

void Fields::expect_only(const std::vector<std::string>& known) const {
  for (const auto& [key, ignored] : json_.items())
    EDGEVAL_EXPECTS(contains(known, key), place_, ": unknown key ", shown(key),
                    nearest(key, known));
}

const Json& Fields::value(const std::string& key) const {
  const auto found = json_.find(key);
  EDGEVAL_EXPECTS(found != json_.end(), place_, ": key ", shown(key), " is missing");
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
  // Above the range of Index the library keeps a number unsigned.
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
                  nearest(name, known));
  return name;
}

}  // namespace edgeval
