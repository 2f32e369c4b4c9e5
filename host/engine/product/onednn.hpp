// What all uses of oneDNN share: oneDNN's CPU engine, and a stream and work space for each thread.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "host/core/matrix.hpp"

namespace edgeval::onednn {

const dnnl::engine& cpu();

// Returns the stream of the calling thread. Keeps oneDNN from spreading a product over threads of
// its own, since edgeval's threads already work on other lanes.
const dnnl::stream& thread_stream();

// Returns work space of the calling thread. If oneDNN allocated it, every thread that runs a
// primitive would use the work space of the thread that made the primitive.
void* thread_scratchpad(Index bytes);

dnnl::memory::desc row_major(Index rows, Index cols, dnnl::memory::data_type type);

// A product of a fixed number of rows with weights that are packed once: target [rows, O] = source
// [rows, C] weight [O, C]^T. Throws std::bad_alloc when oneDNN runs out of memory.
class PackedProduct {
 public:
  struct Types {
    dnnl::memory::data_type source, weight, target;
  };
  // `weight` is a row-major matrix [outputs, inputs] of type Types::weight, whose rows lie `stride`
  // elements apart.
  PackedProduct(Index rows, Index inputs, Index outputs, const void* weight, Index stride,
                Types types);

  // Several threads may call it at once.
  void operator()(const void* source, void* target) const;

 private:
  dnnl::matmul product_;
  dnnl::memory weight_;
  dnnl::memory::desc source_, target_, scratchpad_;
};

// Whether products of unsigned by signed bytes are exact on this processor. Older instructions
// saturate the sum of two products at 16 bits.
bool exact_byte_products();

}  // namespace edgeval::onednn
