// A layer's weights on the device, uploaded for an arithmetic, or in another form, when a point
// first asks for them; they stay.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <span>

#include "cuda/device/gemm.hpp"
#include "host/engine/product/second_product.hpp"
#include "host/layer/layer_policy.hpp"
#include "host/model/graph.hpp"

namespace edgeval::gpu {

// Of one direction of a recurrent layer, or of a linear layer.
struct DeviceProducts : LayerProducts<Product> {
  int recurrent_bits = 0;  // fraction bits of h in integers
  // What one step of the integers of WeightForm::kAlpha8Bits stands for, in W and U.
  double input_step = 0, recurrent_step = 0;
  // fp32's constants, as CellConstants has them.
  DeviceBuffer<float> float_bias = {}, float_recurrent_bias = {}, float_diagonal = {};
};

class DeviceLayer {
 public:
  explicit DeviceLayer(std::shared_ptr<const Layer> layer);

  // One entry a direction. cublas: must outlive the products.
  const std::vector<DeviceProducts>& get(const Arithmetic& arithmetic, const CublasLt& cublas,
                                         const Stream& stream);
  // A recurrent layer's weights in another form, in bytes.
  const std::vector<DeviceProducts>& in_form(WeightForm form, const CublasLt& cublas,
                                             const Stream& stream);

 private:
  // Weights of `bits` bits: 32 for fp32, 16 or 8 for integers.
  std::vector<DeviceProducts> upload(const RecurrentLayer& layer, int bits, const CublasLt& cublas,
                                     const Stream& stream) const;
  std::vector<DeviceProducts> upload(const LinearLayer& layer, int bits, const CublasLt& cublas,
                                     const Stream& stream) const;

  std::shared_ptr<const Layer> layer_;
  std::vector<CellConstants> constants_;  // of each direction; products point to them
  std::array<std::vector<DeviceProducts>, std::variant_size_v<Arithmetic>> by_arithmetic_;
  std::map<WeightForm, std::vector<DeviceProducts>> forms_;
};

// One for each of these layers of the model.
std::vector<DeviceLayer> device_layers(const std::shared_ptr<const Model>& model,
                                       std::span<const Layer> layers);

}  // namespace edgeval::gpu
