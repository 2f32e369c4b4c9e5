// Proposes the points of a calibration, batch by batch: first the points of a scrambled Sobol
// sequence, then, where many dimensions vary, those of a greedy descent, then those of a
// tree-structured Parzen estimator. A batch depends on what was told of the batches before it, and
// on nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "eval/search/sampler/descent.hpp"
#include "eval/search/sampler/observed.hpp"
#include "eval/search/sobol.hpp"

namespace edgeval {

// Where a point comes from.
enum class ProposedBy { kSobol, kDescent, kTpe, kRandom };

// So many points are proposed at once. It is fixed, so that the answer does not hang on how many
// run at once.
inline constexpr std::size_t kProposalsAtOnce = 64;
// From so many dimensions on there is a descent.
inline constexpr std::size_t kManyDimensions = 4;

struct Proposed {
  ProposedBy by;
  std::vector<Coordinates> points;
};

class Proposals {
 public:
  // At most `points` points are proposed in all: a quarter of them, but at least one batch, from
  // the Sobol sequence, and at most half of the others from the descent. Throws Error when nothing
  // varies, and for more dimensions than a Sobol sequence has.
  Proposals(std::vector<Dimension> dimensions, std::size_t points, std::uint64_t seed);

  // Returns the next batch; nothing when all points were proposed, or when no further point is
  // accepted. No point comes twice.
  std::optional<Proposed> next(const Accepts& accepts);
  // Takes what became of the points of the batch.
  void tell(std::span<const Observed> batch);

 private:
  std::vector<Coordinates> sobol(std::size_t count, const Accepts& accepts);
  std::vector<Coordinates> descend(std::size_t count, const Accepts& accepts);

  const std::vector<Dimension> dimensions_;
  const std::size_t points_;
  const std::size_t of_sobol_, of_descent_;  // points of these at most
  const std::uint64_t seed_;
  SobolSequence sequence_;
  std::optional<Descent> descent_;
  std::vector<Observed> known_;
  std::size_t proposed_ = 0, descended_ = 0;
  std::uint64_t batches_ = 0;
  bool sobol_is_over_ = false, descent_is_over_ = false, descends_ = false;
};

}  // namespace edgeval
