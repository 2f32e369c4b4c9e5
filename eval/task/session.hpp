// A session is a model with a test set of its task. It prepares items (utterances or sentences),
// runs them at operating points, scores the outcomes, and tells what only its task knows.
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

// What a run is asked to do: an operating point with the choice of the weights axis and, where
// there is one, the beam search.
struct Point {
  Weights weights;
  OperatingPoint layers;
  std::optional<SearchOptions> search{};  // of a translation, or of CTC with a beam
};

// Whether the point is a reference: the dense network as trained, with a fixed beam.
bool is_reference(const Point& point);
// Returns the reference that a point is measured against: the dense network as trained, with a
// fixed beam as wide as the point's widest.
Point reference_of(const Model& network, const Point& point);

// An item of the test set.
struct Item {
  std::string id;
  std::optional<std::string> source{};    // the sentence to translate; nothing for speech
  std::vector<std::string> references{};  // reference texts as they are scored; may be empty
  Index length = 0;                       // length in the task's unit (TaskInfo::length)
};

// What one point made of one item.
struct Outcome {
  std::vector<std::string> texts;        // hypotheses, the best first
  Activity activity{};                   // counts; without layers when nothing ran
  std::optional<SearchResult> search{};  // where there was one; its activity is in `activity`
};

// A figure of quality that is no metric, for every writer.
struct Figure {
  std::string key;               // in "quality" of report.json
  nlohmann::ordered_json value;  // value of that key
  std::string text{};  // line for people, without its line break; empty: for programs only
};

// How many items have a best hypothesis that was cut off at the greatest length of the search, of
// how many that were searched. An item without words is not searched.
struct CutOff {
  std::size_t items = 0, of = 0;
};

// What one point made of the whole set.
struct PointResult {
  Point point;
  std::vector<Outcome> items;  // in the order of the set
  double seconds = 0;          // wall time of the engine and of decoding

  // Session::score() fills in the members that follow.
  std::vector<Metric> metrics{};        // scores with their intervals
  std::vector<Alignment> alignments{};  // word alignment of each item; empty for translation
  std::vector<Figure> figures{};        // what else the task knows of the quality

  std::vector<std::string> hypotheses() const;  // the best hypothesis of each item
  Activity total() const;
  std::optional<SearchCounts> search() const;  // summed over all items; nothing without a search
  CutOff cut_off() const;                      // all 0 without a search
};

struct Evaluation {
  std::vector<PointResult> points;  // the policy's, then the reference's if it ran
  double seconds = 0;               // wall time
};

// Items that are ready to be run, by the session that prepared them and no other.
struct Prepared {
  virtual ~Prepared() = default;
};

// Receives what the points of a call of Session::run made of the prepared items: points in any
// order, the items of a point one after the other. When that call throws, what was received is
// void.
class OutcomeSink {
 public:
  virtual ~OutcomeSink() = default;
  // `points` are the numbers in the call of all points that have this outcome, `item` is the item's
  // place among the prepared ones.
  virtual void receive(std::span<const Index> points, Index item, Outcome&& outcome) = 0;
};

// Parts the numbers of the points by their choices of weights, in the order of the first points.
// The points of a part share a network and its engine.
std::vector<std::vector<Index>> by_weights(std::span<const Point> points);

class Session {
 public:
  virtual ~Session() = default;

  // The network as trained, which the session keeps.
  virtual const Model& trained() const = 0;
  // The network with these weights. The session keeps the last one only, so that memory does not
  // grow with the choices of weights; others are made anew.
  virtual std::shared_ptr<const Model> network(const Weights& weights) = 0;
  // The device on which networks run, for people: "CPU, 2 threads". Throws Error when it is not
  // there.
  virtual std::string device() = 0;
  // What storing these weights takes, matrix by matrix.
  virtual std::vector<MatrixReport> matrices(const Weights& weights) = 0;

  // Makes the point of a policy; `profile` may be null. Throws Error when the policy asks for what
  // the task or the network does not have, or leaves open what no profile gives.
  virtual Point resolve(const Policy& policy, const Profile* profile) = 0;
  // Returns an activity that holds every kind of work the point may do, as busiest_activity makes
  // it. Throws Error when no engine can be made.
  virtual Activity busiest(const Point& point) = 0;

  // Names of the metrics by which hypotheses are scored, the most important first.
  virtual std::vector<std::string> metrics() const { return {}; }

  virtual Index items() const = 0;
  virtual Item item(Index number) const = 0;
  // Both are 0 for a set of text, and known once all items ran: the length of the audio, and the
  // wall time that reading it and computing features took, in seconds.
  virtual double audio_seconds() const { return 0; }
  virtual double feature_seconds() const { return 0; }

  // Returns the numbers of the items that run together, the longest items first. Throws Error when
  // nothing can be run.
  virtual std::vector<std::vector<Index>> batches() = 0;
  // Returns the batches for an observer that adds up floating-point numbers item by item.
  virtual std::vector<std::vector<Index>> observed_batches() { return batches(); }
  // Makes features, or ids of tokens, of the items with these numbers.
  virtual std::unique_ptr<Prepared> prepare(const std::vector<Index>& items) = 0;
  // Runs the engine and decodes. What several points have in common is done once (Engine::run).
  // `observer` sees what passes between the layers, one point after the other. Throws
  // std::bad_alloc when memory does not suffice.
  virtual void run(Prepared& prepared, std::span<const Point> points, OutcomeSink& sink,
                   LayerObserver* observer = nullptr) = 0;
  // Fills in the metrics of a result, and what else follows from its items.
  virtual void score(PointResult& result) = 0;
  // Measures the best hypotheses of these items by the metrics(), without intervals. The statistics
  // of a metric have a row for each item. Returns nothing where the set has no references.
  virtual std::vector<Metric> measure(std::span<const Index> items,
                                      std::span<const std::string> hypotheses) const = 0;

  // What is odd about the test set (notes), and what about it makes figures doubtful (warnings).
  // Both are known once batches() was called.
  virtual std::vector<std::string> notes() const { return {}; }
  virtual std::vector<std::string> set_warnings() const { return {}; }
  // What was odd while items were prepared, and did not change the results.
  virtual std::vector<std::string> late_notes() const { return {}; }
  // What makes the figures of a scored result doubtful.
  virtual std::vector<std::string> warnings(const PointResult& /*result*/) const { return {}; }
  // Reads the whole test set, so that data() is known before any item ran.
  virtual void read_all() {}
  // Returns the object "data" of reports, which identifies the test set by "path", by "split" where
  // it has parts, and by what else the task knows; known once all items ran or
  // after read_all().
  virtual nlohmann::ordered_json data() const = 0;
  // Returns objects of the report's top level, by their keys, that have the task's options as they
  // were chosen.
  virtual nlohmann::ordered_json choices() const { return nlohmann::ordered_json::object(); }
  // Returns the option given whose figure only a run of one point has, not the points of a sweep;
  // null where there is none.
  virtual const char* only_of_a_run() const { return nullptr; }
};

}  // namespace edgeval
