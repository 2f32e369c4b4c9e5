// AN4's test set and the model trained on it, from the shared folder: real features for tests.
#pragma once

#include "datasets/layouts/test_set.hpp"
#include "host/core/matrix.hpp"
#include "host/model/graph.hpp"

namespace edgeval::test {

inline constexpr const char* kAn4Data = "data/an4";
inline constexpr const char* kAn4Model = "models/an4-blstm3x128.safetensors";

Model an4_model();

// Features of all utterances of a set, in its order.
Ragged<float> features_of(const data::TestSet& set, const FrontendConfig& frontend);

// Features [frames, 120] of the first `limit` utterances of the test set; 0: all 130.
Ragged<float> an4_test_features(const FrontendConfig& frontend, Index limit);

}  // namespace edgeval::test
