#include "eval/search/sweep.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <new>
#include <queue>
#include <unordered_map>

#include "eval/task/batches.hpp"
#include "host/core/background.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

// A power cut costs the results of so many seconds at most.
constexpr double kSecondsBetweenSyncs = 10;

// Returns the statistics of an item's best hypothesis: those of each metric, and the kinds of its
// errors where it counts them.
std::vector<double> statistics_of(const Session& session, Index item, const std::string& text) {
  std::vector<double> row;
  for (const Metric& metric : session.measure({&item, 1}, {&text, 1})) {
    const std::span<const double> numbers = metric.statistics[0];
    row.insert(row.end(), numbers.begin(), numbers.end());
    if (metric.edits)
      for (const std::uint64_t kind :
           {metric.edits->substitutions, metric.edits->deletions, metric.edits->insertions})
        row.push_back(static_cast<double>(kind));
  }
  return row;
}

// So many outcomes may wait until they are scored.
constexpr std::size_t kMostWaiting = 4096;

// Gathers what points make of one block, and hands a point on as soon as it has run on all items.
// It scores and hands on beside the engine's work, on a thread of its own.
class BlockSink final : public OutcomeSink {
 public:
  using Finish = std::function<void(Index point, BlockResult&& result)>;

  BlockSink(const Session& session, const std::vector<Index>& items, Finish finish)
      : session_(session), items_(items), known_(items.size()), finish_(std::move(finish)) {}

  // Forgets what was received for a part that is not complete. No point is handed on behind it.
  void stop() {
    background_.clear();
    received_.clear();
  }
  // Says which part of the block comes next: the places in the block of the prepared items, and the
  // numbers of the points of the call. The part before was ended or stopped.
  void begin(std::vector<Index> places, std::vector<Index> points) {
    places_ = std::move(places);
    points_ = std::move(points);
  }
  // Adds what was received since begin(); the part is complete.
  void end() {
    background_.wait();
    for (auto& [point, partial] : received_) add(point, std::move(partial));
    received_.clear();
  }

  void receive(std::span<const Index> points, Index item, Outcome&& outcome) override {
    background_.add([this, item, numbers = std::vector<Index>(points.begin(), points.end()),
                     kept = std::make_shared<const Outcome>(std::move(outcome))] {
      take(numbers, item, *kept);
    });
  }

 private:
  struct Partial {
    std::vector<std::vector<double>> statistics;
    Activity activity;
    std::optional<SearchCounts> search;
    Index items = 0;
  };

  void take(const std::vector<Index>& points, Index item, const Outcome& outcome) {
    const Index place = places_[static_cast<std::size_t>(item)];
    const std::vector<double>& row = statistics(place, outcome.texts.front());
    for (const Index in_call : points) {
      const Index point = points_[static_cast<std::size_t>(in_call)];
      Partial& partial = received_[point];
      if (partial.statistics.empty()) partial.statistics.resize(items_.size());
      partial.statistics[static_cast<std::size_t>(place)] = row;
      if (!outcome.activity.layers.empty()) partial.activity += outcome.activity;
      if (outcome.search) {
        if (!partial.search) partial.search.emplace();
        *partial.search += outcome.search->counts;
      }
      // A point that has run on the whole block is finished at once, whatever comes of the others.
      if (++partial.items == std::ssize(items_)) {
        finish(point, std::move(partial));
        received_.erase(point);
      }
    }
  }

  // Points often find the same text.
  const std::vector<double>& statistics(Index place, const std::string& text) {
    auto& of_item = known_[static_cast<std::size_t>(place)];
    const auto [known, is_new] = of_item.try_emplace(text);
    if (is_new)
      known->second = statistics_of(session_, items_[static_cast<std::size_t>(place)], text);
    return known->second;
  }

  void add(Index point, Partial&& part) {
    Partial& whole = parts_[point];
    if (whole.items == 0) {
      whole = std::move(part);
    } else {
      for (std::size_t i = 0; i < part.statistics.size(); ++i)
        if (!part.statistics[i].empty()) whole.statistics[i] = std::move(part.statistics[i]);
      if (!part.activity.layers.empty()) whole.activity += part.activity;
      if (part.search) *whole.search += *part.search;
      whole.items += part.items;
    }
    if (whole.items < std::ssize(items_)) return;
    finish(point, std::move(whole));
    parts_.erase(point);
  }

  void finish(Index point, Partial&& partial) const {
    BlockResult result{std::move(partial.statistics), {}, partial.search};
    for (const LayerActivity& layer : partial.activity.layers)
      result.counts.push_back(layer.counts);
    finish_(point, std::move(result));
  }

  const Session& session_;
  const std::vector<Index>& items_;
  std::vector<std::unordered_map<std::string, std::vector<double>>> known_;  // by place and text
  const Finish finish_;
  std::vector<Index> places_, points_;   // of the call
  std::map<Index, Partial> received_;    // since begin()
  std::map<Index, Partial> parts_;       // of parts of the block that are complete
  Background background_{kMostWaiting};  // the last member, since it uses all others
};

// Returns the places 0, 1, ... of the items, the longest items first.
std::vector<Index> longest_first(const Session& session, const std::vector<Index>& items) {
  std::vector<Index> lengths, places;
  for (const Index item : items) {
    places.push_back(std::ssize(lengths));
    lengths.push_back(session.item(item).length);
  }
  std::ranges::stable_sort(places, std::ranges::greater{},
                           [&](Index place) { return lengths[static_cast<std::size_t>(place)]; });
  return places;
}

struct ItemsToRun {
  const std::vector<Index>& items;  // of a block
  Index at_once;                    // 0: all
};

// Runs a unit. When memory does not suffice, the points that are not finished run on the halves of
// the block.
void run_unit(Session& session, std::span<const Point> points, const ItemsToRun& to_run,
              const SweepUnit& unit, const BlockSink::Finish& finish) {
  const std::vector<Index>& items = to_run.items;
  std::vector<Index> left = unit.points;
  BlockSink sink(session, items, [&](Index point, BlockResult&& result) {
    finish(point, std::move(result));
    left.erase(std::ranges::find(left, point));
  });
  const auto run = [&](const std::vector<Index>& places) {
    sink.stop();
    std::vector<Index> part;
    for (const Index place : places) part.push_back(items[static_cast<std::size_t>(place)]);
    const std::unique_ptr<Prepared> prepared = session.prepare(part);
    std::vector<Point> now;
    for (const Index number : left) now.push_back(points[static_cast<std::size_t>(number)]);
    sink.begin(places, left);
    session.run(*prepared, now, sink);
    sink.end();
  };
  const std::vector<Index> all = longest_first(session, items);
  const Index size = to_run.at_once > 0 ? to_run.at_once : std::ssize(all);
  for (auto first = all.begin(); first != all.end();) {
    const auto last = first + std::min<std::ptrdiff_t>(size, all.end() - first);
    run_in_parts({first, last}, run);
    first = last;
  }
}

// Returns how many numbers of a row of statistics_of are the metric's.
Index columns_of(const Metric& metric) {
  constexpr Index kKindsOfEdits = 3;
  return metric.statistics.width() + (metric.edits ? kKindsOfEdits : 0);
}

// Gives the metrics of a point the rows of all items (statistics_of), in the order of the set, and
// from these their values, intervals and edits.
void score(std::vector<Metric>& metrics, const std::vector<std::vector<double>>& rows,
           std::uint64_t seed) {
  std::size_t first = 0;
  for (Metric& metric : metrics) {
    const auto width = static_cast<std::size_t>(metric.statistics.width());
    if (metric.edits) metric.edits.emplace();
    for (const std::vector<double>& row : rows) {
      const std::span<const double> numbers = std::span(row).subspan(first, width);
      metric.statistics.add(numbers);
      if (!metric.edits) continue;
      const auto kind = [&](std::size_t which) {
        return static_cast<std::uint64_t>(row[first + width + which]);
      };
      EditCounts edits;
      edits.substitutions = kind(0), edits.deletions = kind(1), edits.insertions = kind(2);
      edits.reference = static_cast<std::uint64_t>(numbers[1]);
      *metric.edits += edits;
    }
    first += static_cast<std::size_t>(columns_of(metric));
    metric.value = metric.score(metric.statistics.sum());
    metric.ci95 = drawn_interval(metric, seed);
  }
}

// Returns numbers by which points that share their first layers are neighbours.
std::vector<double> order_of(const Point& point) {
  std::vector<double> numbers = choice_numbers(point.weights);
  for (const LayerPolicy& layer : point.layers.layers) {
    const std::vector<double> more = policy_numbers(layer);
    numbers.insert(numbers.end(), more.begin(), more.end());
  }
  return numbers;
}

}  // namespace

std::vector<SweepUnit> cut_into_units(std::span<const Point> points, Index blocks,
                                      std::size_t least) {
  std::vector<std::vector<double>> orders;
  for (const Point& point : points) orders.push_back(order_of(point));
  std::vector<Index> sorted(points.size());
  for (std::size_t p = 0; p < sorted.size(); ++p) sorted[p] = static_cast<Index>(p);
  std::ranges::stable_sort(sorted, {}, [&](Index point) -> const std::vector<double>& {
    return orders[static_cast<std::size_t>(point)];
  });
  const auto of_all = static_cast<std::size_t>(blocks);
  const std::size_t of_block = (least + of_all - 1) / of_all;
  const std::size_t size = (points.size() + of_block - 1) / of_block;
  std::vector<SweepUnit> units;
  for (Index block = 0; block < blocks; ++block)
    for (std::size_t first = 0; first < sorted.size(); first += size) {
      const auto from = sorted.begin() + static_cast<std::ptrdiff_t>(first);
      const std::size_t count = std::min(size, sorted.size() - first);
      units.push_back({block, {from, from + static_cast<std::ptrdiff_t>(count)}});
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
  for (const SweepUnit& unit : units) {
    const std::vector<Index>& items = blocks[static_cast<std::size_t>(unit.block)];
    run_unit(session, points, {items, to_run.at_once}, unit,
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
                    const SweepJournal& journal, std::uint64_t seed) {
  // The rows come back into the order of the set, in which a run draws its resamples.
  std::vector<std::vector<double>> rows(static_cast<std::size_t>(session.items()));
  PointTotal total{session.measure({}, {}), session.busiest(point), {}};
  Index width_of_row = 0;
  for (const Metric& metric : total.metrics) width_of_row += columns_of(metric);
  for (LayerActivity& layer : total.activity.layers) layer.counts = {};
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    BlockResult result = journal.result(number, static_cast<Index>(b));
    const bool fits = result.statistics.size() == blocks[b].size() &&
                      std::ranges::all_of(result.statistics, [&](const auto& row) {
                        return std::ssize(row) == width_of_row;
                      });
    EDGEVAL_EXPECTS(
        fits && (result.counts.empty() || result.counts.size() == total.activity.layers.size()),
        "the journal's result of point ", number + 1, ", block ", b + 1,
        " is not of this sweep's shape; remove the folder and sweep again");
    for (std::size_t i = 0; i < blocks[b].size(); ++i)
      rows[static_cast<std::size_t>(blocks[b][i])] = std::move(result.statistics[i]);
    for (std::size_t l = 0; l < result.counts.size(); ++l)
      for (std::size_t c = 0; c < kCounts; ++c)
        total.activity.layers[l].counts[c] += result.counts[l][c];
    if (!result.search) continue;
    if (!total.search) total.search.emplace();
    *total.search += *result.search;
  }
  score(total.metrics, rows, seed);
  return total;
}

}  // namespace edgeval
