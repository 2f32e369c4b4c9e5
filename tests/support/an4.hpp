// Gives tests real features: AN4's test set and the model trained on AN4, from the shared folder.
#pragma once

#include "datasets/layouts/test_set.hpp"
#include "host/core/matrix.hpp"
#include "host/model/graph.hpp"

namespace edgeval::test {

inline constexpr const char* kAn4Data = "data/an4";
inline constexpr const char* kAn4Model = "models/an4-blstm3x128.safetensors";

Model an4_model();

// Returns the features [frames, C] of all utterances of a set, in its order.
Ragged<float> features_of(const data::TestSet& set, const FrontendConfig& frontend);

// Returns the features [frames, 120] of the first `limit` utterances of the test set, or of all 130
// if `limit` is 0.
Ragged<float> an4_test_features(const FrontendConfig& frontend, Index limit);

}  // namespace edgeval::test
