#include "eval/command/evaluate.hpp"

#include "eval/task/batches.hpp"

namespace edgeval {

namespace {

// Puts the outcomes of one point in their places.
class Places final : public OutcomeSink {
 public:
  // `to` receives the outcomes; `part` has the number in the set of each prepared item.
  Places(std::vector<Outcome>& to, const std::vector<Index>& part) : to_(to), part_(part) {}

  void receive(std::span<const Index> /*points*/, Index item, Outcome&& outcome) override {
    to_.at(static_cast<std::size_t>(part_[static_cast<std::size_t>(item)])) = std::move(outcome);
  }

 private:
  std::vector<Outcome>& to_;
  const std::vector<Index>& part_;
};

using Batches = std::vector<std::vector<Index>>;

// Prepares every batch and calls run(prepared, part) for it, or for its halves when memory does not
// suffice. Shows the progress on the display.
template <class Run>
void for_each_part(Session& session, const Batches& batches, const char* item, Display display,
                   const Run& run) {
  Progress progress(item, session.items(), display);
  for (const std::vector<Index>& batch : batches) {
    run_in_parts(batch, [&](const std::vector<Index>& part) {
      const std::unique_ptr<Prepared> prepared = session.prepare(part);
      run(*prepared, part);
    });
    progress.advance(std::ssize(batch));
  }
}

}  // namespace

Evaluation evaluate(Session& session, const std::vector<Point>& points, const char* item,
                    Display display) {
  const auto start = std::chrono::steady_clock::now();
  Evaluation evaluation;
  for (const Point& point : points)
    evaluation.points.push_back({point, std::vector<Outcome>(session.items())});
  const Batches batches = session.batches();
  for_each_part(session, batches, item, display, [&](Prepared& prepared, const auto& part) {
    for (PointResult& result : evaluation.points) {
      const auto start_of_point = std::chrono::steady_clock::now();
      Places places(result.items, part);
      session.run(prepared, {&result.point, 1}, places);
      result.seconds += seconds_since(start_of_point);
    }
  });
  for (PointResult& result : evaluation.points) session.score(result);
  evaluation.seconds = seconds_since(start);
  return evaluation;
}

std::vector<Outcome> observe(Session& session, const Batches& batches, const Point& point,
                             Collector& collector, const char* item, Display display) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(session.items()));
  for_each_part(session, batches, item, display, [&](Prepared& prepared, const auto& part) {
    Places places(outcomes, part);
    collector.add([&] { session.run(prepared, {&point, 1}, places, &collector); });
  });
  return outcomes;
}

Record run(Session& session, const TaskInfo& task, const Policy& policy,
           const std::vector<Point>& points, const ChosenAccelerators& hardware, Display display) {
  Evaluation evaluation = evaluate(session, points, task.item, display);
  Record record = record_of(session, task, policy, std::move(evaluation));
  price(record, hardware);
  return record;
}

}  // namespace edgeval
