// Measures on a dense run what P1 (docs/techniques.md, "What the score tells") says of its
// similarity score S: that it tells redundant steps from others (section III-A), and how far h has
// moved after consecutive skips (table II). Both are measured for each recurrent layer and
// direction, over all steps in processing order but the first of each utterance.
//
//   - A step is redundant if its largest output is that of the step before, so that CTC merges
//     their tokens.
//   - A step is similar if it is among the fifth of the steps with the highest S.
//   - error(k) is the mean over the elements j of (h(t + k - 1)[j] - h(t - 1)[j])^2: how far the
//     output computed at the last of the k steps t ... t + k - 1 is from the copy that k skips
//     give.
#pragma once

#include <array>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "eval/policy/collector.hpp"

namespace edgeval {

inline constexpr int kMostSkips = 4;          // error(k) is measured up to this k
inline constexpr double kSimilarShare = 0.2;  // share of the steps that count as similar

inline constexpr double kNoFigure = std::numeric_limits<double>::quiet_NaN();

// The figures of one layer and direction. A figure that would divide by a count of 0 is kNoFigure,
// which JSON writes as null.
struct SimilarityFacts {
  std::string layer, direction;
  std::uint64_t steps = 0, redundant = 0;  // number of all steps and of the redundant ones
  double cut = kNoFigure;                  // least S of the similar steps
  // Share of the similar steps that are redundant, and share of the redundant steps that are
  // similar. Where only some of the steps with S = cut are similar, these are taken as an average
  // choice of them.
  double redundant_similar = kNoFigure;
  double captured = kNoFigure;
  // Probability that a redundant step has a higher S than a step that is not redundant, a tie
  // counting half. It is 0.5 if S tells nothing.
  double separation = kNoFigure;
  // error(k), averaged over all runs of k steps and over the runs whose steps all have S >= cut.
  struct Error {
    double all = kNoFigure, similar = kNoFigure;
    std::uint64_t runs = 0;  // number of the runs behind `similar`
  };
  std::array<Error, kMostSkips> errors;  // error(k) at [k - 1]
};

// Gathers SimilarityFacts while an engine runs dense. The outputs of the last layer say which steps
// are redundant.
class SimilarityCollector : public Collector {
 public:
  // `plans` has one entry for each layer of the model; a recurrent layer's must have its
  // fraction_bits. The plans give the scores S; no step is skipped.
  SimilarityCollector(std::shared_ptr<const Model> model, std::vector<SimilaritySkip> plans);
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override;
  void add(const std::function<void()>& run) override;
  std::vector<SimilarityFacts> finish() const;

 private:
  struct Step {
    float score;
    bool redundant;
    Index run;                            // number of steps that follow in the utterance
    std::array<float, kMostSkips> moved;  // error(k) of the k steps from here on, for k <= run + 1
  };
  struct Series {
    Index layer;
    std::size_t direction;
    std::vector<Step> steps;
    std::size_t judged = 0;  // number of steps whose `redundant` is known
  };
  const RecurrentLayer& layer_of(const Series& series) const;
  static SimilarityFacts facts(const Series& series);
  static SimilarityFacts::Error error(const Series& series, std::size_t n, double cut);
  void add_sequence(Series& series, const RecurrentLayer& layer, const SimilaritySkip& plan,
                    MatrixView<const float> input, MatrixView<const float> output);
  void judge(Series& series, const Ragged<float>& outputs) const;

  const std::shared_ptr<const Model> model_;
  const std::vector<SimilaritySkip> plans_;
  std::vector<Series> series_;
};

nlohmann::ordered_json to_json(const SimilarityFacts& facts);

}  // namespace edgeval
