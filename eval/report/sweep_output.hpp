// Writes what a sweep found: points.csv, fronts.csv and the text on the terminal
// (docs/formats/sweep.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eval/policy/policy.hpp"
#include "eval/price/pricing.hpp"
#include "eval/search/sweep.hpp"

namespace edgeval {

// The files of a sweep's folder, beside the journal.
inline constexpr const char *kSweepTableFile = "points.csv", *kSweepFrontsFile = "fronts.csv",
                            *kSweepProfileFile = "profile.json";
inline constexpr const char* kSweepFiles[] = {kSweepPolicyFile, kSweepProfileFile, kSweepPointsFile,
                                              kSweepTableFile, kSweepFrontsFile};

// A point with what it made of the whole set.
struct SweepRow {
  std::string point;  // "17", or "dense"
  bool is_reference = false;
  std::vector<std::string> settings{};  // KEY=VALUE; none for a reference
  PointTotal total;
  std::uint64_t macs_dense = 0;
  // One for each accelerator; nothing where it cannot price a reference.
  std::vector<std::optional<Pricing>> pricings{};
};

// Takes the rows one after the other and keeps of each what the files and fronts need.
class SweepTable {
 public:
  // `keys` are those that vary, in the order of their columns. `accelerators` are names.
  SweepTable(std::vector<std::string> keys, std::vector<std::string> accelerators)
      : keys_(std::move(keys)), accelerators_(std::move(accelerators)) {}

  void add(const SweepRow& row);

  const std::string& points_csv() const { return csv_; }
  // Returns the fronts of the first metric against every cost.
  std::string fronts_csv() const;
  // Returns the numbers of the points on each front: {"macs": ["12", "5"], ...}.
  nlohmann::ordered_json fronts_json() const;
  // Returns the front against one cost for the terminal, at most `most` rows of it.
  std::string front_text(std::size_t most) const;

 private:
  struct Line {
    std::string point;
    std::map<std::string, std::string> settings;
    std::optional<double> value;  // of the first metric
    std::optional<Interval> ci95;
    double macs_ratio = 0;
    std::vector<double> ratios;  // of energies, by accelerator
    std::vector<double> costs;
  };
  std::string header(const SweepRow& row) const;
  std::vector<std::size_t> front(std::size_t cost) const;

  const std::vector<std::string> keys_, accelerators_;
  std::string csv_;
  std::string metric_, title_;  // name of the first metric, and its name for people
  bool less_is_better_ = true;
  std::vector<std::string> cost_names_;
  std::vector<Line> lines_;
  std::size_t references_ = 0;  // of the lines
};

}  // namespace edgeval
