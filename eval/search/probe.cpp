#include "eval/search/probe.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "eval/policy/settings.hpp"
#include "eval/search/vary.hpp"
#include "host/core/error.hpp"
#include "host/numeric/random.hpp"

namespace edgeval {
namespace {

using Values = std::vector<std::string>;  // one for each dimension

// The most combinations that are tried in order, and then at random.
constexpr int kMostInOrder = 256;
constexpr std::uint64_t kMostAtRandom = 1000;

// The whole number of the range at or below `number`, or else above it; nothing where the range has
// none.
std::optional<std::string> whole_near(const Dimension& range, double number) {
  const double first = std::ceil(range.low), last = std::floor(range.high);
  if (first > last || -first >= kWholeLimit || last >= kWholeLimit) return {};
  return plain_number(std::clamp(std::floor(number), first, last));
}

// The values of a list, or some of a range, of which the first two are a whole number and a number
// in its middle.
Values some_values(const Dimension& dimension, bool few) {
  if (!dimension.is_range()) return dimension.values;
  Values values;
  if (const auto whole = whole_near(dimension, (dimension.low + dimension.high) / 2))
    values.push_back(*whole);
  values.push_back(value_at(dimension, 0.5));
  if (few) return values;
  for (const double number : {dimension.low, dimension.high}) {
    values.push_back(plain_number(number));
    if (const auto whole = whole_near(dimension, number)) values.push_back(*whole);
  }
  for (const double u : {0.25, 0.75}) values.push_back(value_at(dimension, u));
  return values;
}

class Probe {
 public:
  Probe(std::vector<Dimension>& dimensions, const MakePoint& make)
      : dimensions_(dimensions), make_(make) {
    for (std::size_t d = 0; d < dimensions.size(); ++d) {
      if (d == 0 || dimensions[d].text != dimensions[d - 1].text) ++options_;
      option_of_.push_back(options_ - 1);
    }
  }

  // Does what probe() says.
  std::string check() {
    std::optional<Values> allowed = in_order({}, {});
    if (!allowed) allowed = find_blame();
    if (!allowed) allowed = at_random({}, {});
    if (!allowed) {
      all_were_tried_ = true;  // as far as they ever are
      allowed = find_blame();
    }
    if (!allowed) {
      const Values values = first_values();
      return concat(source_of(settings_of(values)), ": ", refusal(values));
    }
    for (std::size_t d = 0; d < dimensions_.size(); ++d) check_list(d, *allowed);
    for (std::size_t d = 0; d < dimensions_.size(); ++d)
      find_whole(dimensions_[d], [&](const std::string& value) {
        Values values = *allowed;
        values[d] = value;
        return is_allowed(values) || in_order(values, d);
      });
    return "";
  }

 private:
  // Returns why the rules refuse a point that has these values, but those of the option `without`;
  // empty where they allow it.
  std::string refusal(const Values& values, std::optional<std::size_t> without = {}) const {
    return refusal_of(settings_of(values, without), make_);
  }
  std::vector<std::string> settings_of(const Values& values,
                                       std::optional<std::size_t> without = {}) const {
    std::vector<std::string> settings;
    for (std::size_t d = 0; d < values.size(); ++d)
      if (option_of_[d] != without)
        for (const std::string& key : dimensions_[d].keys)
          settings.push_back(concat(key, "=", values[d]));
    return settings;
  }
  Values first_values() const {
    Values values;
    for (const Dimension& dimension : dimensions_)
      values.push_back(some_values(dimension, true).front());
    return values;
  }
  bool is_allowed(const Values& values) const { return refusal(values).empty(); }

  // Tries every combination of a few values of each option; the dimensions of a glob have the same.
  // With `fixed`, that dimension and those of the same glob stay as they are in `values`.
  std::optional<Values> in_order(Values values, std::optional<std::size_t> fixed) {
    std::vector<Values> of_option(options_);
    std::vector<bool> is_range(options_);
    for (std::size_t d = 0; d < dimensions_.size(); ++d) {
      if (fixed && option_of_[d] == option_of_[*fixed]) continue;
      of_option[option_of_[d]] = some_values(dimensions_[d], true);
      is_range[option_of_[d]] = dimensions_[d].is_range();
    }
    values.resize(dimensions_.size());
    std::vector<std::size_t> at(options_);
    // Counts the options up, first those that are ranges or else that are lists.
    const auto count_up = [&](bool ranges) {
      for (std::size_t option = 0; option < options_; ++option) {
        if (is_range[option] != ranges || of_option[option].empty()) continue;
        if (++at[option] < of_option[option].size()) return true;
        at[option] = 0;
      }
      return false;
    };
    all_were_tried_ = false;
    for (int tried = 0; tried < kMostInOrder; ++tried) {
      for (std::size_t d = 0; d < dimensions_.size(); ++d)
        if (const Values& some = of_option[option_of_[d]]; !some.empty())
          values[d] = some[at[option_of_[d]]];
      if (is_allowed(values)) return values;
      if (!count_up(true) && !count_up(false)) {
        all_were_tried_ = true;
        break;
      }
    }
    return {};
  }

  std::optional<Values> at_random(Values values, std::optional<std::size_t> fixed) const {
    values.resize(dimensions_.size());
    for (std::uint64_t n = 0; n < kMostAtRandom; ++n) {
      SplitMix64 random = random_stream(0, n);
      std::vector<bool> is_whole(options_);
      for (std::size_t option = 0; option < options_; ++option)
        is_whole[option] = random.uniform() < 0.5;
      for (std::size_t d = 0; d < dimensions_.size(); ++d) {
        const double u = random.uniform();
        if (d == fixed) continue;
        const Dimension& dimension = dimensions_[d];
        values[d] = value_at(dimension, u);
        if (!dimension.is_range() || !is_whole[option_of_[d]]) continue;
        const double number = dimension.low + u * (dimension.high + 1 - dimension.low);
        values[d] = whole_near(dimension, number).value_or(values[d]);
      }
      if (is_allowed(values)) return values;
    }
    return {};
  }

  // Throws Error where one option, or none, is to blame that no combination is allowed: without it
  // there is no such reason any more, and without any other one there still is. Returns a
  // combination if one is allowed after all, and nothing where several options are to blame.
  std::optional<Values> find_blame() const {
    Values values = first_values();
    const std::string reason = refusal(values);
    std::vector<std::size_t> blamed;
    bool is_needed = false;  // by the reason, which has another cause
    for (std::size_t option = 0; option < options_; ++option) {
      const std::string without = refusal(values, option);
      if (without == reason) continue;
      blamed.push_back(option);
      // Something else is wrong without plan.threshold if what is wrong is the profile.
      is_needed = !without.empty() && !names(reason, option);
    }
    if (!all_were_tried_ || blamed.size() > 1) return {};
    if (is_needed) throw Error(reason);
    if (blamed.empty()) {
      EDGEVAL_EXPECTS(refusal_of({}, make_) != reason, reason);
      return {};
    }
    const std::size_t first = static_cast<std::size_t>(
        std::ranges::find(option_of_, blamed.front()) - option_of_.begin());
    for (const std::string& value : some_values(dimensions_[first], false)) {
      for (std::size_t d = 0; d < values.size(); ++d)
        if (option_of_[d] == blamed.front()) values[d] = value;
      if (is_allowed(values)) return values;
    }
    const Dimension& dimension = dimensions_[first];
    const bool is_bracket = dimension.values.size() == 1 && dimension.values[0].starts_with('[');
    throw Error(
        concat(dimension.text, ": ", reason,
               is_bracket ? "; a range of numbers is written LOW:HIGH, without brackets" : ""));
  }

  // Whether a reason is about a key of the option, or about the map that has it.
  bool names(const std::string& reason, std::size_t option) const {
    for (std::size_t d = 0; d < dimensions_.size(); ++d)
      for (const std::string& key : dimensions_[d].keys) {
        std::vector<std::string> parts = split_key(key, key);
        if (parts.size() > 1) parts.pop_back();
        if (option_of_[d] == option && reason.starts_with(separated(parts, "."))) return true;
      }
    return false;
  }

  // Throws Error where a value of a list is refused beside all values of the others. `allowed` is a
  // combination that is not.
  void check_list(std::size_t d, const Values& allowed) {
    for (const std::string& value : dimensions_[d].values) {
      Values values = allowed;
      values[d] = value;
      const std::string reason = refusal(values);
      EDGEVAL_EXPECTS(reason.empty() || in_order(values, d) || at_random(values, d),
                      dimensions_[d].text, ": no point can have ", dimensions_[d].keys.front(), "=",
                      value, ": ", reason);
    }
  }

  std::vector<Dimension>& dimensions_;
  const MakePoint& make_;
  std::size_t options_ = 0;             // of --vary
  std::vector<std::size_t> option_of_;  // of each dimension
  bool all_were_tried_ = false;         // by in_order
};

}  // namespace

std::string probe(std::vector<Dimension>& dimensions, const MakePoint& make) {
  return Probe(dimensions, make).check();
}

}  // namespace edgeval
