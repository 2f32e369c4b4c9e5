// Runs the stages of a schedule on the device: owns the memory that grows with a batch, the weights
// and the streams. Both directions of a layer run side by side on streams of their own.
#pragma once

#include <array>
#include <optional>

#include "cuda/ctc/prefix_searcher.hpp"
#include "cuda/device/bulk.hpp"
#include "cuda/lane_activity.hpp"
#include "cuda/part.hpp"
#include "cuda/sequence/direction_runner.hpp"
#include "cuda/sequence/linear_runner.hpp"

namespace edgeval::gpu {

class StageRunner {
 public:
  // threads: of the host, at most. chunk_bytes, most: as for a DirectionRunner.
  StageRunner(std::shared_ptr<const Model> model, int threads, Index chunk_bytes, StepForm most);

  // Returns the bytes that a frame takes at most in the slots of all layers, and how many bytes
  // these slots may take where several points run side by side.
  Index bytes_of_frame() const;
  Index side_by_side_bytes() const { return side_by_side_bytes_; }
  // Takes all memory of the coming part and leaves a margin, so that as a rule nothing fails for
  // want of it half-way.
  void reserve(const Part& part);
  // Uploads the features, for all stages of the part.
  void upload_features(const Part& part);
  // Runs a stage, after those before it in the schedule.
  void run(Part& part, const Stage& stage);
  // Returns the results of shoot s of a stage of the last layer, directly after run, for those of
  // its points that have the beam of `point`, or like it none. `outputs` has the room for them, if
  // they are wanted.
  BatchResult result(const Part& part, const Stage& stage, Index s, Index point,
                     Ragged<float>&& outputs);
  // Gives back all memory that grows with a batch.
  void release() { workspace_.reset(); }

 private:
  // What the last stage of a layer left on the host.
  struct Level {
    const Stage* stage = nullptr;
    Index turn = 0;           // number of the stage among those that ran
    bool has_totals = false;  // whether these have come from the device
    LayerCounted counted = {};
    std::vector<FinalStates> final_states = {};  // of each direction, where wanted
  };

  // Memory on the device for one layer, which later stages of other layers leave alone.
  struct LayerMemory {
    DeviceBuffer<unsigned long long> totals;   // [directions, kTotals, lanes]
    DeviceBuffer<FrameSimilarity> similarity;  // [frames of the input]
    // Whose similarities these are: the stage that made the input, and the score's parameters.
    Index input_turn = -1;
    float scale = 0;
    int shift = 0;
  };

  // All memory that grows with a batch. It is released as a whole when the device has no more.
  struct Workspace {
    Workspace(Index chunk_bytes, Index tree_bytes, StepForm most, std::size_t layers);

    LaneTable lanes;
    DeviceBuffer<Index> input_begin;  // Lanes::input of the stage that runs
    // [padded frames of the points side by side, width] each; slots as in Schedule.
    std::vector<DeviceMatrix<float>> slots;
    DeviceMatrix<std::int16_t> q;     // of plans that score
    DeviceBuffer<std::int32_t> best;  // [frames]
    std::vector<LayerMemory> layers;
    std::vector<Level> levels;
    Index turns = 0;
    std::array<DirectionRunner, 2> runners;
    LinearRunner linear;
    PrefixSearcher searcher;
  };

  const Layer& layer_of(const Stage& stage) const {
    return model_->layers[static_cast<std::size_t>(stage.layer)];
  }
  Level& level(Index layer) { return workspace_->levels[static_cast<std::size_t>(layer)]; }
  LayerMemory& memory(Index layer) { return workspace_->layers[static_cast<std::size_t>(layer)]; }
  const std::vector<DeviceProducts>& weights(Index layer, const LayerPolicy& policy);
  const std::vector<DeviceProducts>* second_weights(Index layer, const LayerPolicy& policy);
  Index widest() const;
  Index rows_of(Index points) const;
  Lanes lanes_of(const Stage& stage) const;
  void upload_places(const Part& part, const Stage& stage);
  void reserve(const Stage& stage, const RecurrentLayer& layer);
  void reserve(const Stage& stage, const LinearLayer& layer);
  void reserve_search(const Part& part);
  DirectionTask direction_task(const Stage& stage, const RecurrentLayer& layer, std::size_t d);
  LinearTask linear_task(const Stage& stage, const LinearLayer& layer);
  void run_layer(const RecurrentLayer& layer, Part& part, const Stage& stage);
  void run_layer(const LinearLayer& layer, Part& part, const Stage& stage);
  const FrameSimilarity* similarities(const Stage& stage, const SimilaritySkip& skip);
  DeviceView<float> input_of(const Stage& stage) const;
  OperandTotals totals(Index layer, Index direction, Index first);
  void fetch_totals();
  void download_outputs(const DeviceView<float>& rows, const Stage& stage, Ragged<float>& outputs);
  void observe_plan(Part& part, const Stage& stage, Direction direction,
                    const DirectionRunner& runner) const;
  void observe_layer(Part& part, const Stage& stage) const;

  const std::shared_ptr<const Model> model_;
  BulkCopies copies_;  // outlives the stream that reads and writes its memory
  Stream stream_;
  Event ready_;
  CublasLt cublas_;
  std::vector<DeviceLayer> weights_;  // of each layer
  const Index chunk_bytes_, side_by_side_bytes_, tree_bytes_;
  const StepForm most_;
  std::optional<Workspace> workspace_;
};

}  // namespace edgeval::gpu
