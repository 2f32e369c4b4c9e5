#include "eval/command/evaluate.hpp"

#include "eval/task/batches.hpp"
#include "eval/task/progress.hpp"

namespace edgeval {

Evaluation evaluate(Session& session, const std::vector<Point>& points, const char* items,
                    bool quiet) {
  const auto start = std::chrono::steady_clock::now();
  Evaluation evaluation;
  for (const Point& point : points)
    evaluation.points.push_back({point, std::vector<Outcome>(session.items())});
  const std::vector<std::vector<Index>> batches = session.batches();
  Progress progress(items, session.items(), quiet);
  for (const std::vector<Index>& batch : batches) {
    run_in_parts(batch, [&](const std::vector<Index>& part) {
      const std::unique_ptr<Prepared> prepared = session.prepare(part);
      for (PointResult& result : evaluation.points) {
        const auto engine_start = std::chrono::steady_clock::now();
        std::vector<Outcome> outcomes = session.run(*prepared, result.point);  // and decode
        for (std::size_t i = 0; i < part.size(); ++i)
          result.items[static_cast<std::size_t>(part[i])] = std::move(outcomes[i]);
        result.seconds += seconds_since(engine_start);
      }
    });
    progress.advance(std::ssize(batch));
  }
  for (PointResult& result : evaluation.points) session.score(result);
  evaluation.seconds = seconds_since(start);
  return evaluation;
}

Record run(Session& session, const TaskInfo& task, const Policy& policy,
           const std::vector<Point>& points, const ChosenAccelerators& hardware, bool quiet) {
  Evaluation evaluation = evaluate(session, points, task.items, quiet);
  Record record = record_of(session, task, policy, std::move(evaluation));
  price(record, hardware, session.audio_seconds());
  return record;
}

}  // namespace edgeval
