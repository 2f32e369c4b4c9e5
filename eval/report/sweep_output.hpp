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
// The folders, within a calibration's, of its journals, and its files beside them.
inline constexpr const char *kDevelopmentFolder = "development", *kConfirmFolder = "confirm";
inline constexpr const char *kBestFile = "best.yaml", *kCalibrationFile = "calibration.json";
inline constexpr const char* kCalibrationFiles[] = {kSweepPolicyFile, kSweepProfileFile,
                                                    kSweepPointsFile, kSweepTableFile,
                                                    kCalibrationFile, kBestFile};

// A point with what it made of the whole set.
struct SweepRow {
  std::string point;  // "17", or "dense"
  bool is_reference = false;
  std::vector<std::string> settings{};  // KEY=VALUE; none for a reference
  const PointTotal& total;
  const PointTotal* dense = nullptr;  // of the point's dense run; null where there is none
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
  // Returns what fronts_csv has: {"macs": [{"point": "12", "value_of_cost": 1e9, "wer": 9.5,
  // "against_dense": 0.5}, ...], ...}. What is not known is null.
  nlohmann::ordered_json fronts_json() const;
  // Returns for the terminal the dense runs and the front against the first cost, at most `most`
  // rows of it.
  std::string front_text(std::size_t most) const;

 private:
  struct Line {
    std::string point;
    std::map<std::string, std::string> settings;
    bool is_reference = false;
    // Of the first metric: its value, and what this is more than that of the dense run.
    std::optional<double> value, change;
    std::optional<Interval> ci95;
    double macs_ratio = 0;
    std::vector<double> ratios;  // of energies, by accelerator
    std::vector<double> costs;
  };
  std::string header(const SweepRow& row) const;
  std::vector<std::size_t> front(std::size_t cost) const;
  std::string dense_text() const;

  const std::vector<std::string> keys_, accelerators_;
  std::string csv_;
  std::string metric_, title_;  // name of the first metric, and its name for people
  bool less_is_better_ = true;
  std::vector<std::string> cost_names_;
  std::vector<Line> lines_;
};

}  // namespace edgeval
