#include "host/engine/engine.hpp"

#include "host/core/error.hpp"

namespace edgeval {

OperatingPoint dense_point(const Model& model) {
  return {std::vector<LayerPolicy>(model.layers.size(), LayerPolicy{EveryStep{}, AsIs{}, Fp32{}})};
}

void check_point(const Model& model, const OperatingPoint& point) {
  EDGEVAL_ASSERT(point.layers.size() == model.layers.size());
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const std::string& layer = layer_name(model.layers[i]);
    const auto check = [&](const auto& technique) {
      EDGEVAL_EXPECTS(technique.problem() == nullptr, "layer ", layer, ", ", technique.kName, ": ",
                      technique.problem());
      technique.fields(technique, [&](const char* key, auto value, const char*) {
        if constexpr (std::is_same_v<decltype(value), double>)
          EDGEVAL_EXPECTS(!from_profile(value), "layer ", layer, ", ", technique.kName, ": ", written_key(key).key,
                        " is not known; name a profile (edgeval profile makes one) or give it in the policy");
      });
    };
    std::visit(check, point.layers[i].plan);
    std::visit(check, point.layers[i].operand);
    std::visit(check, point.layers[i].arithmetic);
    std::visit(check, point.layers[i].nonlinearity);
    EDGEVAL_EXPECTS(std::holds_alternative<LstmLayer>(model.layers[i]) ||
                        std::holds_alternative<EveryStep>(point.layers[i].plan),
                    "layer ", layer, " is linear and runs on every step; a plan acts on recurrent layers only");
    EDGEVAL_EXPECTS(std::holds_alternative<LstmLayer>(model.layers[i]) ||
                        std::holds_alternative<Exact>(point.layers[i].nonlinearity),
                    "layer ", layer, " is linear and has no sigmoid or tanh; a nonlinearity acts on recurrent layers only");
  }
}

}  // namespace edgeval
