// Loads the model and the spoken digits and words that ship with edgeval.
#pragma once

#include "eval/policy/policy.hpp"

namespace edgeval::test {

Model load_spoken_model();

// Returns the features [frames, C] of the first `limit` utterances of the test set, or of all if
// `limit` is 0.
Ragged<float> spoken_test_features(const FrontendConfig& frontend, Index limit);

// Returns the point of a shipped policy, or of the dense policy without a file, under this
// arithmetic and with the shipped profile. `settings` are what follows --set.
OperatingPoint spoken_point(const Model& model, const std::string& arithmetic,
                            const std::string& policy_file = "",
                            std::vector<std::string> settings = {});

}  // namespace edgeval::test
