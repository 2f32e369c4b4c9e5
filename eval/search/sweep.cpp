#include "eval/search/sweep.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <queue>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// A power cut costs the results of so many seconds at most.
constexpr double kSecondsBetweenSyncs = 10;

// Returns numbers by which points that share their first layers are neighbours.
std::vector<double> order_of(const Point& point) {
  std::vector<double> numbers = choice_numbers(point.weights);
  for (const LayerPolicy& layer : point.layers.layers) {
    const std::vector<double> more = policy_numbers(layer);
    numbers.insert(numbers.end(), more.begin(), more.end());
  }
  return numbers;
}

// Sorts the numbers of points so that points that share their first layers are neighbours.
void sort_alike(std::span<const Point> points, std::vector<Index>& numbers) {
  std::map<Index, std::vector<double>> orders;
  for (const Index number : numbers)
    orders.emplace(number, order_of(points[static_cast<std::size_t>(number)]));
  std::ranges::stable_sort(
      numbers, {}, [&](Index number) -> const std::vector<double>& { return orders.at(number); });
}

std::vector<SweepUnit> cut_sorted(Index block, const std::vector<Index>& numbers,
                                  std::size_t parts) {
  const std::size_t size = std::max<std::size_t>(1, (numbers.size() + parts - 1) / parts);
  std::vector<SweepUnit> units;
  for (std::size_t first = 0; first < numbers.size(); first += size) {
    const auto from = numbers.begin() + static_cast<std::ptrdiff_t>(first);
    const std::size_t count = std::min(size, numbers.size() - first);
    units.push_back({block, {from, from + static_cast<std::ptrdiff_t>(count)}});
  }
  return units;
}

}  // namespace

std::vector<SweepUnit> cut_block(std::span<const Point> points, Index block,
                                 std::vector<Index> numbers, std::size_t parts) {
  sort_alike(points, numbers);
  return cut_sorted(block, numbers, parts);
}

std::vector<SweepUnit> cut_into_units(std::span<const Point> points, Index blocks,
                                      std::size_t least) {
  std::vector<Index> numbers(points.size());
  for (std::size_t p = 0; p < numbers.size(); ++p) numbers[p] = static_cast<Index>(p);
  sort_alike(points, numbers);
  const auto of_all = static_cast<std::size_t>(blocks);
  std::vector<SweepUnit> units;
  for (Index block = 0; block < blocks; ++block) {
    std::vector<SweepUnit> of_block = cut_sorted(block, numbers, (least + of_all - 1) / of_all);
    std::ranges::move(of_block, std::back_inserter(units));
  }
  return units;
}

std::vector<SweepUnit> share_of_units(const Session& session, std::span<const Point> points,
                                      const Blocks& blocks, Share share) {
  constexpr std::size_t kUnitsOfAProcess = 4;  // where there are several processes
  const auto parts = static_cast<std::size_t>(share.parts);
  std::vector<SweepUnit> units =
      cut_into_units(points, std::ssize(blocks), parts == 1 ? 1 : kUnitsOfAProcess * parts);
  if (parts == 1) return units;
  std::vector<double> lengths;
  for (const std::vector<Index>& block : blocks) {
    double& length = lengths.emplace_back(1);
    for (const Index item : block) length += static_cast<double>(session.item(item).length);
  }
  const auto work_of = [&](const SweepUnit& unit) {
    return lengths[static_cast<std::size_t>(unit.block)] * static_cast<double>(unit.points.size());
  };
  // The largest unit goes to the process that has the least work so far.
  std::ranges::stable_sort(units, std::ranges::greater{}, work_of);
  using WorkAndPart = std::pair<double, int>;
  std::priority_queue<WorkAndPart, std::vector<WorkAndPart>, std::greater<>> least;
  for (int part = 0; part < share.parts; ++part) least.emplace(0, part);
  std::vector<SweepUnit> own;
  for (SweepUnit& unit : units) {
    const auto [work, part] = least.top();
    least.pop();
    least.emplace(work + work_of(unit), part);
    if (part == share.part) own.push_back(std::move(unit));
  }
  return own;
}

void leave_out_done(std::vector<SweepUnit>& units, const SweepJournal& journal) {
  for (SweepUnit& unit : units)
    std::erase_if(unit.points, [&](Index point) { return journal.has(point, unit.block); });
  std::erase_if(units, [](const SweepUnit& unit) { return unit.points.empty(); });
}

void run_units(Session& session, std::span<const Point> points, const BlocksToRun& to_run,
               std::span<const SweepUnit> units, SweepJournal& journal, const char* item,
               Display display) {
  const Blocks& blocks = to_run.blocks;
  Index total = 0;
  for (const SweepUnit& unit : units)
    total += std::ssize(unit.points) * std::ssize(blocks[static_cast<std::size_t>(unit.block)]);
  Progress progress(item, total, display);
  auto synced = std::chrono::steady_clock::now();
  const auto prepare = [&](const std::vector<Index>& part) { return session.prepare(part); };
  for (const SweepUnit& unit : units) {
    const std::vector<Index>& items = blocks[static_cast<std::size_t>(unit.block)];
    run_block(session, points, unit.points, longest_first(session, items, to_run.at_once), prepare,
              [&](Index point, BlockResult&& result) {
                journal.add(point, unit.block, result);
                progress.advance(std::ssize(items));
                if (seconds_since(synced) < kSecondsBetweenSyncs) return;
                journal.sync();
                synced = std::chrono::steady_clock::now();
              });
  }
  journal.sync();
}

PointTotal total_of(Session& session, const Point& point, Index number, const Blocks& blocks,
                    const SweepJournal& journal, std::optional<std::uint64_t> seed) {
  PointSum sum(session, point);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    BlockResult result = journal.result(number, static_cast<Index>(b));
    EDGEVAL_EXPECTS(sum.fits(result, blocks[b]), "the journal's result of point ", number + 1,
                    ", block ", b + 1,
                    " is not of this sweep's shape; remove the folder and sweep again");
    sum.add(std::move(result), blocks[b]);
  }
  return std::move(sum).total(seed);
}

}  // namespace edgeval
