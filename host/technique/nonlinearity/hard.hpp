// Nonlinearity: one straight line, clipped. tanh becomes clip(x, -1, 1). For the sigmoid three
// lines clip(slope x + 0.5, 0, 1) are in use, with the slopes
//   halved    1/2   which gives (x + 1) / 2 (Rezk et al. 2020, equation 24)
//   keras     0.2   as in Theano and Keras
//   deltarnn  1/4   the tangent at 0, as in the DeltaRNN code
// The slopes 1/2 and 1/4 are shifts; clipping takes two comparisons.
#pragma once

#include <array>
#include <string_view>

#include "host/technique/nonlinearity/pieces.hpp"
#include "host/technique/papers.hpp"

namespace edgeval {

enum class HardVariant : std::uint8_t { kHalved, kKeras, kDeltaRnn };
constexpr std::array<std::string_view, 3> names(HardVariant) {
  return {"halved", "keras", "deltarnn"};
}

struct Hard {
  static constexpr const char* kName = "hard";
  static constexpr const char* kMeaning = "clipped straight lines (P2, equation 24, and others)";
  static constexpr const char* kPaper = kPaperP2;

  HardVariant variant = HardVariant::kHalved;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("variant", self.variant, "form of the sigmoid: halved, keras or deltarnn");
  }
  const char* problem() const { return nullptr; }

  LinearPieces pieces(Curve curve) const {
    if (curve == Curve::kTanh) return mirrored({{0, 1, 0}, {1, 0, 1}}, curve);
    switch (variant) {
      case HardVariant::kHalved:
        return mirrored({{0, 0.5, 0.5}, {1, 0, 1}}, curve);
      case HardVariant::kKeras:
        return mirrored({{0, 0.2, 0.5}, {2.5, 0, 1}}, curve);
      case HardVariant::kDeltaRnn:
        break;
    }
    return mirrored({{0, 0.25, 0.5}, {2, 0, 1}}, curve);
  }
  NonlinearityCost cost(Curve curve) const {
    if (curve == Curve::kTanh) return {.comparisons = 2};
    return {.multiplications = variant == HardVariant::kKeras ? 1 : 0,
            .additions = 1,
            .comparisons = 2};
  }
};

}  // namespace edgeval
