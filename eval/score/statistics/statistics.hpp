// The score of a whole test set is made of statistics: a few numbers for each sentence that add up,
// such as [errors, words] for WER. Resampling draws sentences, adds their numbers and scores the
// sums, so no text is looked at twice.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

// The statistics [sentences, width]. They are whole numbers, and doubles add whole numbers exactly
// in any order while the sums are below 2^53.
class Statistics {
 public:
  explicit Statistics(Index width) : width_(width) {}

  Index width() const { return width_; }
  Index sentences() const { return static_cast<Index>(values_.size()) / width_; }
  std::span<const double> operator[](Index sentence) const {
    return std::span(values_).subspan(static_cast<std::size_t>(sentence * width_),
                                      static_cast<std::size_t>(width_));
  }
  void add(std::span<const double> sentence) {
    values_.insert(values_.end(), sentence.begin(), sentence.end());
  }
  void add(std::initializer_list<double> sentence) { values_.insert(values_.end(), sentence); }

  std::vector<double> sum() const {
    std::vector<double> sums(static_cast<std::size_t>(width_));
    for (Index n = 0; n < sentences(); ++n) add_to(sums, n);
    return sums;
  }
  // Returns the sum of statistic i, which must be a count.
  std::uint64_t count(std::size_t i) const { return static_cast<std::uint64_t>(sum()[i]); }
  void add_to(std::span<double> sums, Index sentence) const {
    const double* row = values_.data() + sentence * width_;
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += row[i];
  }

 private:
  Index width_;
  std::vector<double> values_;
};

// Returns the score of sums of statistics, or nothing when it has no value, such as a WER of no
// words.
using Score = std::function<std::optional<double>(std::span<const double> sums)>;

// Return sums[0] / sums[1], and 100 times as much for WER, CER and SER.
inline std::optional<double> ratio_of_sums(std::span<const double> sums) {
  if (sums[1] == 0) return std::nullopt;
  return sums[0] / sums[1];
}
inline std::optional<double> percent_of_sums(std::span<const double> sums) {
  if (sums[1] == 0) return std::nullopt;
  return 100 * sums[0] / sums[1];
}

}  // namespace edgeval
