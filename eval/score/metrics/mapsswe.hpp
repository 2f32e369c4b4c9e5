// Matched-pairs sentence-segment word error test (Gillick and Cox 1989), as NIST's sc_stats does
// it: whether two recognizers of the same utterances differ in their word errors. Utterances are
// cut into segments whose errors do not touch: a segment begins two words before the first error of
// either recognizer (fewer at the start of the utterance) and ends behind two words in a row that
// both have right, without an insertion between, or with the utterance. For the difference d =
// errors of A - errors of B of each of n segments,
//   Z = mean(d) / (s / sqrt(n)),  s the standard deviation with n - 1,  p = 2 (1 - Phi(|Z|)).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "eval/score/metrics/wer.hpp"

namespace edgeval {

struct ErrorSegment {
  std::uint64_t reference = 0;  // words, the two on either side included
  std::uint64_t errors_a = 0;
  std::uint64_t errors_b = 0;
  bool operator==(const ErrorSegment&) const = default;
};

// Of one utterance, aligned with the same reference by both.
std::vector<ErrorSegment> error_segments(const Alignment& a, const Alignment& b);

struct MatchedPairs {
  std::uint64_t segments = 0;
  ErrorSegment sum{};
  double mean = 0;       // of errors of A - errors of B
  double deviation = 0;  // standard deviation
  double z = 0;          // 0 where the differences are all the same, as with a single segment
  double p = 1;          // two-tailed
};

MatchedPairs matched_pairs(std::span<const ErrorSegment> segments);

// With alignments at sclite's prices, as the test is defined on.
MatchedPairs matched_pairs(std::span<const std::string> references, std::span<const std::string> a,
                           std::span<const std::string> b);

}  // namespace edgeval
