#include "eval/search/calibration/proposals.hpp"

#include <algorithm>

#include "eval/search/draws.hpp"
#include "eval/search/sampler/coordinates.hpp"
#include "eval/search/sampler/tpe.hpp"

namespace edgeval {
namespace {

// After so many refused points in a row no further one is expected.
constexpr std::size_t kMostPointsRefused = 1000;
// Values that the descent tries of a dimension; fewer where it would not reach all dimensions.
constexpr std::size_t kFewestOfALine = 4, kMostOfALine = 16;

}  // namespace

Proposals::Proposals(std::vector<Dimension> dimensions, std::size_t points, std::uint64_t seed)
    : dimensions_(std::move(dimensions)),
      points_(points),
      of_sobol_(std::min(points, std::max(kProposalsAtOnce, points / 4))),
      of_descent_(dimensions_.size() < kManyDimensions ? 0 : (points - of_sobol_) / 2),
      seed_(seed),
      sequence_(sobol_shift(dimensions_, seed)) {}

std::vector<Coordinates> Proposals::sobol(std::size_t count, const Accepts& accepts) {
  std::vector<Coordinates> batch;
  std::vector<std::vector<std::string>> settings;
  for (std::size_t refused = 0; batch.size() < count && refused < kMostPointsRefused; ++refused) {
    const Coordinates at = snapped(dimensions_, sequence_.next());
    std::vector<std::string> of_point = settings_at(dimensions_, at);
    if (std::ranges::find(settings, of_point) != settings.end() || !accepts(at)) continue;
    settings.push_back(std::move(of_point));
    batch.push_back(at);
    refused = 0;
  }
  return batch;
}

std::vector<Coordinates> Proposals::descend(std::size_t count, const Accepts& accepts) {
  if (!descent_)
    descent_.emplace(dimensions_, known_,
                     std::clamp(of_descent_ / dimensions_.size(), kFewestOfALine, kMostOfALine));
  std::vector<Coordinates> line = descent_->next(accepts);
  if (line.size() <= count) return line;
  return {};  // a line that is cut off would say little
}

std::optional<Proposed> Proposals::next(const Accepts& accepts) {
  descends_ = false;
  const std::size_t left = points_ - proposed_;
  if (left == 0) return std::nullopt;
  Proposed batch{ProposedBy::kSobol, {}};
  if (proposed_ < of_sobol_ && !sobol_is_over_) {
    batch.points = sobol(std::min(kProposalsAtOnce, of_sobol_ - proposed_), accepts);
    sobol_is_over_ = batch.points.empty();
  }
  if (batch.points.empty() && !descent_is_over_ && !known_.empty()) {
    batch = {ProposedBy::kDescent, descend(of_descent_ - descended_, accepts)};
    descends_ = !batch.points.empty();
    descent_is_over_ = !descends_;
    descended_ += batch.points.size();
  }
  if (batch.points.empty()) {
    const std::size_t count = std::min(kProposalsAtOnce, left);
    batch = {ProposedBy::kTpe, propose(dimensions_, known_, count, seed_, batches_, accepts)};
  }
  if (batch.points.empty()) return std::nullopt;
  proposed_ += batch.points.size();
  ++batches_;
  return batch;
}

void Proposals::tell(std::span<const Observed> batch) {
  known_.insert(known_.end(), batch.begin(), batch.end());
  if (descends_) descent_->tell(batch);
}

}  // namespace edgeval
