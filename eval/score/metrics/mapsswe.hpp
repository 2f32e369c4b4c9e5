// The matched-pairs sentence-segment word error test (Gillick and Cox 1989), as NIST's sc_stats
// does it, says whether two recognizers of the same utterances differ in their word errors.
// Utterances are cut into segments whose errors do not affect each other: a segment begins two
// words before the first error of either recognizer (fewer at the start of the utterance). It ends
// after two words in a row that both have right, without an insertion between them, or at the end
// of the utterance. Let d be the errors of A minus the errors of B in each of n segments. Then
//   Z = mean(d) / (s / sqrt(n)),  p = 2 (1 - Phi(|Z|)),
// where s is the standard deviation of d with n - 1 in its divisor.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "eval/score/metrics/wer.hpp"

namespace edgeval {

struct ErrorSegment {
  std::uint64_t reference = 0;  // number of reference words, with the right ones on either side
  std::uint64_t errors_a = 0;
  std::uint64_t errors_b = 0;
  bool operator==(const ErrorSegment&) const = default;
};

// Returns the segments of one utterance, given the alignments of A and of B with its reference.
std::vector<ErrorSegment> error_segments(const Alignment& a, const Alignment& b);

struct MatchedPairs {
  std::uint64_t segments = 0;  // number of segments
  ErrorSegment sum{};          // sum over all segments
  double mean = 0;             // mean of d
  double deviation = 0;        // standard deviation of d
  double z = 0;                // Z, or 0 when all d are equal, as with a single segment
  double p = 1;                // two-tailed p value
};

MatchedPairs matched_pairs(std::span<const ErrorSegment> segments);

// Tests A against B on texts. Words are aligned at sclite's prices, on which the test is defined.
MatchedPairs matched_pairs(std::span<const std::string> references, std::span<const std::string> a,
                           std::span<const std::string> b);

}  // namespace edgeval
