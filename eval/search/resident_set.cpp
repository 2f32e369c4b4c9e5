#include "eval/search/resident_set.hpp"

#include <numeric>

#include "eval/task/batches.hpp"

namespace edgeval {

ResidentSet::ResidentSet(Session& session, const char* item, Display display)
    : session_(session), item_(item) {
  const std::vector<std::vector<Index>> batches = session.batches();
  set_.items.resize(static_cast<std::size_t>(session.items()));
  std::iota(set_.items.begin(), set_.items.end(), Index{0});
  Progress progress(item, session.items(), display);
  for (const std::vector<Index>& batch : batches)
    run_in_parts(batch, [&](const std::vector<Index>& part) {
      std::shared_ptr<Prepared> prepared = session.prepare(part);
      set_.parts.push_back(part);
      ready_.emplace(part, std::move(prepared));
      progress.advance(std::ssize(part));
    });
}

std::shared_ptr<Prepared> ResidentSet::prepared(const std::vector<Index>& items) const {
  const auto known = ready_.find(items);
  return known != ready_.end() ? known->second : session_.prepare(items);
}

void ResidentSet::run(std::span<const Point> points, const std::vector<Index>& numbers,
                      Progress& progress, std::vector<std::optional<BlockResult>>& results) {
  std::vector<Index> left = numbers;
  try {
    run_block(
        session_, points, numbers, set_,
        [this](const std::vector<Index>& items) { return prepared(items); },
        [&](Index point, BlockResult&& result) {
          results[static_cast<std::size_t>(point)] = std::move(result);
          progress.advance(session_.items());
        });
    return;
  } catch (const OutOfMemoryForOne&) {
    std::erase_if(left, [&](Index p) { return results[static_cast<std::size_t>(p)].has_value(); });
    if (numbers.size() < 2) return;
  }
  const auto middle = left.begin() + static_cast<std::ptrdiff_t>(left.size() / 2);
  if (middle != left.begin()) run(points, {left.begin(), middle}, progress, results);
  if (middle != left.end()) run(points, {middle, left.end()}, progress, results);
}

std::vector<std::optional<PointTotal>> ResidentSet::run(std::span<const Point> points,
                                                        std::uint64_t seed, Display display) {
  std::vector<std::optional<BlockResult>> results(points.size());
  std::vector<Index> numbers(points.size());
  std::iota(numbers.begin(), numbers.end(), Index{0});
  {
    Progress progress(item_, session_.items() * std::ssize(points), display);
    if (!numbers.empty()) run(points, numbers, progress, results);
  }
  std::vector<std::optional<PointTotal>> totals(points.size());
  for (std::size_t p = 0; p < points.size(); ++p) {
    if (!results[p]) continue;
    PointSum sum(session_, points[p]);
    sum.add(std::move(*results[p]), set_.items);
    totals[p] = std::move(sum).total(seed);
  }
  return totals;
}

}  // namespace edgeval
