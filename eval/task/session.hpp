// A session: a model with a test set of its task, and all that happens between them. It prepares
// items (utterances, sentences), runs them at operating points, scores what came out, and says of
// the whole what only its task knows.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/policy/policy.hpp"
#include "eval/score/metric.hpp"
#include "host/engine/translate/decoder_engine.hpp"
#include "host/model/transform.hpp"

namespace edgeval {

// What a run is asked to do.
struct Point {
  Weights weights;
  OperatingPoint layers;
  std::optional<SearchOptions> search{};  // of a translation
};

// Whether it is the dense network as trained, its beam fixed.
bool is_reference(const Point& point);
// The dense network as trained that a point is measured against, its beam fixed and as wide.
Point reference_of(const Model& network, const Point& point);

// An item of the test set.
struct Item {
  std::string id;
  std::optional<std::string> source{};    // the text it is, where it is text
  std::vector<std::string> references{};  // as they are scored; none where none are known
  Index length = 0;                       // in the task's unit (TaskInfo::length)
};

// What one point made of one item.
struct Outcome {
  std::vector<std::string> texts;        // hypotheses, the best first
  Activity activity{};                   // without layers where nothing ran
  std::optional<SearchResult> search{};  // its activity moved to the above
};

// What one point made of the whole set.
struct PointResult {
  Point point;
  std::vector<Outcome> items;  // in the order of the set
  double seconds = 0;          // of the engine and of decoding

  // From here on as score() fills them in.
  std::vector<Metric> metrics{};        // with their intervals
  std::vector<Alignment> alignments{};  // of the words of every item, where they are counted
  nlohmann::ordered_json more_quality = nlohmann::ordered_json::object();  // beside the metrics
  std::string more_lines{};  // for people, likewise; each ends with a line break

  std::vector<std::string> hypotheses() const;  // the best of each item
  Activity total() const;
  std::optional<SearchCounts> search() const;  // of all; nothing where nothing was searched
};

struct Evaluation {
  std::vector<PointResult> points;  // the policy's; behind it the reference's, where it ran
  double seconds = 0;               // wall time
};

// What a task says of an evaluation in its own words and keys (docs/formats/report.md).
struct TaskReport {
  nlohmann::ordered_json choices = nlohmann::ordered_json::object();  // objects of its options
  // Keys of "timing": what was done before the engine ran, and what the times come to.
  nlohmann::ordered_json preparing = nlohmann::ordered_json::object();
  nlohmann::ordered_json rates = nlohmann::ordered_json::object();
  // For people; the lines end with a line break, and are empty where there is nothing to say.
  std::string set;  // "PATH: 20 utterances, 1.2 min of audio"
  std::string search_line, data_line, speed_line;
};

// Items that are ready to be run. They belong to the session that prepared them.
struct Prepared {
  virtual ~Prepared() = default;
};

// Receives what points made of prepared items, point by point in the order of the call. When run()
// throws, what was received is void.
class OutcomeSink {
 public:
  virtual ~OutcomeSink() = default;
  // point: its number in the call; item: the place among those that were prepared.
  virtual void receive(Index point, Index item, Outcome&& outcome) = 0;
};

// The points cut where the weights change: what stands together shares a network and its engine.
std::vector<std::span<const Point>> by_weights(std::span<const Point> points);

class Session {
 public:
  virtual ~Session() = default;

  virtual const Model& network(const Weights& weights) = 0;
  // The engine of a network with these weights, for people: "CPU, 2 threads".
  virtual std::string device(const Weights& weights) = 0;
  // What storing these weights takes, by matrix.
  virtual const std::vector<MatrixReport>& matrices(const Weights& weights) = 0;

  // The point of a policy. profile: null where there is none. Throws Error where the policy asks
  // for what the task or the network does not have.
  virtual Point resolve(const Policy& policy, const Profile* profile) = 0;
  // What kinds of work a point does, as busiest_activity has it. Throws Error when its engine
  // cannot be had.
  virtual Activity busiest(const Point& point) = 0;

  // Names of the metrics by which its hypotheses are scored, the foremost first.
  virtual std::vector<std::string> metrics() const { return {}; }

  virtual Index items() const = 0;
  virtual Item item(Index number) const = 0;
  virtual double audio_seconds() const { return 0; }  // 0: of text

  // Places of items that run together, longest first. Throws Error when nothing can be run.
  virtual std::vector<std::vector<Index>> batches() = 0;
  // The same for a run under an observer that adds up floating-point numbers, item by item.
  virtual std::vector<std::vector<Index>> observed_batches() { return batches(); }
  // Features, or ids of tokens.
  virtual std::unique_ptr<Prepared> prepare(const std::vector<Index>& items) = 0;
  // Engine and decoding. observer: sees what passes between the layers; with several points one
  // point after the other. Throws std::bad_alloc when memory does not suffice.
  virtual void run(Prepared& prepared, std::span<const Point> points, OutcomeSink& sink,
                   LayerObserver* observer = nullptr) = 0;
  // Fills in what a result's items come to.
  virtual void score(PointResult& result) = 0;

  // What is odd about the test set, and what about it makes figures doubtful; known once the
  // batches are.
  virtual std::vector<std::string> notes() const { return {}; }
  virtual std::vector<std::string> set_warnings() const { return {}; }
  // What about a scored result makes its figures doubtful.
  virtual std::vector<std::string> warnings(const PointResult& /*result*/) const { return {}; }
  // Which data it was: the object "data" of reports, once all has run.
  virtual nlohmann::ordered_json data() const = 0;
  virtual TaskReport report(const Evaluation& evaluation) = 0;
};

}  // namespace edgeval
