// Proposals of points by a multivariate tree-structured Parzen estimator.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/search/sampler/observed.hpp"

namespace edgeval {

// Returns how many of the known points count as good: a tenth, rounded up, and at most 25.
std::size_t good_count(std::size_t known);

// Returns the widths of the kernels (parzen.hpp) of an estimate of `points` points in D dimensions:
// 0.2 points^(-1 / (D + 4)) for a range, the rate of Scott's rule, and for a list of n values the
// share n / (n + points). Widths hang on the number of points alone and not on their spread, so
// that kernels cannot collapse around a few points that lie close together.
std::vector<double> kernel_widths(const std::vector<Dimension>& dimensions, std::size_t points);

// Returns `count` points to try, all chosen before any of them runs:
// - The known points are ordered by is_better. The first good_count make the estimate of good
//   points, the others, and all points proposed before, that of bad ones. That a proposal counts as
//   bad keeps the others apart from it (the "constant liar" of Ginsbourger et al. 2010).
// - For each proposal 24 candidates are drawn from the estimate of good points. That with the
//   greatest ratio of the densities, good to bad, is proposed (Bergstra et al. 2011), unless it was
//   proposed before or `accepts` refuses it, which give way to the next best. Where all 24 do,
//   others are drawn, and after 32 times in a row the proposals end: they are fewer than `count`.
// The estimates are over all dimensions at once (Falkner et al. 2018), and the order that takes
// account of the budget is one of those of Watanabe 2023.
//
// The result depends on the arguments alone, and not on the order of `known`. Calls with the same
// seed should have different numbers of `batch`. Throws std::logic_error where a known point is
// none (expect_known) or there is no dimension.
std::vector<Coordinates> propose(const std::vector<Dimension>& dimensions,
                                 std::span<const Observed> known, std::size_t count,
                                 std::uint64_t seed, std::uint64_t batch, const Accepts& accepts);

}  // namespace edgeval
