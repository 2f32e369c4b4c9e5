// The GPU engine. It runs part by part of a batch, as many lanes as the memory holds, and for each
// part the stages of all points (schedule.hpp), some of which run side by side as more lanes. The
// CPU engine (host/engine/cpu_engine.cpp) is the definition: plans, counts and the order of
// additions outside the products are the same, and the fp32 products agree within rounding
// (docs/gpu.md).
#include "cuda/engine.hpp"

#include <future>
#include <limits>
#include <mutex>
#include <numeric>

#include "cuda/on_devices.hpp"
#include "cuda/stage_runner.hpp"

namespace edgeval::gpu {
namespace {

// The most lanes of several points that run side by side; as many as fill a large GPU.
constexpr Index kMostLanesSideBySide = 4096;

// The memory on the host for the outputs of the next points. Fresh memory costs the host more than
// the copy into it: a thread, where one may be had, prepares it while the device works.
class OutputRoom {
 public:
  // results: how many will be asked for.
  OutputRoom(const Part& part, Index cols, bool threaded, Index results)
      : lengths_(part.lengths()), cols_(cols), threaded_(threaded), results_(results) {
    prepare();
  }
  Ragged<float> next() {
    Ragged<float> room = room_.get();
    prepare();
    return room;
  }

 private:
  void prepare() {
    if (results_-- <= 0) return;
    room_ =
        std::async(threaded_ ? std::launch::async | std::launch::deferred : std::launch::deferred,
                   [lengths = lengths_, cols = cols_] { return Ragged<float>(lengths, cols); });
  }

  const std::vector<Index> lengths_;
  const Index cols_;
  const bool threaded_;
  Index results_;
  std::future<Ragged<float>> room_;
};

// Hands on the results of several devices, one at a time. Once a device has failed, the others fail
// as it did with their next result.
class SharedSink final : public ResultSink {
 public:
  explicit SharedSink(ResultSink& sink) : sink_(&sink) {}
  void receive(std::span<const Index> points, Index first, BatchResult&& result) override {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    try {
      sink_->receive(points, first, std::move(result));
    } catch (...) {
      failure_ = std::current_exception();  // before another device hands on a result
      throw;
    }
  }
  void fail(const std::exception_ptr& failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = failure;
  }

 private:
  ResultSink* const sink_;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

// Does the engine's work on one device, while that is current.
class LayersOnDevice {
 public:
  LayersOnDevice(std::shared_ptr<const Model> model, const EngineOptions& options, int threads)
      : model_(std::move(model)),
        limited_(options.gpus.memory > 0),
        threads_(threads),
        stages_(model_, threads_, options.gpu_chunk_bytes,
                options.gpu_whole_steps ? StepForm::kWhole : StepForm::kCells) {}

  // Runs as many lanes at once as fit into the memory, mostly all of them. With an observer, which
  // sees a layer once for each such part, points come one after the other.
  void run(const Call& call, ResultSink& sink) {
    for (const OperatingPoint& point : call.points) check_point(*model_, point);
    if (call.points.empty()) return;
    const LayerChoices choices(call.points, model_->stack().size());
    std::vector<Index> all(call.points.size());
    std::iota(all.begin(), all.end(), Index{0});
    const std::size_t at_once = call.observer == nullptr ? all.size() : 1;
    for (std::size_t first = 0; first < all.size(); first += at_once)
      run_points(call, choices, std::span(all).subspan(first, at_once), sink);
  }

 private:
  // Delivers all of the device's utterances of some points. `next` has, for each point of the call,
  // the number of the first utterance that its sink has not received yet.
  void run_points(const Call& call, const LayerChoices& choices, std::span<const Index> points,
                  ResultSink& sink) {
    if (call.first == call.last) {
      BatchResult nothing;
      nothing.outputs = Ragged<float>({}, model_->outputs());
      return sink.receive(points, call.first, std::move(nothing));
    }
    std::vector<Index> next(call.points.size(), call.last);
    for (const Index point : points) next[point] = call.first;
    for (Index first = call.first; first < call.last; first = *std::ranges::min_element(next)) {
      // When memory runs out in the middle of a part, some points may be ahead of others.
      std::vector<Index> behind;
      Index end = call.last;
      for (const Index point : points) {
        if (next[point] == first) behind.push_back(point);
        if (next[point] > first) end = std::min(end, next[point]);
      }
      if (one_by_one_) behind.resize(1);
      run_part(call, choices, behind, first, std::min(most_lanes_, end - first), next, sink);
    }
  }

  // Runs the utterances [first, first + count) under some points. When the memory turns out too
  // short half-way, those that were not delivered are left for a part with half as many points side
  // by side; where these are single ones, with half the lanes; where these are single ones, too,
  // for points that share nothing and so need the fewest slots. If an observer has seen some of it
  // by then, the shortage is thrown to the caller instead, as on the CPU.
  void run_part(const Call& call, const LayerChoices& choices, const std::vector<Index>& points,
                Index first, Index count, std::vector<Index>& next, ResultSink& sink) {
    const bool padded = call.wanted.outputs &&
                        DeviceMatrix<float>::padded_cols(model_->outputs()) != model_->outputs();
    const Schedule schedule = make_schedule(call.points, choices, points,
                                            {.layers = model_->stack().size(),
                                             .most_side_by_side = side_by_side(call, first, count),
                                             .spare = padded});
    Part part{call, schedule, first, count};
    try {
      run_stages(part, next, sink);
    } catch (const OutOfMemory&) {
      stages_.release();
      if (schedule.side_by_side > 1) {
        most_points_ = schedule.side_by_side / 2;
      } else if (part.count > 1) {
        most_lanes_ = part.count / 2;
      } else {
        EDGEVAL_EXPECTS(points.size() > 1, "an utterance of ", part.length(0),
                        " frames does not fit into the memory of ", device_name(current_device()),
                        "; use --device cpu", limited_ ? " or a greater --gpu-memory" : "",
                        call.points[points.front()].beam ? " or a narrower beam" : "");
        one_by_one_ = true;
      }
      if (part.observed) throw;
    } catch (...) {
      stages_.release();
      throw;
    }
  }

  // Returns how many points may run a layer of these utterances side by side, so that neither their
  // lanes nor the bytes of all slots are too many.
  Index side_by_side(const Call& call, Index first, Index count) const {
    const std::vector<Index>& offsets = call.features.offsets;
    const Index bytes = (offsets[first + count] - offsets[first]) * stages_.bytes_of_frame();
    const Index most = std::min({most_points_, kMostLanesSideBySide / count,
                                 stages_.side_by_side_bytes() / std::max(bytes, Index{1})});
    return std::max(most, Index{1});
  }

  void run_stages(Part& part, std::vector<Index>& next, ResultSink& sink) {
    const Index last = std::ssize(model_->stack()) - 1;
    Index results = 0;
    if (part.call.wanted.outputs)
      for (const Stage& stage : part.schedule.stages)
        if (stage.layer == last)
          for (const Shoot& shoot : stage.shoots)
            results += std::ssize(parts_by_beam(part.call.points, shoot.points));
    OutputRoom room(part, model_->outputs(), threads_ > 1, results);
    const Settle settle;
    stages_.reserve(part);
    stages_.upload_features(part);
    for (const Stage& stage : part.schedule.stages) {
      stages_.run(part, stage);
      if (stage.layer != last) continue;
      for (std::size_t s = 0; s < stage.shoots.size(); ++s)
        for (const std::vector<Index>& points :
             parts_by_beam(part.call.points, stage.shoots[s].points)) {
          BatchResult result =
              stages_.result(part, stage, static_cast<Index>(s), points.front(),
                             part.call.wanted.outputs ? room.next() : Ragged<float>());
          for (const Index point : points) next[point] = part.first + part.count;
          sink.receive(points, part.first, std::move(result));
        }
    }
  }

  const std::shared_ptr<const Model> model_;
  const bool limited_;  // whether --gpu-memory was given
  const int threads_;   // of the host, at most
  StageRunner stages_;
  Index most_lanes_ = std::numeric_limits<Index>::max();   // utterances of a part
  Index most_points_ = std::numeric_limits<Index>::max();  // side by side
  bool one_by_one_ = false;                                // whether points share nothing
};

class GpuEngine final : public Engine {
 public:
  GpuEngine(std::shared_ptr<const Model> model, const EngineOptions& options)
      : layers_(options.gpus, std::move(model), options,
                threads_of_each(options.gpus, options.threads)) {}

  std::string device() const override { return layers_.names(); }
  bool on_gpu() const override { return true; }

  using Engine::run;
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    EDGEVAL_EXPECTS(observer == nullptr || layers_.count() == 1,
                    "what passes between layers is seen on one device at a time; name one GPU in "
                    "--device");
    SharedSink shared(sink);
    const Ragged<float>& features = batch.features();
    layers_.share(features.offsets, [&](LayersOnDevice& layers, Index first, Index last) {
      try {
        layers.run({features, first, last, points, wanted, observer}, shared);
      } catch (...) {
        shared.fail(std::current_exception());
        throw;
      }
    });
  }

 private:
  OnDevices<LayersOnDevice> layers_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(std::shared_ptr<const Model> model,
                                    const EngineOptions& options) {
  return std::make_unique<GpuEngine>(std::move(model), options);
}

}  // namespace edgeval::gpu
