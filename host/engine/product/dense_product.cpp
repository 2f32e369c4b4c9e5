#include "host/engine/product/dense_product.hpp"

namespace edgeval {

using Type = dnnl::memory::data_type;

DenseProduct::DenseProduct(MatrixView<const float> weight)
    : inputs_(weight.cols),
      outputs_(weight.rows),
      product_(kRowBlock, inputs_, outputs_, weight.data, weight.stride,
               {Type::f32, Type::f32, Type::f32}) {}

void DenseProduct::operator()(const float* x, Index rows, float* y) const {
  for (Index r = 0; r < rows; r += kRowBlock) product_(x + r * inputs_, y + r * outputs_);
}

}  // namespace edgeval
