#include "eval/command/serve/serve_run.hpp"

#include <unistd.h>

#include <csignal>
#include <iostream>
#include <stdexcept>

#include "eval/command/serve/line_reader.hpp"
#include "eval/command/serve/service.hpp"
#include "eval/price/pricing.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/provenance.hpp"
#include "eval/search/policy_points.hpp"
#include "eval/search/resident_set.hpp"
#include "eval/task/batches.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

// So many lines that wait are answered together.
constexpr std::size_t kMostLines = 64;

// Writes a line of JSON where the reader has it at once.
void write_line(const std::string& line) {
  if (!(std::cout << line << '\n' << std::flush))
    throw std::runtime_error("standard output cannot be written");
}

// A model, a test set and accelerators, and what is made of points with them.
class Served {
 public:
  Served(const ServeOptions& options, const Task& task, Session& session)
      : options_(options),
        session_(session),
        accelerators_(named_accelerators(options.hardware, accelerator_folder())),
        base_(options.policy.file, options.policy.settings),
        profiles_(profile_of(options.policy, base_), session),
        device_(session.device()) {
    profiles_.get();  // is wrong now, if ever
    expect_no_mistake();
    const BasePoint like = base_point(base_, session, profiles_);
    dense_ = reference_of(session.trained(), like.point);
    if (!like.refusal.empty()) note_ = like.refusal + "; every point must give it";
    set_.emplace(session, task.info().item, options.output.display());
  }

  // What the policy lacks and every point must give; empty where it is whole.
  const std::string& note() const { return note_; }

  // The names of the metrics that answers have; none where the set has no references.
  std::vector<std::string> measured() const {
    std::vector<std::string> names;
    for (const Metric& metric : session_.measure({}, {})) names.push_back(metric.name);
    return names;
  }

  ordered_json greeting(const TaskInfo& task) {
    ordered_json greeting{{"ready", true},
                          {"edgeval", provenance_on(device_).version},
                          {concat(task.item, "s"), session_.items()},
                          {"device", device_},
                          {"metrics", measured()}};
    if (options_.no_reference) return greeting;
    const std::vector<std::optional<PointTotal>> totals =
        set_->run({&dense_, 1}, options_.request.seed, options_.output.display());
    if (!totals[0]) throw OutOfMemoryForOne();
    greeting["dense"] = figures_of(*totals[0], session_.busiest(dense_));
    return greeting;
  }

  std::vector<PointAnswer> evaluate(std::span<const Settings> asked) {
    std::vector<PointAnswer> answers(asked.size());
    std::vector<Point> points;
    std::vector<std::size_t> places;
    for (std::size_t p = 0; p < asked.size(); ++p) try {
        Point point = point_of(asked[p], base_, session_, profiles_);
        EDGEVAL_EXPECTS(point.search.has_value() == dense_.search.has_value(), source_of(asked[p]),
                        ": the point has a beam and the dense network has none; start `edgeval "
                        "serve` with a beam, such as --set beam.type=fixed");
        points.push_back(std::move(point));
        places.push_back(p);
      } catch (const Error& error) {
        answers[p].error = error.what();
      }
    const std::vector<std::optional<PointTotal>> totals =
        set_->run(points, options_.request.seed, options_.output.display());
    for (std::size_t i = 0; i < totals.size(); ++i) {
      PointAnswer& answer = answers[places[i]];
      if (totals[i])
        answer.figures = figures_of(*totals[i], session_.busiest(points[i]));
      else
        answer.error = OutOfMemoryForOne().what();
    }
    return answers;
  }

 private:
  // Points give what the policy lacks. Any other mistake is refused at once.
  void expect_no_mistake() const {
    try {
      base_.alone();
    } catch (const UnchosenParameter&) {
    }
  }

  // Returns the figures of a point; `busiest` is its Session::busiest.
  ordered_json figures_of(const PointTotal& total, const Activity& busiest) const {
    ordered_json figures = ordered_json::object();
    for (const Metric& metric : total.metrics) {
      figures[metric.name] = or_null(metric.value);
      if (&metric != &total.metrics.front()) continue;
      figures["ci95"] = nullptr;
      if (metric.ci95) figures["ci95"] = {metric.ci95->low, metric.ci95->high};
    }
    ordered_json energy = ordered_json::object(), seconds = energy, left_out = energy;
    for (const hw::Accelerator& accelerator : accelerators_) {
      if (const auto reason = hw::cannot_price(accelerator, busiest)) {
        left_out[accelerator.name] = *reason;
        continue;
      }
      const hw::Price price = hw::price(accelerator, total.activity);
      energy[accelerator.name] = price.joules;
      seconds[accelerator.name] = price.seconds;
    }
    figures["energy"] = std::move(energy);
    figures["seconds"] = std::move(seconds);
    if (!left_out.empty()) figures["energy_left_out"] = std::move(left_out);
    figures["macs"] = total.activity.macs_executed();
    if (total.search) figures["rows"] = total.search->rows;
    return figures;
  }

  const ServeOptions& options_;
  Session& session_;
  const std::vector<hw::Accelerator> accelerators_;
  const PolicyBase base_;
  Profiles profiles_;
  const std::string device_;
  Point dense_;  // the dense network
  std::string note_;
  std::optional<ResidentSet> set_;
};

}  // namespace

void run_serve(const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // who has left is noticed when writing fails
  const AnyModel model = load_any_model(options.model);
  const Task& task = task_of(options.tasks, model);
  expect_no_others(options.given, task, *network_of(model));
  const std::unique_ptr<Session> session = task.open(model, options.request);
  if (const char* option = session->only_of_a_run())
    throw Error(concat(option,
                       ": no answer has its figure; leave it out here, and give it to "
                       "`edgeval run` of the point"));
  Served served(options, task, *session);
  const bool quiet = options.output.quiet;
  const auto note = [&](const std::vector<std::string>& notes) {
    write_notes(std::cerr, notes, quiet);
  };
  note(session->notes());
  note(session->late_notes());
  if (!served.note().empty()) note({served.note()});
  write_line(
      served.greeting(task.info()).dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  if (::isatty(STDIN_FILENO) == 1)
    note(
        {"points are read from standard input, such as {\"id\": 1, \"point\": "
         "{\"plan.threshold\": 0.5}}; Ctrl-D ends"});
  Service service([&](std::span<const Settings> points) { return served.evaluate(points); });
  LineReader reader(STDIN_FILENO);
  for (;;) {
    const std::vector<InputLine> lines = reader.next(kMostLines);
    if (lines.empty()) return;
    for (const std::string& answer : service.answer(lines)) write_line(answer);
  }
}

}  // namespace edgeval
