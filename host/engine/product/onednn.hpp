// What all uses of oneDNN share: its CPU engine, a stream and work space per thread.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "host/core/matrix.hpp"

namespace edgeval::onednn {

const dnnl::engine& cpu();

// The calling thread's. oneDNN must not spread a product over threads of its own: ours already work
// on other lanes.
const dnnl::stream& thread_stream();

// Work space of the calling thread. oneDNN's own would be that of the thread which made the
// primitive, whoever runs it.
void* thread_scratchpad(Index bytes);

dnnl::memory::desc row_major(Index rows, Index cols, dnnl::memory::data_type type);

// A product of a fixed number of rows by weights packed once: target [rows, O] = source [rows, C]
// weight [O, C]^T.
class PackedProduct {
 public:
  struct Types {
    dnnl::memory::data_type source, weight, target;
  };
  // weight: row-major [outputs, inputs] of Types::weight, rows `stride` elements apart.
  PackedProduct(Index rows, Index inputs, Index outputs, const void* weight, Index stride,
                Types types);

  // Safe to call from several threads at once.
  void operator()(const void* source, void* target) const;

 private:
  dnnl::matmul product_;
  dnnl::memory weight_;
  dnnl::memory::desc source_, target_, scratchpad_;
};

// Whether products of unsigned by signed bytes are exact here: older instructions saturate pairs of
// them at 16 bits.
bool exact_byte_products();

}  // namespace edgeval::onednn
