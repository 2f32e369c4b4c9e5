// One direction of an LSTM layer on the GPU, from its input to its columns of the output:
//   plan -> pack -> operand(x) -> product W -> for each live step { operand(h) -> product U -> cell
//   } -> unpack.
// The host waits once, for the plan; from there on the number of active lanes of every step is
// known and the recurrence is given to the stream without another look, most of it as replays of
// recorded graphs.
#pragma once

#include "cuda/cell.hpp"
#include "cuda/graph.hpp"
#include "cuda/numbers.hpp"
#include "cuda/stream.hpp"

namespace edgeval::gpu {

// bits: 32 for fp32, 16 or 8 for integers.
DeviceProducts lstm_products(const CublasLt& cublas, const LstmWeights& weights, int bits,
                             cudaStream_t stream);

struct LstmTask {
  const DeviceProducts& products;  // under the policy's arithmetic
  Direction direction;
  const LayerPolicy& policy;
  Lanes lanes;
  DeviceView<const float> x;          // [frames, C]
  const FrameSimilarity* similarity;  // [frames]; read by plans that skip
  DeviceView<float> output;           // [frames, H], this direction's columns
  OperandTotals input_totals, recurrent_totals;
};

// Memory and stream for one direction of one layer at a time; a task is reserved, planned and run,
// in this order.
class LstmRunner {
 public:
  // chunk_bytes: of operands and pre-activations held at once.
  explicit LstmRunner(Index chunk_bytes) : chunk_bytes_(chunk_bytes) {}

  // All the memory that a task of these products, lanes and this policy takes, so that plan and
  // run allocate nothing.
  void reserve(const DeviceProducts& products, const LayerPolicy& policy, const Lanes& lanes);
  void plan(const LstmTask& task);
  void run(const LstmTask& task);

  const Stream& stream() const { return stream_; }
  // After run: frames of each lane that ran, and the modes of all frames in time order if the plan
  // skips.
  const std::vector<std::int32_t>& running() const { return running_; }
  std::vector<StepMode> modes(Index frames) const;

 private:
  struct Recorded {
    RecurrentStep step;
    const Product* product;
    std::size_t operand;  // which choice
    bool exact;           // nonlinearity
    Index blocks;         // of rows in the product
    Graph graph;
  };

  PlanView plan_view() const { return {mode_.data(), live_.data(), running_on_device_.data()}; }
  RecurrentStep recurrent_step(const LstmTask& task) const;
  void start(const LstmTask& task, const RecurrentStep& step);
  Index run_chunk(const LstmTask& task, const RecurrentStep& step, Index first);
  void run_steps(const LstmTask& task, const RecurrentStep& step, Index blocks, Index count);
  void launch_steps(const LstmTask& task, const RecurrentStep& step, Index blocks, Index count);
  const Graph& graph(const LstmTask& task, const RecurrentStep& step, Index blocks);

  Index chunk_bytes_;
  Stream stream_;
  Packing packing_;
  DeviceBuffer<StepMode> mode_;
  DeviceBuffer<std::int32_t> live_, running_on_device_;
  Index chunk_rows_ = 0;
  DeviceBuffer<std::byte> x_operand_, h_operand_, wx_, uh_, c_;
  DeviceMatrix<float> h_;
  DeviceBuffer<std::byte> x_state_, h_state_, rule_on_device_;
  LayerNumbers numbers_;
  DeviceBuffer<StepCursor> cursor_;
  std::vector<std::byte> rule_;
  std::vector<std::int32_t> running_;  // [N]
  std::vector<Index> active_;          // [longest + 1] lanes of each step
  std::vector<Index> offset_;          // [longest + 1] packed rows before each step
  Index steps_ = 0;
  std::vector<Recorded> recorded_;
};

}  // namespace edgeval::gpu
