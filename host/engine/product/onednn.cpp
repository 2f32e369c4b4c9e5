#include "host/engine/product/onednn.hpp"

#include <omp.h>

#include <array>
#include <cstddef>
#include <new>

namespace edgeval::onednn {
namespace {

// Runs `work` and throws std::bad_alloc when oneDNN runs out of memory. Callers then take smaller
// batches.
template <class Work>
void with_bad_alloc(Work&& work) {
  try {
    work();
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
    throw;
  }
}

// The arguments of the last product that a thread ran. The steps of a recurrence run one product
// again and again, on other data, and making three memory objects takes a fifth of the time of a
// small product of bytes.
struct Arguments {
  dnnl::matmul product;  // kept alive, so that no other product can have the same address
  dnnl::memory source, target, scratchpad;
};

}  // namespace

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

const dnnl::stream& thread_stream() {
  thread_local const dnnl::stream stream = [] {
    omp_set_num_threads(1);
    return dnnl::stream(cpu());
  }();
  return stream;
}

void* thread_scratchpad(Index bytes) {
  thread_local Matrix<std::byte> buffer;
  if (buffer.size() < bytes) buffer = Matrix<std::byte>(1, bytes);
  return buffer.data();
}

dnnl::memory::desc row_major(Index rows, Index cols, dnnl::memory::data_type type) {
  return {{rows, cols}, type, dnnl::memory::format_tag::ab};
}

PackedProduct::PackedProduct(Index rows, Index inputs, Index outputs, const void* weight,
                             Index stride, Types types)
    : source_(row_major(rows, inputs, types.source)),
      target_(row_major(rows, outputs, types.target)) {
  using namespace dnnl;
  with_bad_alloc([&] {
    primitive_attr attributes;
    attributes.set_scratchpad_mode(scratchpad_mode::user);
    const memory::desc packed({inputs, outputs}, types.weight, memory::format_tag::any);
    const matmul::primitive_desc description(matmul::desc(source_, packed, target_), attributes,
                                             cpu());
    memory given({{inputs, outputs}, types.weight, memory::dims{1, stride}}, cpu(),
                 const_cast<void*>(weight));
    weight_ = memory(description.weights_desc(), cpu());
    reorder(given, weight_).execute(const_cast<stream&>(thread_stream()), given, weight_);
    product_ = matmul(description);
    scratchpad_ = description.scratchpad_desc();
  });
}

void PackedProduct::operator()(const void* source, void* target) const {
  with_bad_alloc([&] {
    const dnnl::stream& stream = thread_stream();
    thread_local Arguments last;
    if (last.product.get(true) != product_.get())
      last = {product_,
              {source_, cpu(), DNNL_MEMORY_NONE},
              {target_, cpu(), DNNL_MEMORY_NONE},
              {scratchpad_, cpu(), DNNL_MEMORY_NONE}};
    last.source.set_data_handle(const_cast<void*>(source));
    last.target.set_data_handle(target);
    last.scratchpad.set_data_handle(thread_scratchpad(static_cast<Index>(scratchpad_.get_size())));
    // The C interface takes an array of arguments; the C++ one builds a hash map at every call.
    const std::array<dnnl_exec_arg_t, 4> arguments{{{DNNL_ARG_SRC, last.source.get()},
                                                    {DNNL_ARG_WEIGHTS, weight_.get()},
                                                    {DNNL_ARG_DST, last.target.get()},
                                                    {DNNL_ARG_SCRATCHPAD, last.scratchpad.get()}}};
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(product_.get(), stream.get(), static_cast<int>(arguments.size()),
                               arguments.data()),
        "a oneDNN matrix product failed");
  });
}

bool exact_byte_products() {
  const int vnni = static_cast<int>(dnnl::cpu_isa::avx512_core_vnni);
  return (static_cast<int>(dnnl::get_effective_cpu_isa()) & vnni) == vnni;
}

}  // namespace edgeval::onednn
