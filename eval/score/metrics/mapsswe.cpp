#include "eval/score/metrics/mapsswe.hpp"

#include <cmath>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

constexpr std::uint64_t kBoundary = 2;  // number of right words in a row that end a segment

// Errors at a word of the reference, or at its end: how many words were inserted before it, and
// whether it is wrong.
struct Column {
  std::uint64_t insertions = 0;
  bool wrong = false;
  std::uint64_t errors() const { return insertions + wrong; }
};

std::vector<Column> columns(const Alignment& alignment) {
  std::vector<Column> columns(alignment.counts.reference + 1);
  std::size_t word = 0;
  for (const AlignedPair& pair : alignment.pairs) {
    if (pair.edit == Edit::kInsertion)
      ++columns[word].insertions;
    else
      columns[word++].wrong = pair.edit != Edit::kCorrect;
  }
  return columns;
}

}  // namespace

std::vector<ErrorSegment> error_segments(const Alignment& a, const Alignment& b) {
  EDGEVAL_ASSERT(a.counts.reference == b.counts.reference);
  const std::vector<Column> columns_a = columns(a), columns_b = columns(b);
  const std::size_t words = columns_a.size() - 1;
  std::vector<ErrorSegment> segments;
  bool inside = false;
  // Number of right words in a row, at most kBoundary. A segment that begins now takes them in; the
  // segment that has begun ends at kBoundary of them.
  std::uint64_t right = 0;
  ErrorSegment segment;
  for (std::size_t i = 0; i <= words; ++i) {
    const bool inserted = columns_a[i].insertions + columns_b[i].insertions > 0;
    const bool wrong = columns_a[i].wrong || columns_b[i].wrong;
    if (inserted || wrong) {
      if (!inside) segment = {.reference = right};
      inside = true;
      right = 0;
    }
    segment.errors_a += columns_a[i].errors();
    segment.errors_b += columns_b[i].errors();
    if (i == words) break;
    segment.reference += inside;
    if (!wrong) right = std::min(right + 1, kBoundary);
    if (inside && right == kBoundary) {
      segments.push_back(segment);
      inside = false;
    }
  }
  if (inside) segments.push_back(segment);
  return segments;
}

MatchedPairs matched_pairs(std::span<const ErrorSegment> segments) {
  MatchedPairs result{.segments = segments.size()};
  const auto difference = [](const ErrorSegment& segment) {
    return static_cast<double>(segment.errors_a) - static_cast<double>(segment.errors_b);
  };
  for (const ErrorSegment& segment : segments) {
    result.sum.reference += segment.reference;
    result.sum.errors_a += segment.errors_a;
    result.sum.errors_b += segment.errors_b;
  }
  if (segments.empty()) return result;
  const auto n = static_cast<double>(segments.size());
  result.mean = difference(result.sum) / n;
  double squares = 0;
  for (const ErrorSegment& segment : segments)
    squares += std::pow(difference(segment) - result.mean, 2);
  if (squares == 0) return result;
  result.deviation = std::sqrt(squares / (n - 1));
  result.z = result.mean / (result.deviation / std::sqrt(n));
  result.p = std::erfc(std::abs(result.z) / std::sqrt(2.0));
  return result;
}

MatchedPairs matched_pairs(std::span<const std::string> references, std::span<const std::string> a,
                           std::span<const std::string> b) {
  EDGEVAL_ASSERT(references.size() == a.size() && references.size() == b.size());
  std::vector<ErrorSegment> segments;
  for (std::size_t n = 0; n < references.size(); ++n) {
    const auto aligned = [&](const std::string& text) {
      return align_words(references[n], text, EditCosts::kSclite);
    };
    const std::vector<ErrorSegment> of_utterance = error_segments(aligned(a[n]), aligned(b[n]));
    segments.insert(segments.end(), of_utterance.begin(), of_utterance.end());
  }
  return matched_pairs(segments);
}

}  // namespace edgeval
