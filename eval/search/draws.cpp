#include "eval/search/draws.hpp"

#include <utility>

#include "eval/search/sobol.hpp"
#include "host/core/error.hpp"
#include "host/numeric/random.hpp"

namespace edgeval {
namespace {

void expect_drawable(const std::vector<Dimension>& dimensions) {
  EDGEVAL_EXPECTS(!dimensions.empty(),
                  "nothing varies; name what does, as in --vary plan.threshold=0:1:5");
  for (const Dimension& dimension : dimensions) expect_distinct_values(dimension);
}

// Throws Error unless the grid, counted before values that come again are left out, is small
// enough.
void expect_few_points(const std::vector<Dimension>& dimensions) {
  std::uint64_t points = 1;
  for (const Dimension& dimension : dimensions) {
    const std::uint64_t values = grid_size(dimension);
    // values >= 1
    EDGEVAL_EXPECTS(values <= kMostGridPoints / points, dimension.text, ": with its ", values,
                    " values the grid has more than ", kMostGridPoints,
                    " points; take fewer STEPS, or draw points at random");
    points *= values;
  }
}

class GridDraws : public Draws {
 public:
  explicit GridDraws(std::vector<Dimension> dimensions)
      : dimensions_(std::move(dimensions)), at_(dimensions_.size()) {
    expect_drawable(dimensions_);
    expect_few_points(dimensions_);
    for (const Dimension& dimension : dimensions_) values_.push_back(grid_values(dimension));
  }

  std::optional<std::vector<std::string>> next() override {
    if (is_over_) return {};
    std::vector<std::string> settings;
    for (std::size_t d = 0; d < dimensions_.size(); ++d)
      add_settings(dimensions_[d], values_[d][at_[d]], settings);
    advance();
    return settings;
  }

 private:
  void advance() {
    for (std::size_t d = dimensions_.size(); d-- > 0;) {
      if (++at_[d] < values_[d].size()) return;
      at_[d] = 0;
    }
    is_over_ = true;
  }

  std::vector<Dimension> dimensions_;
  std::vector<std::vector<std::string>> values_;  // of each dimension
  std::vector<std::size_t> at_;                   // the value of each dimension in the next point
  bool is_over_ = false;
};

class RandomDraws : public Draws {
 public:
  RandomDraws(std::vector<Dimension> dimensions, std::uint64_t seed)
      : dimensions_(std::move(dimensions)), seed_(seed) {
    expect_drawable(dimensions_);
  }

  std::optional<std::vector<std::string>> next() override {
    SplitMix64 random = random_stream(seed_, point_++);
    Coordinates point(dimensions_.size());
    for (double& u : point) u = random.uniform();
    return settings_at(dimensions_, point);
  }

 private:
  std::vector<Dimension> dimensions_;
  std::uint64_t seed_;
  std::uint64_t point_ = 0;
};

class SobolDraws : public Draws {
 public:
  SobolDraws(std::vector<Dimension> dimensions, std::uint64_t seed)
      : dimensions_(std::move(dimensions)), sequence_(sobol_shift(dimensions_, seed)) {}

  std::optional<std::vector<std::string>> next() override {
    return settings_at(dimensions_, sequence_.next());
  }

 private:
  std::vector<Dimension> dimensions_;
  SobolSequence sequence_;
};

}  // namespace

std::vector<std::uint64_t> sobol_shift(const std::vector<Dimension>& dimensions,
                                       std::uint64_t seed) {
  expect_drawable(dimensions);
  EDGEVAL_EXPECTS(dimensions.size() <= SobolSequence::most_dimensions(), "the sweep has ",
                  dimensions.size(), " dimensions, and a Sobol sequence at most ",
                  SobolSequence::most_dimensions(), "; draw points at random");
  std::vector<std::uint64_t> shift;
  for (std::size_t d = 0; d < dimensions.size(); ++d)
    shift.push_back(random_stream(seed, ~std::uint64_t{d}).next());
  return shift;
}

std::unique_ptr<Draws> grid_draws(std::vector<Dimension> dimensions) {
  return std::make_unique<GridDraws>(std::move(dimensions));
}

std::uint64_t grid_points(const std::vector<Dimension>& dimensions) {
  expect_drawable(dimensions);
  expect_few_points(dimensions);
  std::uint64_t points = 1;
  for (const Dimension& dimension : dimensions) points *= grid_values(dimension).size();
  return points;
}

std::unique_ptr<Draws> random_draws(std::vector<Dimension> dimensions, std::uint64_t seed) {
  return std::make_unique<RandomDraws>(std::move(dimensions), seed);
}

std::unique_ptr<Draws> sobol_draws(std::vector<Dimension> dimensions, std::uint64_t seed) {
  return std::make_unique<SobolDraws>(std::move(dimensions), seed);
}

}  // namespace edgeval
