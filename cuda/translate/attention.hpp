// Runs the attention of a step's rows, each over the positions of its own sentence, and makes what
// it reads of them. host/engine/translate/source_attention.hpp is the definition.
#pragma once

#include "cuda/kernel/lanes.hpp"
#include "cuda/translate/search_rows.hpp"
#include "host/numeric/activation_table.hpp"
#include "host/numeric/softmax.hpp"
#include "host/technique/arithmetic.hpp"

namespace edgeval::gpu {

// What attention reads of a batch, in device memory. The positions of all sentences stand one
// behind the other.
struct SourceView {
  DeviceView<const float> keys;          // [positions, K]
  DeviceView<const std::int16_t> codes;  // [positions, K], codes of the keys; in integers only
  DeviceView<const float> hidden;        // [positions, M], in mlp attention only
  const float* score;                    // v [M], in mlp attention only
  const std::int32_t* score_codes;       // codes of v; in integers only
  int score_bits, bits, x_bits;          // as in FixedSource; in integers only
  SoftmaxTables softmax;
  ActivationTables activations;
};

struct AttentionTask {
  RowView rows;
  SourceView source;
  DeviceView<const float> probe;    // [rows, K]; in mlp attention [rows, M]
  DeviceView<const float> query;    // [rows, D]
  DeviceView<float> both;           // [rows, K + D]: context, then query
  DeviceView<std::int64_t> shares;  // [rows, longest sentence], scratch; holds floats in fp32
  DeviceView<std::int32_t> codes;   // [rows, K], scratch; in integers only
  // [steps, S, widest]: the position with the greatest score; null if nobody wants it.
  std::int32_t* attended;
  Index sentences, widest;
};

// The keys of a batch, as the encoder gave them.
struct KeysTask {
  DeviceView<float> keys;          // [positions, K]; in integers put on the grid
  DeviceView<std::int16_t> codes;  // [positions, K], written in integers only
  Lanes lanes;                     // the sentences
  Grid grid;                       // in integers only
  unsigned long long* zeros;       // [S]: the number of keys that are 0 is added
};

void launch_keys(const Arithmetic& arithmetic, const KeysTask& task, cudaStream_t stream);

// rows: the number of rows for which the step is launched.
void launch_attention(const Arithmetic& arithmetic, const AttentionTask& task, Index rows,
                      cudaStream_t stream);

}  // namespace edgeval::gpu
