// One layer of a decoder on the device, run a step at a time over rows that come and go, as
// host/engine/translate/step_layer.hpp does on the CPU. A layer names what it keeps of its rows as
// segments, which move with the hypotheses.
#pragma once

#include "cuda/kernel/unpack.hpp"
#include "cuda/sequence/recurrence_runner.hpp"
#include "cuda/sequence/selection_runner.hpp"
#include "cuda/translate/search_rows.hpp"

namespace edgeval::gpu {

// The totals of one layer, [S] each.
struct LayerTotals {
  OperandTotals input, recurrent;
  unsigned long long* selected;
};

// A step as it is launched.
struct StepLaunch {
  PackView pack;
  const Index* running;  // SearchState::running, in device memory
  Index rows;            // number of rows for which it is launched
  cudaStream_t stream;
};

// Makes the operand and the product W of a layer's input, for either kind of layer.
class StepInput {
 public:
  void reserve(const DeviceProducts& products, const LayerPolicy& policy, Index rows,
               cudaStream_t stream);
  void start(const LayerPolicy& policy, const Stream& stream);
  // Multiplies x [rows, C] into sums() and returns what entered the product.
  OperandRows multiply(const DeviceProducts& products, const LayerPolicy& policy,
                       DeviceView<const float> x, const OperandTotals& totals,
                       const StepLaunch& launch) const;
  // Multiplies every frame of some lanes, x [frames, C], into sums().
  void multiply(const DeviceProducts& products, const LayerPolicy& policy, const Lanes& lanes,
                DeviceView<const float> x, const OperandTotals& totals, cudaStream_t stream) const;
  SumRows sums(const DeviceProducts& products) const {
    return {sums_.data(), products.input.shape().sum_stride()};
  }
  void add_segments(const LayerPolicy& policy, std::vector<RowSegment>& segments) const;

 private:
  OperandRows operand(const DeviceProducts& products, const LayerPolicy& policy,
                      DeviceView<const float> x) const;

  Index rows_ = 0, inputs_ = 0;
  DeviceBuffer<std::byte> operand_, sums_, state_;
  OperandRule rule_;
};

struct RecurrentStepTask {
  RecurrenceTask recurrence;
  const DeviceProducts* second;  // null where there is no second product
  LayerTotals totals;
};

class RecurrentStepLayer {
 public:
  void reserve(const RecurrentStepTask& task, cudaStream_t stream);
  // Sets the state of the first rows: h [rows, P] and c [rows, H]. Cells without c take h as c.
  void start(const RecurrentStepTask& task, const SearchRows& rows, const Matrix<float>& h,
             const Matrix<float>& c, const Stream& stream);
  void run(const RecurrentStepTask& task, DeviceView<const float> x, const StepLaunch& launch);
  DeviceView<float> h() const { return recurrence_.h(); }
  void add_segments(const RecurrentStepTask& task, std::vector<RowSegment>& segments) const;

 private:
  static SelectionTask selection_of(const RecurrentStepTask& task);

  StepInput input_;
  RecurrenceRunner recurrence_;
  SelectionRunner selection_;
  Mirrored<StepPlaces> places_;
  RecurrentStep step_;
};

struct LinearStepTask {
  const LinearLayer& layer;
  const DeviceProducts& products;
  const LayerPolicy& policy;
  Index rows;
  LinearEnd end;
  LayerTotals totals;
  // Whether the layer's numbers have the form of step_numbers.hpp, which the kernels over the
  // vocabulary know and no sum of the layer leaves.
  bool sums_fit() const {
    return end == LinearEnd::kLogSoftmax &&
           step_form(products, policy, StepForm::kCells) == StepForm::kCells;
  }
};

class LinearStepLayer {
 public:
  void reserve(const LinearStepTask& task, cudaStream_t stream);
  void start(const LinearStepTask& task, const Stream& stream);
  // Multiplies x [rows, C] into sums(), and leaves out what ends the layer.
  void multiply(const LinearStepTask& task, DeviceView<const float> x,
                const StepLaunch& launch) const;
  // Runs the layer from x [rows, C] to y [rows, O].
  void run(const LinearStepTask& task, DeviceView<const float> x, DeviceView<float> y,
           const StepLaunch& launch) const;
  // Runs the layer over every frame of some lanes.
  void run(const LinearStepTask& task, const Lanes& lanes, DeviceView<const float> x,
           DeviceView<float> y, cudaStream_t stream) const;
  SumRows sums(const LinearStepTask& task) const { return input_.sums(task.products); }
  PolicyStruct numbers() const { return numbers_.data(); }
  void add_segments(const LinearStepTask& task, std::vector<RowSegment>& segments) const {
    input_.add_segments(task.policy, segments);
  }

 private:
  LinearFinish finish(const LinearStepTask& task, DeviceView<float> y) const;

  StepInput input_;
  LayerNumbers numbers_;
};

}  // namespace edgeval::gpu
