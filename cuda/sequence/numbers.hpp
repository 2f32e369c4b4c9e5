// The numbers of a layer's cells (host/body/numbers.hpp) in device memory, where kernels and
// recorded graphs read them: the struct itself, and the constants and tables it points to.
#pragma once

#include "cuda/sequence/weights.hpp"
#include "host/numeric/activation_pairs.hpp"

namespace edgeval::gpu {

// Returns whether a step of plain LSTM cells may use step_numbers, since no sum can exceed their
// range.
bool sums_fit_step(const DeviceProducts& products, const LayerPolicy& policy);

class LayerNumbers {
 public:
  // Takes all the memory that the numbers of such a layer need.
  void reserve(const DeviceProducts& products, const LayerPolicy& policy, cudaStream_t stream);
  // Uploads the numbers; if fused, in the form of the kernel of a step of plain LSTM cells
  // (step_numbers.hpp).
  void upload(const DeviceProducts& products, const LayerPolicy& policy, bool fused,
              const Stream& stream);

  // Returns FloatNumbers, FixedNumbers or, for dynamic precision under fp32, QuantizedNumbers; if
  // fused, their form for that kernel; PiecewiseNumbers of these unless the nonlinearity is exact.
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
