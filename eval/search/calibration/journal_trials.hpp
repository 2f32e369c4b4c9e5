// Runs the points of a calibration through a session and keeps what they make of blocks in a
// journal, alone or together with other processes.
#pragma once

#include <functional>
#include <vector>

#include "eval/search/calibration/aim.hpp"
#include "eval/search/calibration/search.hpp"
#include "eval/search/points.hpp"
#include "eval/search/sweep.hpp"

namespace edgeval {

// What trials need, all of which outlives them.
struct TrialSetup {
  Session& session;
  const Blocks& blocks;
  SweepJournal& journal;
  MakePoint make;
  Point dense;
  Index points = 0;   // at most
  Index shown = 0;    // points whose utterances the progress has; those behind them are not shown
  Index at_once = 0;  // items that run at once; 0: all of a block
  std::string item;   // "utterance"
  Display display{};  // of the progress
  LossBudget budget;
  Least least;
  const hw::Accelerator* accelerator = nullptr;
  Share share{};
  std::function<void()> wait = [] {};  // until every process has come here
};

// The dense network is number `points` in the journal, behind all others.
class JournalTrials final : public Trials {
 public:
  explicit JournalTrials(TrialSetup setup);

  bool allows(const std::vector<std::string>& settings) override;
  void add(const std::vector<std::string>& settings) override;
  Index blocks() const override { return std::ssize(setup_.blocks); }
  void run(Index block, std::span<const Index> points) override;
  std::vector<double> errors(Index point, Index block) override;
  double loss_on(Index point, Index blocks) override;
  CostAndLoss total(Index point) override;
  void dropped(Index points, Index blocks) override;
  std::uint64_t macs(Index point, Index blocks) const override;

  // Runs the dense network on all blocks. Its metric must have a value for the losses of others.
  void run_dense();
  Index dense() const { return setup_.points; }
  // Returns the race against the budget of a metric that counts errors. The dense network ran.
  Race race(std::optional<double> alpha);
  // Returns what a point, or the dense network, that ran on all blocks makes of the set, without
  // intervals, and the metric of the budget in it.
  PointTotal whole(Index point);
  const Metric& metric_of(const PointTotal& total) const;

 private:
  // Runs what the journal lacks.
  void complete(Index block, std::span<const Index> points);
  // Returns how many items the blocks from this one on have.
  Index items_from(Index block) const;
  // Tells the progress of items that points are through with.
  void through(Index items);
  // Has every process take in what the others have found.
  void exchange();
  // Returns a loss in the unit of the budget.
  double loss(const std::optional<double>& dense, const std::optional<double>& point) const;

  TrialSetup setup_;
  Metric metric_;    // without statistics
  Index first_ = 0;  // column of the metric's statistics in the journal's rows
  std::vector<Point> points_;
  Index added_ = 0;
  std::optional<double> dense_value_{};  // of the metric
  Index to_show_;                        // items of points that the progress waits for
  Progress progress_;
};

}  // namespace edgeval
