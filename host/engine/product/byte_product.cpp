#include "host/engine/product/byte_product.hpp"

#include "host/core/error.hpp"

namespace edgeval {
namespace {

using Type = dnnl::memory::data_type;
constexpr Index kExactTerms = 512;

}  // namespace

void ByteProduct::expect_exact_sums(Index columns) {
  EDGEVAL_EXPECTS(columns <= 65536, "a layer with ", columns,
                  " inputs is too wide for integer arithmetic, 65536 at most");
}

ByteProduct::ByteProduct(Index rows, MatrixView<const std::int8_t> weight, Route route)
    : rows_(rows),
      inputs_(weight.cols),
      outputs_(weight.rows),
      bytes_(route == Route::kBytes || (route == Route::kBest && onednn::exact_byte_products())) {
  expect_exact_sums(inputs_);
  if (bytes_) {
    products_.emplace_back(rows, inputs_, outputs_, weight.data, weight.stride,
                           onednn::PackedProduct::Types{Type::u8, Type::s8, Type::s32});
    return;
  }
  for (Index first = 0; first < inputs_; first += kExactTerms) {
    const Index terms = std::min(kExactTerms, inputs_ - first);
    Matrix<float> slice(outputs_, terms);
    for (Index o = 0; o < outputs_; ++o)
      for (Index i = 0; i < terms; ++i) slice(o, i) = weight(o, first + i);
    products_.emplace_back(rows, terms, outputs_, slice.data(), terms,
                           onednn::PackedProduct::Types{Type::f32, Type::f32, Type::f32});
  }
}

void ByteProduct::operator()(const std::uint8_t* x, std::int32_t* y) const {
  if (bytes_)
    products_.front()(x, y);
  else
    multiply_as_floats(x, y);
}

void ByteProduct::multiply_as_floats(const std::uint8_t* x, std::int32_t* y) const {
  Matrix<float> slice(rows_, std::min(kExactTerms, inputs_)), sums(rows_, outputs_);
  std::fill_n(y, rows_ * outputs_, 0);
  for (std::size_t k = 0; k < products_.size(); ++k) {
    const Index first = static_cast<Index>(k) * kExactTerms,
                terms = std::min(kExactTerms, inputs_ - first);
    for (Index r = 0; r < rows_; ++r)
      for (Index i = 0; i < terms; ++i) slice.data()[r * terms + i] = x[r * inputs_ + first + i];
    products_[k](slice.data(), sums.data());
    for (Index i = 0; i < sums.size(); ++i) y[i] += static_cast<std::int32_t>(sums.data()[i]);
  }
}

}  // namespace edgeval
