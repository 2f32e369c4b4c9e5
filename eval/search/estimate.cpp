// Estimates what a sweep will take, from what points share and from a short trial.
#include <algorithm>
#include <chrono>

#include "eval/search/sweep.hpp"
#include "host/engine/shared_layers.hpp"

namespace edgeval {
namespace {

constexpr std::size_t kTrialPoints = 4, kTrialItems = 8;

// Forgets what it receives.
struct NoSink final : OutcomeSink {
  void receive(std::span<const Index> /*points*/, Index /*item*/, Outcome&& /*outcome*/) override {}
};

// The work of some points in layers, each counted by its MACs for a step.
struct SharedWork {
  double alone = 0, shared = 0;            // MACs
  double runs_alone = 0, runs_shared = 0;  // layers
  double weights = 0;                      // choices of weights
};

double macs_of(const Layer& layer) {
  double macs = 0;
  for (const LayerShape& shape : layer_shapes(layer))
    macs += static_cast<double>(shape.macs_per_step());
  return macs;
}

SharedWork shared_work(Session& session, std::span<const Point> points,
                       const std::vector<Index>& numbers) {
  std::vector<Point> chosen;
  for (const Index number : numbers) chosen.push_back(points[static_cast<std::size_t>(number)]);
  SharedWork work;
  for (const std::vector<Index>& alike : by_weights(chosen)) {
    ++work.weights;
    const Model& network = session.trained();
    std::vector<OperatingPoint> layers;
    for (const Index p : alike) layers.push_back(chosen[static_cast<std::size_t>(p)].layers);
    const std::size_t stack = network.stack().size();
    const LayerChoices choices(layers, stack);
    std::vector<std::vector<Index>> parts(1);
    for (std::size_t p = 0; p < layers.size(); ++p) parts[0].push_back(static_cast<Index>(p));
    const auto all = static_cast<double>(layers.size());
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
      std::vector<std::vector<Index>> next;
      if (l < stack)
        for (const std::vector<Index>& part : parts)
          for (std::vector<Index>& each : choices.parts(part, l)) next.push_back(std::move(each));
      const double run = l < stack ? static_cast<double>(next.size()) : all;
      const double macs = macs_of(network.layers[l]);
      work.alone += all * macs, work.shared += run * macs;
      work.runs_alone += all, work.runs_shared += run;
      if (l < stack) parts = std::move(next);
    }
  }
  return work;
}

// Returns the bytes of the networks that a session holds at once, each also with packed weights.
double bytes_of_networks(const Session& session, std::span<const Point> points) {
  double weights = 0;
  for (const LayerShape& shape : layer_shapes(session.trained()))
    weights += static_cast<double>(shape.weights());
  const bool varied =
      std::ranges::any_of(points, [](const Point& point) { return !is_neutral(point.weights); });
  return (varied ? 2 : 1) * 2 * weights * sizeof(float);
}

double length_of(const Session& session, const std::vector<Index>& items) {
  double length = 0;
  for (const Index item : items) length += static_cast<double>(session.item(item).length);
  return length;
}

}  // namespace

SweepEstimate estimate(Session& session, std::span<const Point> points, const Blocks& blocks,
                       std::span<const SweepUnit> units) {
  SweepEstimate estimate;
  // The trial takes the middle of the first block by length, which is a fair sample.
  std::vector<Index> items = blocks.front();
  std::ranges::stable_sort(items, {}, [&](Index item) { return session.item(item).length; });
  const std::size_t count = std::min(kTrialItems, items.size());
  items = {items.begin() + static_cast<std::ptrdiff_t>((items.size() - count) / 2),
           items.begin() + static_cast<std::ptrdiff_t>((items.size() - count) / 2 + count)};
  const double length = std::max(length_of(session, items), 1.0);
  auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<Prepared> prepared = session.prepare(items);
  const double preparing = seconds_since(start);
  std::vector<Point> trial;
  for (std::size_t i = 0; i < std::min(kTrialPoints, points.size()); ++i)
    trial.push_back(points[i * points.size() / std::min(kTrialPoints, points.size())]);
  NoSink sink;
  double loading = 0, running = 0;  // seconds of a point
  for (const Point& point : trial) {
    const auto run = [&] {
      start = std::chrono::steady_clock::now();
      session.run(*prepared, {&point, 1}, sink);
      return seconds_since(start) / static_cast<double>(trial.size());
    };
    const double first = run(), again = run();  // the first also makes and packs the weights
    loading += std::max(first - again, 0.0), running += again;
  }
  const std::vector<Layer>& layers = session.trained().layers;
  double widest = 0;
  for (const Layer& layer : layers)
    widest = std::max(widest, static_cast<double>(layer_inputs(layer) + layer_outputs(layer)));
  for (const SweepUnit& unit : units) {
    const SharedWork work = shared_work(session, points, unit.points);
    const double of_block = length_of(session, blocks[static_cast<std::size_t>(unit.block)]);
    const auto all = static_cast<double>(unit.points.size());
    estimate.runs += work.runs_alone, estimate.shared_runs += work.runs_shared;
    estimate.seconds +=
        of_block / length * (preparing + running * all * work.shared / std::max(work.alone, 1.0)) +
        loading * work.weights;
    // A few points are on their way at each layer, which holds the outputs of several points or of
    // one.
    const double of_point = of_block * widest * sizeof(float);
    const double of_layer = std::max(static_cast<double>(kMostBytesAtOnce), of_point);
    estimate.bytes =
        std::max(estimate.bytes, of_point + static_cast<double>(layers.size()) * of_layer);
  }
  estimate.bytes += bytes_of_networks(session, points);
  return estimate;
}

}  // namespace edgeval
