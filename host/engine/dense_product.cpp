#include "host/engine/dense_product.hpp"

#include <omp.h>

#include <array>
#include <cstddef>
#include <oneapi/dnnl/dnnl.hpp>

namespace edgeval {
namespace {

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

// One per thread. oneDNN must not spread a product over threads of its own: ours already work on other lanes.
const dnnl::stream& thread_stream() {
  thread_local const dnnl::stream stream = [] {
    omp_set_num_threads(1);
    return dnnl::stream(cpu());
  }();
  return stream;
}

// Working memory of the products on this thread. oneDNN's own is shared by all calls of a primitive, which several threads
// make at once here.
void* thread_scratchpad(Index bytes) {
  thread_local Matrix<std::byte> buffer;
  if (buffer.size() < bytes) buffer = Matrix<std::byte>(1, bytes);
  return buffer.data();
}

dnnl::memory::desc row_major(Index rows, Index cols) {
  return {{rows, cols}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::ab};
}

}  // namespace

struct DenseProduct::Kernel {
  Index inputs, outputs;
  dnnl::matmul product;
  dnnl::memory weight;  // packed as the kernel likes it
  dnnl::memory::desc scratchpad;
};

DenseProduct::DenseProduct(MatrixView<const float> weight) {
  using namespace dnnl;
  const Index outputs = weight.rows, inputs = weight.cols;
  const stream& stream = thread_stream();
  const memory::desc packed({inputs, outputs}, memory::data_type::f32, memory::format_tag::any);
  primitive_attr attributes;
  attributes.set_scratchpad_mode(scratchpad_mode::user);
  const matmul::primitive_desc description(
      matmul::desc(row_major(kRowBlock, inputs), packed, row_major(kRowBlock, outputs)), attributes, cpu());
  memory given({{inputs, outputs}, memory::data_type::f32, memory::dims{1, weight.stride}}, cpu(),
               const_cast<float*>(weight.data));
  memory kept(description.weights_desc(), cpu());
  reorder(given, kept).execute(const_cast<dnnl::stream&>(stream), given, kept);
  kernel_ = std::make_unique<const Kernel>(Kernel{inputs, outputs, matmul(description), kept, description.scratchpad_desc()});
}

DenseProduct::DenseProduct(DenseProduct&&) noexcept = default;
DenseProduct::~DenseProduct() = default;

void DenseProduct::operator()(const float* x, Index rows, float* y) const {
  const dnnl::stream& stream = thread_stream();
  dnnl::memory source(row_major(kRowBlock, kernel_->inputs), cpu(), nullptr);
  dnnl::memory target(row_major(kRowBlock, kernel_->outputs), cpu(), nullptr);
  const dnnl::memory scratchpad(kernel_->scratchpad, cpu(),
                                thread_scratchpad(static_cast<Index>(kernel_->scratchpad.get_size())));
  // The C interface: its argument list is an array, the C++ one builds a hash map for every call.
  const std::array<dnnl_exec_arg_t, 4> arguments{{{DNNL_ARG_SRC, source.get()},
                                                  {DNNL_ARG_WEIGHTS, kernel_->weight.get()},
                                                  {DNNL_ARG_DST, target.get()},
                                                  {DNNL_ARG_SCRATCHPAD, scratchpad.get()}}};
  for (Index r = 0; r < rows; r += kRowBlock) {
    source.set_data_handle(const_cast<float*>(x + r * kernel_->inputs));
    target.set_data_handle(y + r * kernel_->outputs);
    dnnl::error::wrap_c_api(dnnl_primitive_execute(kernel_->product.get(), stream.get(),
                                                   static_cast<int>(arguments.size()), arguments.data()),
                            "a oneDNN matrix product failed");
  }
}

}  // namespace edgeval
