// Searches a recorded grid as `edgeval calibrate` searches, with many seeds, for the comparison
// with other searches in docs/calibration.md. tests/studies/search_comparison.py writes the grid
// and reads what is printed.
//
//   calibration_search TABLE COST BUDGET SEEDS POINTS
//
// TABLE has an object of JSON on each line. The first has `axes`, for each dimension the number of
// its values and whether it is a list, `words`, and `dense`, the errors of each utterance in the
// dense network; `dense` is empty for a metric that is not raced. Each other line is a point: `at`,
// the number of its value on each axis, `loss`, `macs`, `costs` and `errors`. A range is searched
// as the whole numbers of its values. A combination that the grid lacks is refused, as the rules of
// policies refuse one. The MACs of a part of the utterances are taken to be their share.
//
// Prints an object for each seed, with what the search and what random search for as many MACs did.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "eval/search/blocks.hpp"
#include "eval/search/calibration/search.hpp"
#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

using Json = nlohmann::json;

struct GridPoint {
  double loss = 0, cost = 0, macs = 0;
  std::vector<double> errors;
};

struct Grid {
  std::vector<Dimension> dimensions;
  std::vector<std::uint64_t> sizes;
  double words = 0;
  std::vector<double> dense;
  std::map<std::vector<std::uint64_t>, GridPoint> points;
};

Grid read_grid(const char* path, const std::string& cost) {
  std::ifstream file(path);
  std::string line;
  EDGEVAL_EXPECTS(std::getline(file, line), path, ": cannot be read, or is empty");
  const Json head = Json::parse(line);
  Grid grid;
  grid.words = head.at("words");
  grid.dense = head.at("dense").get<std::vector<double>>();
  for (const Json& axis : head.at("axes")) {
    Dimension& dimension = grid.dimensions.emplace_back();
    dimension.keys = {concat("axis", grid.dimensions.size())};
    grid.sizes.push_back(axis.at("values"));
    dimension.high = static_cast<double>(grid.sizes.back() - 1);
    dimension.whole = true;
    for (std::uint64_t i = 0; axis.at("list") && i < grid.sizes.back(); ++i)
      dimension.values.push_back(std::to_string(i));
  }
  while (std::getline(file, line)) {
    const Json point = Json::parse(line);
    grid.points[point.at("at")] = {point.at("loss"), point.at("costs").at(cost), point.at("macs"),
                                   point.at("errors")};
  }
  return grid;
}

class GridTrials final : public Trials {
 public:
  GridTrials(const Grid& grid, std::uint64_t seed) : grid_(&grid) {
    const auto items = static_cast<Index>(grid.dense.size());
    if (items > 0)
      blocks_ = cut_into_blocks(items, std::clamp<Index>(items / 16, 8, 256), seed);
    else
      blocks_ = {{0}};
  }

  bool allows(const std::vector<std::string>& settings) override {
    return grid_->points.contains(place(settings));
  }
  void add(const std::vector<std::string>& settings) override {
    added_.push_back(&grid_->points.at(place(settings)));
  }
  Index blocks() const override { return std::ssize(blocks_); }
  void run(Index /*block*/, std::span<const Index> /*points*/) override {}
  std::vector<double> errors(Index point, Index block) override {
    return of_block(at(point).errors, block);
  }
  double loss_on(Index point, Index blocks) override {
    double more = 0, utterances = 0;
    for (Index block = 0; block < blocks; ++block) {
      const std::vector<double> here = errors(point, block), dense = of_block(grid_->dense, block);
      for (std::size_t n = 0; n < here.size(); ++n) more += here[n] - dense[n];
      utterances += static_cast<double>(here.size());
    }
    return 100 * more * static_cast<double>(grid_->dense.size()) / (utterances * grid_->words);
  }
  CostAndLoss total(Index point) override { return {at(point).cost, at(point).loss}; }
  std::uint64_t macs(Index point, Index blocks) const override {
    double seen = 0, all = 0;
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      const auto size = static_cast<double>(blocks_[block].size());
      all += size;
      if (static_cast<Index>(block) < blocks) seen += size;
    }
    return static_cast<std::uint64_t>(at(point).macs * seen / all);
  }

  // Returns the race against a budget, in points.
  Race race(double budget) const {
    std::vector<double> errors;
    double sum = 0;
    for (Index block = 0; block < blocks(); ++block)
      for (const double of_one : of_block(grid_->dense, block)) {
        errors.push_back(of_one);
        sum += of_one;
      }
    return {errors, sum + budget / 100 * grid_->words, std::nullopt};
  }

 private:
  const GridPoint& at(Index point) const { return *added_[static_cast<std::size_t>(point)]; }
  std::vector<double> of_block(const std::vector<double>& all, Index block) const {
    std::vector<double> here;
    for (const Index n : blocks_[static_cast<std::size_t>(block)])
      here.push_back(all[static_cast<std::size_t>(n)]);
    return here;
  }
  std::vector<std::uint64_t> place(const std::vector<std::string>& settings) const {
    std::vector<std::uint64_t> place;
    for (const std::string& setting : settings)
      place.push_back(std::stoull(setting.substr(setting.find('=') + 1)));
    return place;
  }

  const Grid* grid_;
  std::vector<std::vector<Index>> blocks_;
  std::vector<const GridPoint*> added_;
};

// Returns what a search did, whose trials are some of all.
Json summary(const GridTrials& trials, std::span<const Trial> all, std::size_t first) {
  double macs = 0;
  for (std::size_t t = 0; t < all.size(); ++t)
    macs += static_cast<double>(trials.macs(static_cast<Index>(first + t), all[t].blocks));
  Json json{{"points", all.size()},
            {"dropped", std::ranges::count_if(all, &Trial::is_dropped)},
            {"macs", macs},
            {"cost", nullptr},
            {"loss", nullptr}};
  if (const auto best = cheapest_within_budget(all)) {
    json["cost"] = all[*best].whole->cost;
    json["loss"] = all[*best].whole->loss;
  }
  return json;
}

void run(char** arguments) {
  const Grid grid = read_grid(arguments[1], arguments[2]);
  const double budget = std::stod(arguments[3]);
  const int seeds = std::stoi(arguments[4]), points = std::stoi(arguments[5]);
  for (int seed = 0; seed < seeds; ++seed) {
    GridTrials trials(grid, static_cast<std::uint64_t>(seed));
    SearchRules rules{.dimensions = grid.dimensions,
                      .points = static_cast<std::size_t>(points),
                      .seed = static_cast<std::uint64_t>(seed),
                      .budget = budget};
    if (!grid.dense.empty()) rules.race = std::make_shared<const Race>(trials.race(budget));
    std::vector<Trial> all = search(rules, trials);
    const std::size_t of_search = all.size();
    search_at_random(rules, trials, 100 * of_search, all);
    const std::span<const Trial> both(all);
    std::cout << Json{{"seed", seed},
                      {"search", summary(trials, both.first(of_search), 0)},
                      {"random", summary(trials, both.subspan(of_search), of_search)}}
              << "\n"
              << std::flush;
  }
}

}  // namespace
}  // namespace edgeval

int main(int count, char** arguments) {
  try {
    EDGEVAL_EXPECTS(count == 6, "calibration_search TABLE COST BUDGET SEEDS POINTS");
    edgeval::run(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "calibration_search: " << error.what() << "\n";
    return 1;
  }
}
