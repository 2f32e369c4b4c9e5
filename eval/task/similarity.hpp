// What P1 says of its similarity score, measured on a dense run: that it tells redundant steps from
// others (section III-A), and how far h has moved after consecutive skips (table II). For each
// recurrent layer and direction, steps in processing order; those without a step before are left
// out.
//
//   - redundant: CTC merges the step's token with that of the step before, since the largest output
//     is the same one
//   - similar: the step is among the top fifth by S
//   - error(k): mean over the elements j of (h(t + k - 1)[j] - h(t - 1)[j])^2, where t ... t + k -
//   1
//     are k similar steps: what a run of k skips copies, against what was computed
#pragma once

#include <array>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "eval/policy/collector.hpp"

namespace edgeval {

inline constexpr int kMostSkips = 4;
inline constexpr double kSimilarShare = 0.2;

inline constexpr double kNoFigure = std::numeric_limits<double>::quiet_NaN();

// Figures of which there is nothing to take the mean of are kNoFigure: JSON's null.
struct SimilarityFacts {
  std::string layer, direction;
  std::uint64_t steps = 0, redundant = 0;
  double cut = kNoFigure;                // least S of the top fifth
  double redundant_similar = kNoFigure;  // redundant ones among the similar steps, a share; of
                                         // steps tied at the cut, the mean
  double captured = kNoFigure;           // similar ones among the redundant steps, likewise
  double separation = kNoFigure;  // probability that a redundant step has a higher S than another;
                                  // ties count half. 0.5: none
  struct Error {
    double all = kNoFigure,
           similar = kNoFigure;  // over all runs of k steps, over those of similar steps
    std::uint64_t runs = 0;      // of similar steps
  };
  std::array<Error, kMostSkips> errors;  // [k - 1]
};

// Gathers them while an engine runs dense. The outputs of the last layer say which steps are
// redundant.
class SimilarityCollector : public Collector {
 public:
  // plans: of the layers, one with fraction_bits for each recurrent one; only their scores are
  // used.
  SimilarityCollector(const Model& model, std::vector<SimilaritySkip> plans);
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override;
  void add(const std::function<void()>& run) override;
  std::vector<SimilarityFacts> finish() const;

 private:
  struct Step {
    float score;
    bool redundant;
    Index run;                            // how many more steps of the utterance follow
    std::array<float, kMostSkips> moved;  // error(k) from here on, where k <= run + 1
  };
  struct Series {
    Index layer;
    std::size_t direction;
    std::vector<Step> steps;
    std::size_t judged = 0;  // so many of them know whether they are redundant
  };
  static SimilarityFacts facts(const Series& series);
  static SimilarityFacts::Error error(const Series& series, std::size_t n, double cut);
  void add_sequence(Series& series, const RecurrentLayer& layer, const SimilaritySkip& plan,
                    MatrixView<const float> input, MatrixView<const float> output);
  void judge(Series& series, const Ragged<float>& outputs) const;

  const Model& model_;
  const std::vector<SimilaritySkip> plans_;
  std::vector<Series> series_;
};

nlohmann::ordered_json to_json(const SimilarityFacts& facts);

}  // namespace edgeval
