// Attention of a step's rows, each over the positions of its own sentence (bodies in
// host/body/attention.hpp).
#pragma once

#include "cuda/translate/search_rows.hpp"
#include "host/numeric/activation_table.hpp"
#include "host/numeric/softmax.hpp"
#include "host/technique/arithmetic.hpp"

namespace edgeval::gpu {

// What attention reads of a batch, in device memory: positions of all sentences one behind the
// other.
struct SourceView {
  DeviceView<const float> keys;          // [positions, K]
  DeviceView<const std::int32_t> codes;  // the integers behind them; in integers only
  DeviceView<const float> hidden;        // [positions, M], of mlp
  const float* score;                    // v [M], of mlp
  const std::int32_t* score_codes;       // the same in integers
  int score_bits, bits, x_bits;          // of integers, as FixedSource has them
  SoftmaxTables softmax;
  ActivationTables activations;
};

struct AttentionTask {
  RowView rows;
  SourceView source;
  DeviceView<const float> probe;    // [rows, K], of mlp [rows, M]
  DeviceView<const float> query;    // [rows, D]
  DeviceView<float> both;           // [rows, K + D]: context, then query
  DeviceView<std::int64_t> shares;  // [rows, longest sentence], scratch; of fp32 its floats
  DeviceView<std::int64_t> sums;    // [rows, K], scratch of integers
  DeviceView<std::int32_t> codes;   // [rows, K], scratch of integers
  std::int32_t*
      attended;  // [steps, S, widest] the position with the greatest score; null: not kept
  Index sentences, widest;
};

// rows: that the step was launched for.
void launch_attention(const Arithmetic& arithmetic, const AttentionTask& task, Index rows,
                      cudaStream_t stream);

}  // namespace edgeval::gpu
