#include "eval/command/evaluate.hpp"

#include "eval/task/batches.hpp"

namespace edgeval {

namespace {

// Puts outcomes in their places, and measures the time of each point.
class Places final : public OutcomeSink {
 public:
  // `points` receive the outcomes of each point; `part` has the number in the set of each prepared
  // item.
  Places(std::vector<std::vector<Outcome>*> points, const std::vector<Index>& part)
      : points_(std::move(points)), part_(part), seconds_(points_.size()) {}

  void receive(Index point, Index item, Outcome&& outcome) override {
    const auto now = std::chrono::steady_clock::now();
    seconds_[static_cast<std::size_t>(point)] +=
        std::chrono::duration<double>(now - std::exchange(last_, now)).count();
    points_[static_cast<std::size_t>(point)]->at(
        static_cast<std::size_t>(part_[static_cast<std::size_t>(item)])) = std::move(outcome);
  }
  // Returns the seconds that the engine and decoding took for the point: from the last outcome of
  // the point before it to its own last outcome.
  double seconds(std::size_t point) const { return seconds_[point]; }

 private:
  const std::vector<std::vector<Outcome>*> points_;
  const std::vector<Index>& part_;
  std::vector<double> seconds_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
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
  std::vector<std::vector<Outcome>*> to;
  for (PointResult& result : evaluation.points) to.push_back(&result.items);
  const Batches batches = session.batches();
  for_each_part(session, batches, item, display, [&](Prepared& prepared, const auto& part) {
    Places places(to, part);
    session.run(prepared, points, places);
    for (std::size_t p = 0; p < points.size(); ++p)
      evaluation.points[p].seconds += places.seconds(p);
  });
  for (PointResult& result : evaluation.points) session.score(result);
  evaluation.seconds = seconds_since(start);
  return evaluation;
}

std::vector<Outcome> observe(Session& session, const Batches& batches, const Point& point,
                             Collector& collector, const char* item, Display display) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(session.items()));
  for_each_part(session, batches, item, display, [&](Prepared& prepared, const auto& part) {
    Places places({&outcomes}, part);
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
