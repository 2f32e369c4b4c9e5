// One direction of a recurrent layer on the GPU, from its input to its columns of the output:
//   plan -> pack -> operand(x) -> product W
//   -> for each live step { product U [-> choice of sums] -> cell [-> product -> projection]
//                           -> operand(h) }
//   -> unpack.
// The host waits once, for the plan. From then on it knows the number of active lanes of every step
// and gives the whole recurrence to the stream without waiting again, most of it as replays of
// recorded graphs.
#pragma once

#include "cuda/device/graph.hpp"
#include "cuda/device/stream.hpp"
#include "cuda/sequence/pseudo_skip_runner.hpp"
#include "cuda/sequence/recurrence_runner.hpp"
#include "cuda/sequence/selection_runner.hpp"
#include "host/engine/sequence/final_states.hpp"

namespace edgeval::gpu {

struct DirectionTask {
  const RecurrentLayer& layer;
  const DeviceProducts& products;  // under the policy
  const DeviceProducts* second;    // null where there is no second product
  Direction direction;
  // The policies of the points side by side, in the order of their lanes, at least one. They have
  // the same types of choices, and what is no rule of a lane is the same in all.
  std::span<const LayerPolicy* const> policies;
  Lanes lanes;
  DeviceView<const float> x = {};               // [frames of the input, C]
  const FrameSimilarity* similarity = nullptr;  // of the same frames; read by plans that skip
  DeviceView<float> output = {};                // [frames, P], this direction's columns
  OperandTotals input_totals = {}, recurrent_totals = {};
  // Totals by lane. `selected` counts neurons remembered, cells in 4 bits, or pseudo-skips;
  // `at_pseudo` counts the elements that changed at pseudo-skips.
  unsigned long long *selected = nullptr, *at_pseudo = nullptr;

  const LayerPolicy& policy() const { return *policies.front(); }
};

// Owns the memory and the stream for one direction of one layer at a time. A task is reserved,
// planned and run, in this order.
class DirectionRunner {
 public:
  // chunk_bytes: how many bytes of operands and pre-activations are held at once. most: the form of
  // a step with the most in one kernel.
  DirectionRunner(Index chunk_bytes, StepForm most) : chunk_bytes_(chunk_bytes), most_(most) {}

  // Takes all the memory that a task needs, so that plan and run allocate nothing. It does not read
  // the task's views.
  void reserve(const DirectionTask& task);
  void plan(const DirectionTask& task);
  void run(const DirectionTask& task);

  const Stream& stream() const { return stream_; }
  // After run these return the number of frames of each lane that ran, and, if the plan skips, the
  // modes of all frames in time order.
  const std::vector<std::int32_t>& running() const { return running_; }
  std::vector<StepMode> modes(Index frames) const;
  // Returns, after run, the final states of all lanes.
  FinalStates final_states(const DirectionTask& task) const;

 private:
  // A graph, and what distinguishes it from others: what it launches, with those arguments that are
  // the same for every batch (StepPlaces has the others). Its addresses are valid as long as no
  // device memory is given back; older recordings are dropped.
  struct Recorded {
    RecurrentStep step;
    SelectionStep selection;
    PseudoStep pseudo;
    StepFactors factors;
    const Product* input;          // tells the layer, direction and arithmetic
    const DeviceProducts* second;  // tells the form of the second weights
    std::size_t operand;           // number of the choice of operand
    bool exact;                    // whether the nonlinearity is exact
    Index blocks;                  // number of row blocks in the product
    Graph graph;
  };

  PlanView plan_view() const { return {mode_.data(), live_.data(), running_on_device_.data()}; }
  RecurrenceTask recurrence_of(const DirectionTask& task) const;
  static SelectionTask selection_of(const DirectionTask& task);
  PseudoTask pseudo_of(const DirectionTask& task) const;
  RecurrentStep recurrent_step(const DirectionTask& task) const;
  StepFactors factors_of(const DirectionTask& task) const;
  void plan_by_similarity(const DirectionTask& task);
  void start(const DirectionTask& task, RecurrentStep& step);
  Index run_chunk(const DirectionTask& task, const RecurrentStep& step, Index first);
  void multiply_input(const DirectionTask& task, const RecurrentStep& step, Index first, Index end);
  void run_steps(const DirectionTask& task, const RecurrentStep& step, Index blocks, Index count);
  void launch_steps(const DirectionTask& task, const RecurrentStep& step, Index blocks,
                    Index count);
  const Graph& graph(const DirectionTask& task, const RecurrentStep& step, Index blocks);

  Index chunk_bytes_;
  StepForm most_;
  Stream stream_;
  Packing packing_;
  DeviceBuffer<StepMode> mode_;
  DeviceBuffer<PlanRule> plan_rules_;  // where there are several
  DeviceBuffer<std::int32_t> live_, running_on_device_;
  Index chunk_rows_ = 0;
  DeviceMatrix<float> windows_;
  DeviceBuffer<std::byte> x_operand_, wx_, x_state_;
  RecurrenceRunner recurrence_;
  SelectionRunner selection_;
  PseudoSkipRunner pseudo_;
  DeviceBuffer<StepCursor> cursor_;
  Mirrored<StepPlaces> places_;
  std::vector<std::int32_t> running_;  // [N]
  std::vector<Index> active_;          // [longest + 1] number of lanes of each step
  std::vector<Index> offset_;          // [longest + 1] number of packed rows before each step
  Index steps_ = 0;
  std::vector<Recorded> recorded_;
  std::uint64_t recorded_at_ = 0;  // times_given_back() when they were made
};

}  // namespace edgeval::gpu
