// The numbers of a layer's cells (host/body/numbers.hpp) in device memory, where kernels and
// recorded graphs read them: the struct itself, and the constants and tables it points to.
#pragma once

#include "cuda/kernel/step.hpp"
#include "cuda/sequence/weights.hpp"
#include "host/numeric/activation_pairs.hpp"

namespace edgeval::gpu {

// Returns the form of a step of plain LSTM cells that does the most in one kernel, up to `most`. It
// is separate where a sum could exceed the range of step_numbers.
StepForm step_form(const DeviceProducts& products, const LayerPolicy& policy, StepForm most);

class LayerNumbers {
 public:
  // Takes all the memory that the numbers of such a layer need.
  void reserve(const DeviceProducts& products, const LayerPolicy& policy, cudaStream_t stream);
  // Uploads the numbers as a step of this form takes them (step_numbers.hpp).
  void upload(const DeviceProducts& products, const LayerPolicy& policy, StepForm form,
              const Stream& stream);

  // Returns FloatNumbers, FixedNumbers or, for dynamic precision under fp32, QuantizedNumbers; if
  // the step is not separate, their form for its kernels; PiecewiseNumbers of these unless the
  // nonlinearity is exact.
  PolicyStruct data() const { return numbers_.data(); }

 private:
  FloatNumbers plain(const DeviceProducts& products, const Fp32&, const Stream& stream);
  template <int Bits>
  auto plain(const DeviceProducts& products, const Integer<Bits>& choice, const Stream& stream);
  QuantizedNumbers quantized(const DeviceProducts& products, const DynamicPrecision& choice,
                             const Stream& stream);
  template <class Numbers>
  void upload(const Numbers& numbers, const Nonlinearity& nonlinearity, const Stream& stream);
  ActivationTables tables(const Stream& stream);
  PiecewiseFunctions functions(const PiecewiseTables& tables, const Stream& stream);
  template <class Numbers>
  void upload_struct(const Numbers& numbers, const Stream& stream);

  DeviceBuffer<std::byte> numbers_;
  DeviceBuffer<std::int64_t> bias_, offset_, recurrent_bias_, projection_offset_;
  std::vector<std::uint32_t> narrow_;
  DeviceBuffer<std::uint32_t> narrow_bias_;  // the lower halves of `bias_`
  DeviceBuffer<std::int32_t> diagonal_;
  DeviceBuffer<TableEntry> table_sigmoid_, table_tanh_;
  DeviceBuffer<ActivationPair> pairs_;
  bool has_tables_ = false;  // whether all three tables were uploaded
  DeviceBuffer<TablePiece> sigmoid_, tanh_;
};

}  // namespace edgeval::gpu
