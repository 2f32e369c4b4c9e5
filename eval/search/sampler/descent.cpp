#include "eval/search/sampler/descent.hpp"

#include <algorithm>
#include <utility>

#include "eval/search/sampler/coordinates.hpp"
#include "host/core/error.hpp"

namespace edgeval {
std::vector<double> spread_values(const Dimension& dimension, std::size_t most) {
  EDGEVAL_ASSERT(most >= 2);
  const auto count = value_count(dimension);
  const bool takes_all = count && (!dimension.is_range() || *count <= most);
  const std::size_t places = takes_all ? *count : most;
  std::vector<double> spread;
  std::string last;
  for (std::size_t place = 0; place < places; ++place) {
    double u = 0;
    if (takes_all)
      u = middle({bound_below(dimension, place), bound_below(dimension, place + 1)});
    else
      u = std::min(static_cast<double>(place) / static_cast<double>(places - 1), kLastCoordinate);
    std::string value = value_at(dimension, u);
    if (!spread.empty() && value == last) continue;
    spread.push_back(snapped(dimension, u));
    last = std::move(value);
  }
  return spread;
}

std::vector<std::size_t> order_by_layer(const std::vector<Dimension>& dimensions) {
  const auto layer_of = [&](std::size_t d) {
    const std::string& key = dimensions[d].keys.front();
    const std::string prefix = "layers.";
    return key.starts_with(prefix) ? key.substr(0, key.find('.', prefix.size())) : "";
  };
  std::vector<std::string> layers{""};  // of no layer
  std::vector<std::size_t> order;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    order.push_back(d);
    if (std::ranges::find(layers, layer_of(d)) == layers.end()) layers.push_back(layer_of(d));
  }
  std::ranges::stable_sort(order, {},
                           [&](std::size_t d) { return std::ranges::find(layers, layer_of(d)); });
  return order;
}

Descent::Descent(std::vector<Dimension> dimensions, std::span<const Observed> known,
                 std::size_t values)
    : dimensions_(std::move(dimensions)),
      values_(values),
      order_(order_by_layer(dimensions_)),
      left_(dimensions_.size()) {
  EDGEVAL_ASSERT(!dimensions_.empty() && !known.empty());
  learn(known);
  incumbent_ = *std::ranges::min_element(known, is_better);
}

std::vector<Coordinates> Descent::next(const Accepts& accepts) {
  EDGEVAL_ASSERT(!is_waiting_);
  for (; left_ > 0; end_line()) {
    std::vector<Coordinates> batch;
    Coordinates at = incumbent_.at;
    const std::size_t along = order_[left_ - 1];
    for (const double u : spread_values(dimensions_[along], values_)) {
      at[along] = u;
      if (!known_.contains(values_of(at)) && accepts(at)) batch.push_back(at);
    }
    is_waiting_ = !batch.empty();
    if (is_waiting_) return batch;
  }
  return {};
}

void Descent::tell(std::span<const Observed> found) {
  EDGEVAL_ASSERT(is_waiting_);
  learn(found);
  is_waiting_ = false;
  end_line();
}

Descent::Values Descent::values_of(const Coordinates& at) const {
  Values values;
  for (std::size_t d = 0; d < dimensions_.size(); ++d)
    values.push_back(value_at(dimensions_[d], at[d]));
  return values;
}

void Descent::learn(std::span<const Observed> points) {
  for (const Observed& point : points) {
    expect_known(point, dimensions_.size());
    const auto [at, is_new] = known_.try_emplace(values_of(point.at), point);
    if (!is_new && is_better(point, at->second)) at->second = point;
  }
}

void Descent::end_line() {
  const std::size_t along = order_[--left_];
  Values line = values_of(incumbent_.at);
  for (const auto& [values, point] : known_) {
    line[along] = values[along];
    if (values == line && is_better(point, incumbent_)) incumbent_ = point;
  }
}

}  // namespace edgeval
