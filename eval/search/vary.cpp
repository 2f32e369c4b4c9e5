#include "eval/search/vary.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

#include "eval/policy/settings.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/names.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

// Numbers of a range lie within [-kLargest, kLargest], and of a logarithmic one above 1 / kLargest,
// so that no difference or ratio of two is out of the range of a double.
constexpr double kLargest = 1e100;

constexpr const char* kForms =
    "KEY=LOW:HIGH, KEY=LOW:HIGH:STEPS, either with :log behind it, or KEY=VALUE,VALUE,...";

// Splits a text at the separators for which splits_at(position) holds.
template <class SplitsAt>
std::vector<std::string> split_where(std::string_view text, const SplitsAt& splits_at) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && !splits_at(i)) continue;
    parts.emplace_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return parts;
}

// Keys with commas between them; a comma in double quotes belongs to a layer's name.
std::vector<std::string> split_keys(std::string_view keys) {
  bool quoted = false;
  return split_where(keys, [&](std::size_t i) {
    if (keys[i] == '"') quoted = !quoted;
    return keys[i] == ',' && !quoted;
  });
}

// For each character of a value, whether it stands within quotes or brackets of YAML, where commas
// and colons belong to the value. A quote counts where a value begins: not that of don't.
std::vector<bool> find_enclosed(std::string_view value, const std::string& place) {
  constexpr std::string_view kBeforeValues = ",:[{";
  std::vector<bool> enclosed(value.size());
  std::string open;   // for each bracket that is open, the one that closes it
  char quote = 0;     // the quote that is open
  char before = ',';  // the last character but for spaces
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    enclosed[i] = quote != 0 || !open.empty();
    if (quote != 0) {
      if (c == '\\' && quote == '"' && i + 1 < value.size()) enclosed[++i] = true;
      if (c == quote) quote = 0;
    } else if ((c == '"' || c == '\'') && kBeforeValues.find(before) != std::string_view::npos) {
      quote = c;
    } else if (c == '[' || c == '{') {
      open += c == '[' ? ']' : '}';
    } else if (c == ']' || c == '}') {
      EDGEVAL_EXPECTS(open.ends_with(c), place, ": the bracket ", c,
                      " closes none; values in "
                      "brackets are such as [0, 1]");
      open.pop_back();
    }
    if (c != ' ') before = c;
  }
  EDGEVAL_EXPECTS(quote == 0 && open.empty(), place, ": a ", quote != 0 ? "quote" : "bracket",
                  " is not closed; an option with quotes, or with spaces in brackets, stands in "
                  "single quotes, as in --vary 'operand.range=[-1, 1],[-2, 2]'");
  return enclosed;
}

// Reads the number at the start of a text, and takes it away; nothing where there is none.
std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  const auto [read, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return {};
  text.remove_prefix(static_cast<std::size_t>(read - text.data()));
  return number;
}

bool is_number(std::string_view text) { return take_number(text) && text.empty(); }

// Returns LOW:HIGH for a text such as 0.3-0.9, 0.3..0.9 or "0.3 to 0.9"; empty for other texts.
std::string range_meant(std::string_view text) {
  const std::size_t dots = text.find("..");  // before which 0. would be a number
  std::string_view low = text.substr(0, dots);
  if (!take_number(low) || (dots != text.npos && !low.empty())) return {};
  std::string_view rest = dots == text.npos ? low : text.substr(dots);
  const std::string_view first = text.substr(0, text.size() - rest.size());
  for (const std::string_view between : {"..", " to ", " - ", "-"})
    if (rest.starts_with(between) && is_number(rest.substr(between.size())))
      return concat(first, ":", rest.substr(between.size()));
  return {};
}

// Returns what may cure a part of a range that is no number.
std::string cure_of(const std::string& part) {
  if (part.find('=') != part.npos) return "; each key has a --vary of its own";
  std::string with_point = part;
  std::ranges::replace(with_point, ',', '.');
  if (with_point != part && is_number(with_point))
    return concat("; decimals have a point, as in ", with_point);
  return "";
}

double read_end(const std::string& part, const std::string& place) {
  double number = 0;
  const char* const end = part.data() + part.size();
  const auto [read, error] = std::from_chars(part.data(), end, number);
  EDGEVAL_EXPECTS(error == std::errc() && read == end && std::abs(number) <= kLargest, place, ": ",
                  shown(part),
                  " is no number from -1e100 to 1e100; a value with a colon is a range, LOW:HIGH, "
                  "LOW:HIGH:STEPS, LOW:HIGH:log or LOW:HIGH:STEPS:log, and other text with a colon "
                  "stands in double quotes",
                  cure_of(part));
  return number + 0.0;  // -0 becomes 0
}

std::uint64_t read_steps(const std::string& part, const std::string& place) {
  std::uint64_t steps = 0;
  const char* const end = part.data() + part.size();
  const auto [read, error] = std::from_chars(part.data(), end, steps);
  EDGEVAL_EXPECTS(error == std::errc() && read == end && steps >= 1 && steps <= kMostGridPoints,
                  place, ": STEPS is ", shown(part), ", must be a whole number from 1 to ",
                  kMostGridPoints, "; it is the number of values in a grid, as in 0:1:5");
  return steps;
}

void read_range(std::vector<std::string> parts, Dimension& range) {
  const std::string& place = range.text;
  range.low = read_end(parts[0], place);
  range.high = read_end(parts[1], place);
  if (parts.size() > 2 && parts.back() == "log") {
    range.logarithmic = true;
    parts.pop_back();
  }
  EDGEVAL_EXPECTS(parts.size() <= 3, place,
                  ": the range has too many parts; it is LOW:HIGH, LOW:HIGH:STEPS, LOW:HIGH:log or "
                  "LOW:HIGH:STEPS:log");
  if (parts.size() == 3) range.steps = read_steps(parts[2], place);
  const std::string low = plain_number(range.low), high = plain_number(range.high);
  EDGEVAL_EXPECTS(range.low <= range.high, place, ": LOW, ", low, ", is greater than HIGH, ", high,
                  "; write ", high, ":", low);
  EDGEVAL_EXPECTS(
      !range.logarithmic || range.low >= 1 / kLargest, place, ": LOW is ", low,
      ", and a logarithmic range begins above 0; give a small number, as in 0.001:1:log, "
      "or leave out :log");
  EDGEVAL_EXPECTS(range.steps != 1u || range.low == range.high, place,
                  ": one value does not reach from ", low, " to ", high,
                  "; take STEPS of 2 or more, or give one value alone, as in ", range.keys.front(),
                  "=", low);
}

void read_list(std::vector<std::string> values, Dimension& list) {
  for (const std::string& value : values) {
    EDGEVAL_EXPECTS(!value.empty(), list.text,
                    ": a value is empty; write values with single commas between them, as in ",
                    list.keys.front(), "=1,2,3");
    const std::string range = range_meant(value);
    EDGEVAL_EXPECTS(range.empty(), list.text, ": ", value, " is no number; a range is ", range);
    EDGEVAL_EXPECTS(std::ranges::count(values, value) == 1, list.text, ": ", value,
                    " stands twice in the list; leave one out");
  }
  list.values = std::move(values);
}

void read_values(std::string_view value, Dimension& dimension) {
  const std::vector<bool> enclosed = find_enclosed(value, dimension.text);
  const auto parts_at = [&](char separator) {
    return split_where(value, [&](std::size_t i) { return value[i] == separator && !enclosed[i]; });
  };
  std::vector<std::string> parts = parts_at(':');
  if (parts.size() > 1) {
    read_range(std::move(parts), dimension);
  } else {
    read_list(parts_at(','), dimension);
  }
}

bool has_wildcard(std::string_view text) { return text.find_first_of("*?") != text.npos; }

// Whether a name fits a pattern in which * is any text and ? any one character.
bool fits(std::string_view pattern, std::string_view name) {
  // Where to go on when what follows the last * does not fit: the * takes one character more.
  std::optional<std::pair<std::string_view, std::string_view>> retry;
  const auto without_first = [](std::string_view text) {
    text.remove_prefix(std::max<std::size_t>(1, utf8_length(text)));
    return text;
  };
  while (true) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      retry = {pattern, name};
    } else if (!name.empty() && pattern.starts_with('?')) {
      pattern.remove_prefix(1);
      name = without_first(name);
    } else if (!name.empty() && !pattern.empty() && pattern[0] == name[0]) {
      pattern.remove_prefix(1);
      name.remove_prefix(1);
    } else if (name.empty() && pattern.empty()) {
      return true;
    } else if (retry && !retry->second.empty()) {
      retry->second = without_first(retry->second);
      std::tie(pattern, name) = *retry;
    } else {
      return false;
    }
  }
}

// A part of a key, in double quotes unless it is of letters, digits, _ and - alone.
std::string quoted_part(const std::string& part, const std::string& place) {
  EDGEVAL_EXPECTS(part.find('"') == part.npos, place, ": the name ", shown(part),
                  " holds a double quote, so no key can name this layer; rename it in the model");
  const bool is_plain = std::ranges::all_of(part, [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
  return is_plain ? part : concat("\"", part, "\"");
}

// The keys that a key with a glob stands for.
std::vector<std::string> expand(const std::vector<std::string>& parts, const std::string& place,
                                std::span<const std::string> layer_names,
                                const std::function<bool(const std::string&)>& accepts) {
  const std::string& glob = parts[1];
  const std::string rest =
      separated(std::span(parts).subspan(2), ".",
                [&](const std::string& part) { return quoted_part(part, place); });
  std::vector<std::string> fitting, keys;
  for (const std::string& layer : layer_names) {
    if (!fits(glob, layer)) continue;
    fitting.push_back(layer);
    const std::string key = concat("layers.", quoted_part(layer, place), ".", rest);
    if (accepts(key)) keys.push_back(key);
  }
  EDGEVAL_EXPECTS(!fitting.empty(), place, ": no layer of the model is called ", glob,
                  suggestion(glob, layer_names));
  EDGEVAL_EXPECTS(!keys.empty(), place, ": ", rest, " can be set on none of the layers ",
                  separated(fitting),
                  "; edgeval info lists the keys, and linear layers do not take all");
  return keys;
}

// Whether the key has a glob, which must stand for the name of a layer.
bool has_glob(const std::vector<std::string>& parts, const std::string& place) {
  const bool at_layer = parts.size() > 2 && parts[0] == "layers" && has_wildcard(parts[1]);
  for (std::size_t i = 0; i < parts.size(); ++i)
    EDGEVAL_EXPECTS(!has_wildcard(parts[i]) || (at_layer && i == 1), place,
                    ": * and ? stand for the name of a layer, as in layers.*.plan.threshold; names "
                    "with dots stand in double quotes, as in layers.\"enc.*\".plan.threshold");
  return at_layer;
}

// The dimensions of one option.
std::vector<Dimension> parse_option(const std::string& given,
                                    std::span<const std::string> layer_names,
                                    const std::function<bool(const std::string&)>& accepts) {
  Dimension dimension;
  dimension.text = concat("--vary ", given);
  const std::string& place = dimension.text;
  std::size_t equals = find_unquoted(given, '=');
  if (equals == std::string::npos) equals = given.find('=');  // split_key tells of an open quote
  EDGEVAL_EXPECTS(equals != std::string::npos, place, ": has no '='; must be ", kForms,
                  ", such as plan.threshold=0:1:5");
  dimension.keys = split_keys(std::string_view(given).substr(0, equals));
  std::vector<std::string> globbed;
  for (const std::string& key : dimension.keys) {
    EDGEVAL_EXPECTS(!key.empty(), place, ": a key is empty; must be ", kForms,
                    ", such as plan.threshold=0:1:5");
    const std::vector<std::string> parts = split_key(key, place);
    if (!has_glob(parts, place)) continue;
    EDGEVAL_EXPECTS(dimension.keys.size() == 1, place,
                    ": tied keys have no glob; name the layers, as in "
                    "layers.a.plan.threshold,layers.b.plan.threshold=0:1");
    globbed = expand(parts, place, layer_names, accepts);
  }
  read_values(std::string_view(given).substr(equals + 1), dimension);
  if (globbed.empty()) return {dimension};
  std::vector<Dimension> dimensions(globbed.size(), dimension);
  for (std::size_t i = 0; i < globbed.size(); ++i) dimensions[i].keys = {globbed[i]};
  return dimensions;
}

void expect_each_key_once(const std::vector<Dimension>& dimensions) {
  std::map<std::vector<std::string>, std::string> places;
  for (const Dimension& dimension : dimensions)
    for (const std::string& key : dimension.keys) {
      const auto [other, is_new] =
          places.try_emplace(split_key(key, dimension.text), dimension.text);
      EDGEVAL_EXPECTS(is_new, dimension.text, ": ", key, " varies already",
                      other->second == dimension.text ? "" : ", by " + other->second,
                      "; name it once");
    }
}

}  // namespace

std::vector<Dimension> parse_vary(std::span<const std::string> given,
                                  std::span<const std::string> layer_names,
                                  const std::function<bool(const std::string& key)>& accepts) {
  std::vector<Dimension> dimensions;
  for (const std::string& option : given)
    for (Dimension& dimension : parse_option(option, layer_names, accepts))
      dimensions.push_back(std::move(dimension));
  expect_each_key_once(dimensions);
  return dimensions;
}

void find_whole(Dimension& dimension,
                const std::function<bool(const std::string& value)>& accepted) {
  const double first = std::ceil(dimension.low), last = std::floor(dimension.high) - 1;
  if (!dimension.is_range() || first > last || -first >= kWholeLimit || last + 1 >= kWholeLimit)
    return;
  for (const double n : {first, last, std::floor((first + last) / 2)}) {
    if (accepted(plain_number(n + 0.5))) return;
    dimension.whole |= accepted(plain_number(n)) && accepted(plain_number(n + 1));
  }
  EDGEVAL_EXPECTS(!dimension.whole || (first == dimension.low && last + 1 == dimension.high),
                  dimension.text, ": ", dimension.keys.front(),
                  " takes whole numbers alone; write ", plain_number(first), ":",
                  plain_number(last + 1));
}

}  // namespace edgeval
