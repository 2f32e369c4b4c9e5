#include "eval/search/calibration/journal_trials.hpp"

#include <algorithm>
#include <utility>

#include "host/core/error.hpp"

namespace edgeval {
JournalTrials::JournalTrials(TrialSetup setup)
    : setup_(std::move(setup)),
      metric_([&] {
        const std::vector<Metric> metrics = setup_.session.measure({}, {});
        const Metric* found = find_metric(metrics, setup_.budget.metric);
        EDGEVAL_ASSERT(found != nullptr);
        return *found;
      }()),
      first_(first_column(setup_.session.measure({}, {}), setup_.budget.metric)),
      points_(static_cast<std::size_t>(setup_.points + 1), setup_.dense),
      to_show_(setup_.shown * items_from(0)),
      progress_(setup_.item, to_show_, setup_.display) {}

Index JournalTrials::items_from(Index block) const {
  Index items = 0;
  for (; block < blocks(); ++block)
    items += std::ssize(setup_.blocks[static_cast<std::size_t>(block)]);
  return items;
}

bool JournalTrials::allows(const std::vector<std::string>& settings) {
  return refusal_of(settings, setup_.make).empty();
}

void JournalTrials::add(const std::vector<std::string>& settings) {
  EDGEVAL_ASSERT(added_ < setup_.points);
  points_[static_cast<std::size_t>(added_++)] = setup_.make(settings);
}

void JournalTrials::run(Index block, std::span<const Index> points) {
  complete(block, points);
  through((items_from(block) - items_from(block + 1)) * std::ssize(points));
}

// What is missing is the same for every process, since nothing is added between two exchanges but
// what belongs to the block.
void JournalTrials::complete(Index block, std::span<const Index> points) {
  std::vector<Index> missing;
  for (const Index point : points)
    if (!setup_.journal.has(point, block)) missing.push_back(point);
  if (missing.empty()) return;
  const auto parts = static_cast<std::size_t>(setup_.share.parts);
  const std::vector<SweepUnit> units = cut_block(points_, block, missing, parts);
  const auto part = static_cast<std::size_t>(setup_.share.part);
  if (part < units.size())
    run_units(setup_.session, points_, {setup_.blocks, setup_.at_once}, {&units[part], 1},
              setup_.journal, "", {});
  exchange();
  for (const Index point : missing)
    EDGEVAL_EXPECTS(setup_.journal.has(point, block), "the journal has no result of point ",
                    point + 1, ", block ", block + 1,
                    " after the work of all processes; --out must be a folder that all machines "
                    "share");
}

void JournalTrials::dropped(Index points, Index blocks) { through(points * items_from(blocks)); }

void JournalTrials::through(Index items) {
  const Index shown = std::min(items, to_show_);
  if (shown > 0) progress_.advance(shown);
  to_show_ -= shown;
}

void JournalTrials::exchange() {
  if (setup_.share.parts == 1) return;
  setup_.wait();
  setup_.journal.refresh();
  setup_.wait();
}

std::vector<double> JournalTrials::errors(Index point, Index block) {
  std::vector<double> errors;
  for (const std::vector<double>& row : setup_.journal.result(point, block).statistics)
    errors.push_back(row.at(static_cast<std::size_t>(first_)));
  return errors;
}

double JournalTrials::loss_on(Index point, Index blocks) {
  const auto width = static_cast<std::size_t>(metric_.statistics.width());
  std::vector<double> of_point(width), of_dense(width);
  const auto add = [&](Index number, Index block, std::vector<double>& sums) {
    for (const std::vector<double>& row : setup_.journal.result(number, block).statistics)
      for (std::size_t i = 0; i < width; ++i)
        sums[i] += row.at(static_cast<std::size_t>(first_) + i);
  };
  for (Index block = 0; block < blocks; ++block) {
    add(point, block, of_point);
    add(dense(), block, of_dense);
  }
  return loss(metric_.score(of_dense), metric_.score(of_point));
}

// Where a score or a relative loss has no value, on the first blocks, the loss is not known.
double JournalTrials::loss(const std::optional<double>& dense,
                           const std::optional<double>& point) const {
  if (!dense || !point) return 0;
  return setup_.budget.in_unit(loss_between(*dense, *point, setup_.budget.kind()).value_or(0));
}

const Metric& JournalTrials::metric_of(const PointTotal& total) const {
  const Metric* metric = find_metric(total.metrics, setup_.budget.metric);
  EDGEVAL_ASSERT(metric != nullptr);
  return *metric;
}

PointTotal JournalTrials::whole(Index point) {
  return total_of(setup_.session, points_[static_cast<std::size_t>(point)], point, setup_.blocks,
                  setup_.journal, std::nullopt);
}

CostAndLoss JournalTrials::total(Index point) {
  const PointTotal total = whole(point);
  return {cost_of(setup_.least, setup_.accelerator, total),
          loss(dense_value_, metric_of(total).value)};
}

void JournalTrials::run_dense() {
  const Index number = dense();
  for (Index block = 0; block < blocks(); ++block) complete(block, {&number, 1});
  const PointTotal total = whole(number);
  dense_value_ = metric_of(total).value;
}

Race JournalTrials::race(std::optional<double> alpha) {
  std::vector<double> errors_of_dense;
  double total = 0, words = 0;
  for (Index block = 0; block < blocks(); ++block)
    for (const std::vector<double>& row : setup_.journal.result(dense(), block).statistics) {
      errors_of_dense.push_back(row.at(static_cast<std::size_t>(first_)));
      total += errors_of_dense.back();
      words += row.at(static_cast<std::size_t>(first_) + 1);
    }
  return {errors_of_dense, setup_.budget.error_limit(total, words), alpha};
}

std::uint64_t JournalTrials::macs(Index point, Index blocks) const {
  std::uint64_t macs = 0;
  for (Index block = 0; block < blocks; ++block)
    for (const Counts& counts : setup_.journal.result(point, block).counts) {
      LayerActivity layer;
      layer.counts = counts;
      macs += layer.macs_executed();
    }
  return macs;
}

}  // namespace edgeval
