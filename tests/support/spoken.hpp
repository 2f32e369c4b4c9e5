// The model and the spoken digits and words that ship with edgeval.
#pragma once

#include "eval/policy/policy.hpp"

namespace edgeval::test {

Model spoken_model();

// Features of the first `limit` utterances of its test set; 0: all.
Ragged<float> spoken_test_features(const FrontendConfig& frontend, Index limit);

// The shipped policy under another arithmetic, with the shipped profile; without a file, dense.
// `settings` as after --set.
OperatingPoint spoken_point(const Model& model, const std::string& arithmetic,
                            const std::string& policy_file = "",
                            std::vector<std::string> settings = {});

}  // namespace edgeval::test
