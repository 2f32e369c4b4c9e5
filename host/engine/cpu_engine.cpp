// The CPU engine, which defines every result. A lane is an utterance under an operating point.
// Points share the layers before the first one for which their policies differ: the points of a
// call make a tree, whose branches are walked from the root to the leaves, a few side by side.
#include <map>
#include <numeric>
#include <optional>

#include "host/body/greatest.hpp"
#include "host/core/concat.hpp"
#include "host/core/parallel.hpp"
#include "host/engine/cpu_layers.hpp"
#include "host/engine/shared_layers.hpp"

namespace edgeval {
namespace {

// The most lanes of several points that a layer runs side by side. More would gain no speed, since
// the blocks of lanes are full by then.
constexpr Index kMostLanesAtOnce = 512;

std::vector<std::vector<FinalStates>> clone(const std::vector<std::vector<FinalStates>>& states) {
  std::vector<std::vector<FinalStates>> copy(states.size());
  for (std::size_t layer = 0; layer < states.size(); ++layer)
    for (const FinalStates& each : states[layer])
      copy[layer].push_back({each.h.clone(), each.c.clone()});
  return copy;
}

Ragged<std::int32_t> best_of_frames(const Ragged<float>& outputs) {
  Ragged<std::int32_t> best(outputs.lengths(), 1);
  for (Index t = 0; t < outputs.values.rows(); ++t)
    best.values(t, 0) = first_greatest(outputs.values.row(t), outputs.cols());
  return best;
}

// Points that make the same choices for all layers so far, and what these layers gave.
struct Branch {
  std::vector<Index> points;
  const Ragged<float>* features;  // what enters the first layer; null behind it
  BatchResult result;             // its outputs are those of the last layer so far
  const Ragged<float>& input() const { return features != nullptr ? *features : result.outputs; }
};

// Those points of a branch that make one choice for the next layer.
struct Shoot {
  const Branch* from;
  std::vector<Index> points;
};

// A call of run().
struct Call {
  std::span<const OperatingPoint> points;
  const Wanted& wanted;
  ResultSink& sink;
  LayerObserver* observer = nullptr;  // of a call with one point
  Index first_point = 0;              // what the sink adds to the numbers of points
};

class PointTree {
 public:
  PointTree(CpuLayers& layers, const Call& call)
      : layers_(layers), call_(call), choices_(call.points, last()) {}

  void run(const Ragged<float>& features) {
    Branch root{std::vector<Index>(call_.points.size()), &features, {}};
    std::iota(root.points.begin(), root.points.end(), Index{0});
    root.result.activity.resize(static_cast<std::size_t>(features.sequences()));
    if (call_.wanted.final_states) root.result.final_states.resize(last());
    if (!root.points.empty()) grow(0, {&root, 1});
  }

 private:
  std::size_t last() const { return layers_.model().stack().size(); }
  const LayerPolicy& policy(const Shoot& shoot, std::size_t layer) const {
    return call_.points[static_cast<std::size_t>(shoot.points.front())].layers[layer];
  }

  // Runs the layers from `layer` on for all branches. A few shoots go up to the last layer before
  // the next few begin, so that memory does not grow with the number of points.
  void grow(std::size_t layer, std::span<Branch> branches) {
    if (layer == last()) {
      for (Branch& branch : branches) deliver(branch);
      return;
    }
    for (const std::vector<Shoot>& launch : launches(layer, branches))
      for (std::span<const Shoot> rest = launch; !rest.empty();) {
        const std::span<const Shoot> now = rest.first(side_by_side(rest, layer));
        std::vector<Branch> grown = grown_by(layer, now);
        grow(layer + 1, grown);
        rest = rest.subspan(now.size());
      }
  }

  // Returns the shoots of all branches. Those of one launch may run side by side.
  std::vector<std::vector<Shoot>> launches(std::size_t layer,
                                           std::span<const Branch> branches) const {
    std::vector<std::vector<Shoot>> launches;
    std::map<std::vector<double>, std::size_t> known;
    for (const Branch& branch : branches)
      for (std::vector<Index>& points : choices_.parts(branch.points, layer)) {
        Shoot shoot{&branch, std::move(points)};
        const auto [launch, is_new] =
            known.try_emplace(launch_numbers(policy(shoot, layer)), launches.size());
        if (is_new) launches.emplace_back();
        launches[launch->second].push_back(std::move(shoot));
      }
    return launches;
  }

  // Returns how many of the first shoots run at once, 1 or more.
  std::size_t side_by_side(std::span<const Shoot> shoots, std::size_t layer) const {
    const Index width = layer_outputs(layers_.model().layers[layer]);
    Index lanes = 0, bytes = 0;
    std::size_t count = 0;
    for (const Shoot& shoot : shoots) {
      const Ragged<float>& input = shoot.from->input();
      lanes += input.sequences();
      bytes += input.values.rows() * width * static_cast<Index>(sizeof(float));
      if (count > 0 && (lanes > kMostLanesAtOnce || bytes > kMostBytesAtOnce)) break;
      ++count;
    }
    return count;
  }

  std::vector<Branch> grown_by(std::size_t layer, std::span<const Shoot> shoots) {
    std::vector<LayerRun> runs;
    for (const Shoot& shoot : shoots) runs.push_back({shoot.from->input(), policy(shoot, layer)});
    layers_.run(layer, runs, call_.wanted.final_states);
    std::vector<Branch> grown;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      LayerRun& run = runs[i];
      if (call_.observer != nullptr) observe(layer, run);
      const BatchResult& before = shoots[i].from->result;
      Branch& branch = grown.emplace_back(Branch{shoots[i].points, nullptr, {}});
      branch.result.outputs = std::move(run.output);
      branch.result.activity = before.activity;
      for (std::vector<LayerActivity>& of_direction : run.activity)
        for (std::size_t n = 0; n < of_direction.size(); ++n)
          branch.result.activity[n].layers.push_back(std::move(of_direction[n]));
      branch.result.final_states = clone(before.final_states);
      if (call_.wanted.final_states)
        branch.result.final_states[layer] = std::move(run.final_states);
    }
    return grown;
  }

  void observe(std::size_t layer, const LayerRun& run) const {
    const auto number = static_cast<Index>(layer);
    for (std::size_t d = 0; d < run.plans.size(); ++d)
      for (std::size_t n = 0; n < run.plans[d].size(); ++n)
        call_.observer->on_plan(
            number, std::get<RecurrentLayer>(layers_.model().layers[layer]).directions[d],
            static_cast<Index>(n), run.plans[d][n].modes);
    call_.observer->on_layer(number, run.input, run.output);
  }

  void deliver(Branch& branch) const {
    BatchResult& all = branch.result;
    if (call_.wanted.best) all.best = best_of_frames(all.outputs);
    std::vector<std::vector<Index>> parts = parts_by_beam(call_.points, branch.points);
    for (std::vector<Index>& points : parts) {
      std::vector<CtcSearch> searches = searched(all.outputs, points.front());
      if (!call_.wanted.outputs && &points == &parts.back()) all.outputs = {};
      BatchResult result = &points == &parts.back() ? std::move(all) : copy_of(all);
      result.searches = std::move(searches);
      for (Index& point : points) point += call_.first_point;
      call_.sink.receive(points, 0, std::move(result));
    }
  }

  // Searches the text of each utterance, if the point has a beam.
  std::vector<CtcSearch> searched(const Ragged<float>& outputs, Index point) const {
    const std::optional<Beam>& beam = call_.points[static_cast<std::size_t>(point)].beam;
    if (!beam) return {};
    std::vector<CtcSearch> searches(static_cast<std::size_t>(outputs.sequences()));
    parallel_for(outputs.sequences(), layers_.threads(), [&](Index n) {
      searches[static_cast<std::size_t>(n)] =
          ctc_beam_search(outputs.sequence(n), layers_.model().blank, *beam);
    });
    return searches;
  }

  // Returns a copy of what is wanted of a result.
  BatchResult copy_of(const BatchResult& result) const {
    const auto whole = [](const auto& all) { return slice(all, 0, all.sequences()); };
    return {.outputs = call_.wanted.outputs ? whole(result.outputs) : Ragged<float>(),
            .activity = result.activity,
            .best = whole(result.best),
            .searches = {},
            .final_states = clone(result.final_states)};
  }

  CpuLayers& layers_;
  const Call& call_;
  const LayerChoices choices_;
};

class CpuEngine final : public Engine {
 public:
  CpuEngine(std::shared_ptr<const Model> model, const EngineOptions& options)
      : layers_(std::move(model), options) {}

  std::string device() const override {
    return concat("CPU, ", layers_.threads(), layers_.threads() == 1 ? " thread" : " threads");
  }
  bool on_gpu() const override { return false; }

  using Engine::run;
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    for (const OperatingPoint& point : points) check_point(layers_.model(), point);
    const std::size_t at_once = observer == nullptr ? points.size() : 1;
    for (std::size_t first = 0; first < points.size(); first += at_once) {
      const Call call{points.subspan(first, at_once), wanted, sink, observer,
                      static_cast<Index>(first)};
      PointTree(layers_, call).run(batch.features());
    }
  }

 private:
  CpuLayers layers_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(std::shared_ptr<const Model> model,
                                        const EngineOptions& options) {
  return std::make_unique<CpuEngine>(std::move(model), options);
}

}  // namespace edgeval
