#include "eval/search/sampler/parzen.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "eval/search/sampler/coordinates.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Whole numbers up to this many are counted out; of more, the kernel varies little over each.
constexpr std::uint64_t kMostCounted = 64;
// Products are kept within these bounds, powers of 2 with whole square roots.
constexpr int kRescale = 200;
constexpr double kGreatest = 0x1p200, kLeast = 0x1p-200;

// 2 F(z) - 1 of Student's t distribution with 2 degrees of freedom, for z in units in which its
// density is (1 + z^2)^(-3/2) / 2.
double balance(double z) { return z / std::sqrt(1 + z * z); }

// The balance between two places of the kernel around a centre.
double balance_between(double from, double to, double centre, double width) {
  return balance((to - centre) / width) - balance((from - centre) / width);
}

// A number of [0, 1) drawn from the kernel, by inversion.
double drawn_near(double centre, double width, SplitMix64& random) {
  const double from = balance(-centre / width);
  const double at = from + random.uniform() * balance_between(0, 1, centre, width);
  const double z = at / std::sqrt((1 - at) * (1 + at));
  return std::clamp(centre + width * z, 0.0, kLastCoordinate);
}

double share_of(const std::vector<double>& bounds, std::size_t value) {
  return bounds[value + 1] - bounds[value];
}

double middle_of(const std::vector<double>& bounds, std::size_t value) {
  return middle({bounds[value], bounds[value + 1]});
}

std::vector<double> kernels_of_list(std::size_t values, double width) {
  std::vector<double> kernels(values * values, width);
  for (std::size_t i = 0; i < values; ++i)
    kernels[i * values + i] += (1 - width) * static_cast<double>(values);
  return kernels;
}

std::vector<double> kernels_of_whole(const std::vector<double>& bounds, double width) {
  std::vector<double> kernels;
  for (std::size_t centred = 0; centred + 1 < bounds.size(); ++centred) {
    const double centre = middle_of(bounds, centred);
    const double all = balance_between(0, 1, centre, width);
    for (std::size_t value = 0; value + 1 < bounds.size(); ++value)
      kernels.push_back(balance_between(bounds[value], bounds[value + 1], centre, width) /
                        (all * share_of(bounds, value)));
  }
  return kernels;
}

}  // namespace

Scaled scaled(double number, std::int64_t exponent) {
  int more = 0;
  const double fraction = std::frexp(number, &more);
  return {fraction, fraction == 0 ? 0 : exponent + more};
}

Scaled operator*(const Scaled& a, const Scaled& b) {
  return scaled(a.fraction * b.fraction, a.exponent + b.exponent);
}

Scaled operator/(const Scaled& a, const Scaled& b) {
  return scaled(a.fraction / b.fraction, a.exponent - b.exponent);
}

Scaled operator+(const Scaled& a, const Scaled& b) {
  if (a.fraction == 0 || b.fraction == 0) return a.fraction == 0 ? b : a;
  if (a.exponent < b.exponent) return b + a;
  const std::int64_t apart = std::min<std::int64_t>(a.exponent - b.exponent, 2000);
  return scaled(a.fraction + std::ldexp(b.fraction, -static_cast<int>(apart)), a.exponent);
}

bool operator<(const Scaled& a, const Scaled& b) {
  if (a.fraction == 0 || b.fraction == 0 || a.exponent == b.exponent)
    return a.fraction < b.fraction;
  return a.exponent < b.exponent;
}

ParzenEstimate::ParzenEstimate(std::vector<Dimension> dimensions, const std::vector<double>& widths)
    : dimensions_(std::move(dimensions)) {
  EDGEVAL_ASSERT(widths.size() == dimensions_.size());
  for (std::size_t d = 0; d < widths.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    EDGEVAL_ASSERT(widths[d] > 0);
    const auto count = value_count(dimension);
    if (!count || (dimension.is_range() && *count > kMostCounted)) {
      ranges_.push_back({d, widths[d], 1 / widths[d]});
      continue;
    }
    Choice choice{d, {}, {}};
    for (std::uint64_t value = 0; value <= *count; ++value)
      choice.bounds.push_back(bound_below(dimension, value));
    choice.kernels = dimension.is_range() ? kernels_of_whole(choice.bounds, widths[d])
                                          : kernels_of_list(*count, widths[d]);
    choices_.push_back(std::move(choice));
  }
}

std::vector<std::size_t> ParzenEstimate::values_at(const Coordinates& at) const {
  std::vector<std::size_t> values;
  for (const Choice& choice : choices_) {
    const auto above = std::ranges::upper_bound(choice.bounds, at[choice.dimension]);
    values.push_back(static_cast<std::size_t>(above - choice.bounds.begin()) - 1);
  }
  return values;
}

void ParzenEstimate::add(const Coordinates& centre) {
  EDGEVAL_ASSERT(centre.size() == dimensions_.size());
  Component component{{}, values_at(centre), scaled(1)};
  for (const auto& [d, width, inverse] : ranges_) {
    component.centres.push_back(centre[d]);
    // The kernel is (1 + z^2)^(-3/2) / (width (balance at 1 - balance at 0)).
    component.height = component.height / scaled(width * balance_between(0, 1, centre[d], width));
  }
  components_.push_back(std::move(component));
}

Scaled ParzenEstimate::density(const Coordinates& at) const {
  EDGEVAL_ASSERT(at.size() == dimensions_.size());
  const std::vector<std::size_t> values = values_at(at);
  Scaled sum = scaled(1);  // of the uniform component
  for (const Component& component : components_) {
    // The product of 1 + z^2 over the ranges, whose power is taken at the end, and that of the
    // choices' kernels.
    double squares = 1, kernels = 1;
    std::int64_t exponent = 0;
    for (std::size_t r = 0; r < ranges_.size(); ++r) {
      const double z = (at[ranges_[r].dimension] - component.centres[r]) * ranges_[r].inverse;
      squares *= 1 + z * z;
      if (squares > kGreatest) squares *= kLeast, exponent -= kRescale / 2 * 3;
    }
    for (std::size_t c = 0; c < choices_.size(); ++c) {
      const Choice& choice = choices_[c];
      kernels *= choice.kernels[component.centred[c] * (choice.bounds.size() - 1) + values[c]];
      if (kernels > kGreatest) kernels *= kLeast, exponent += kRescale;
      if (kernels < kLeast) kernels *= kGreatest, exponent -= kRescale;
    }
    sum = sum + component.height * scaled(kernels / (squares * std::sqrt(squares)), exponent);
  }
  return sum / scaled(static_cast<double>(components_.size() + 1));
}

Coordinates ParzenEstimate::draw(SplitMix64& random) const {
  Coordinates at(dimensions_.size());
  const std::uint64_t chosen = random.below(components_.size() + 1);
  if (chosen == components_.size()) {
    for (double& u : at) u = random.uniform();
    return snapped(dimensions_, at);
  }
  const Component& component = components_[chosen];
  for (std::size_t r = 0; r < ranges_.size(); ++r) {
    const auto& [d, width, inverse] = ranges_[r];
    at[d] = snapped(dimensions_[d], drawn_near(component.centres[r], width, random));
  }
  for (std::size_t c = 0; c < choices_.size(); ++c)
    at[choices_[c].dimension] = drawn(choices_[c], component.centred[c], random);
  return at;
}

// The value where the sum of the shares of those before it and its own exceeds a uniform number.
double ParzenEstimate::drawn(const Choice& choice, std::size_t centred, SplitMix64& random) const {
  const std::size_t values = choice.bounds.size() - 1;
  double left = random.uniform();
  std::size_t value = 0;
  for (; value + 1 < values; ++value) {
    left -= choice.kernels[centred * values + value] * share_of(choice.bounds, value);
    if (left < 0) break;
  }
  return middle_of(choice.bounds, value);
}

}  // namespace edgeval
