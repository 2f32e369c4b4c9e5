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

// The products of one direction of a recurrent layer, or of a linear layer.
struct DeviceProducts : LayerProducts<Product> {
  int recurrent_bits = 0;  // fraction bits of h in integers
  // The values, in W and in U, that one step of the integers of WeightForm::kAlpha8Bits stands for.
  double input_step = 0, recurrent_step = 0;
  // The constants of fp32, as in CellConstants.
  DeviceBuffer<float> float_bias = {}, float_recurrent_bias = {}, float_diagonal = {};
};

class DeviceLayer {
 public:
  explicit DeviceLayer(std::shared_ptr<const Layer> layer);

  // Returns the products under an arithmetic, one entry for each direction. `cublas` must outlive
  // them. Throws Error when a weight is too large for the integers.
  const std::vector<DeviceProducts>& get(const Arithmetic& arithmetic, const CublasLt& cublas,
                                         const Stream& stream);
  // Returns products with a recurrent layer's weights in another form, in bytes.
  const std::vector<DeviceProducts>& in_form(WeightForm form, const CublasLt& cublas,
                                             const Stream& stream);

 private:
  // Upload the weights in `bits` bits: 32 for fp32, 16 or 8 for integers.
  std::vector<DeviceProducts> upload(const RecurrentLayer& layer, int bits, const CublasLt& cublas,
                                     const Stream& stream) const;
  std::vector<DeviceProducts> upload(const LinearLayer& layer, int bits, const CublasLt& cublas,
                                     const Stream& stream) const;

  std::shared_ptr<const Layer> layer_;
  std::vector<CellConstants> constants_;  // of each direction; products point to them
  std::array<std::vector<DeviceProducts>, std::variant_size_v<Arithmetic>> by_arithmetic_;
  std::map<WeightForm, std::vector<DeviceProducts>> forms_;
};

// Returns a DeviceLayer for each of these layers of the model.
std::vector<DeviceLayer> device_layers(const std::shared_ptr<const Model>& model,
                                       std::span<const Layer> layers);

}  // namespace edgeval::gpu
