#include "eval/search/block_run.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "eval/task/batches.hpp"
#include "host/core/background.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

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
  BlockSink(const Session& session, const std::vector<Index>& items, FinishPoint finish)
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
    const auto known = of_item.find(text);
    if (known != of_item.end()) return known->second;
    // Nothing is kept of a text where memory does not suffice for its numbers.
    std::vector<double> row =
        statistics_of(session_, items_[static_cast<std::size_t>(place)], text);
    return of_item.emplace(text, std::move(row)).first->second;
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
  const FinishPoint finish_;
  std::vector<Index> places_, points_;   // of the call
  std::map<Index, Partial> received_;    // since begin()
  std::map<Index, Partial> parts_;       // of parts of the block that are complete
  Background background_{kMostWaiting};  // the last member, since it uses all others
};

// Returns how many numbers of a row of statistics_of are the metric's.
Index columns_of(const Metric& metric) {
  constexpr Index kKindsOfEdits = 3;
  return metric.statistics.width() + (metric.edits ? kKindsOfEdits : 0);
}

// Gives the metrics of a point the rows of all items (statistics_of), in the order of the set, and
// from these their values, edits and, with a seed, intervals.
void score(std::vector<Metric>& metrics, const std::vector<std::vector<double>>& rows,
           std::optional<std::uint64_t> seed) {
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
    if (seed) metric.ci95 = drawn_interval(metric, *seed);
  }
}

}  // namespace

Index first_column(std::span<const Metric> metrics, const std::string& name) {
  Index first = 0;
  for (const Metric& metric : metrics) {
    if (metric.name == name) return first;
    first += columns_of(metric);
  }
  EDGEVAL_ASSERT(false);
}

PartedBlock longest_first(const Session& session, const std::vector<Index>& items, Index at_once) {
  std::vector<Index> lengths, places;
  for (const Index item : items) {
    places.push_back(std::ssize(lengths));
    lengths.push_back(session.item(item).length);
  }
  std::ranges::stable_sort(places, std::ranges::greater{},
                           [&](Index place) { return lengths[static_cast<std::size_t>(place)]; });
  PartedBlock block{items, {}};
  const Index size = at_once > 0 ? at_once : std::ssize(places);
  for (auto first = places.begin(); first != places.end();) {
    const auto last = first + std::min<std::ptrdiff_t>(size, places.end() - first);
    block.parts.emplace_back(first, last);
    first = last;
  }
  return block;
}

void run_block(Session& session, std::span<const Point> points, const std::vector<Index>& numbers,
               const PartedBlock& block, const PrepareItems& prepare, const FinishPoint& finish) {
  std::vector<Index> left = numbers;
  BlockSink sink(session, block.items, [&](Index point, BlockResult&& result) {
    finish(point, std::move(result));
    left.erase(std::ranges::find(left, point));
  });
  for (const std::vector<Index>& whole : block.parts)
    run_in_parts(whole, [&](const std::vector<Index>& places) {
      sink.stop();
      std::vector<Index> part;
      for (const Index place : places) part.push_back(block.items[static_cast<std::size_t>(place)]);
      const std::shared_ptr<Prepared> prepared = prepare(part);
      std::vector<Point> now;
      for (const Index number : left) now.push_back(points[static_cast<std::size_t>(number)]);
      sink.begin(places, left);
      session.run(*prepared, now, sink);
      sink.end();
    });
}

PointSum::PointSum(Session& session, const Point& point)
    : total_{session.measure({}, {}), session.busiest(point), {}},
      rows_(static_cast<std::size_t>(session.items())) {
  for (const Metric& metric : total_.metrics) width_ += columns_of(metric);
  for (LayerActivity& layer : total_.activity.layers) layer.counts = {};
}

bool PointSum::fits(const BlockResult& result, const std::vector<Index>& items) const {
  return result.statistics.size() == items.size() &&
         std::ranges::all_of(result.statistics,
                             [&](const auto& row) { return std::ssize(row) == width_; }) &&
         (result.counts.empty() || result.counts.size() == total_.activity.layers.size());
}

void PointSum::add(BlockResult&& result, const std::vector<Index>& items) {
  EDGEVAL_ASSERT(fits(result, items));
  // The rows come back into the order of the set, in which a run draws its resamples.
  for (std::size_t i = 0; i < items.size(); ++i)
    rows_[static_cast<std::size_t>(items[i])] = std::move(result.statistics[i]);
  for (std::size_t l = 0; l < result.counts.size(); ++l)
    for (std::size_t c = 0; c < kCounts; ++c)
      total_.activity.layers[l].counts[c] += result.counts[l][c];
  if (!result.search) return;
  if (!total_.search) total_.search.emplace();
  *total_.search += *result.search;
}

PointTotal PointSum::total(std::optional<std::uint64_t> seed) && {
  score(total_.metrics, rows_, seed);
  return std::move(total_);
}

}  // namespace edgeval
