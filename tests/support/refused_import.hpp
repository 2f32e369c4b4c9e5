// A small checkpoint that tests break, and a check that broken checkpoints are refused.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/imported.hpp"
#include "tests/support/torch_file.hpp"

namespace edgeval::test {

using Tensors = std::vector<std::pair<std::string, std::string>>;

// The pieces of a Linear module with 3 inputs and 5 outputs.
inline const TensorPiece kWeight{.key = "0", .count = 15, .shape = {5, 3}, .strides = {3, 1}};
inline const TensorPiece kBias{.key = "1", .count = 5, .shape = {5}};
inline std::vector<StoragePiece> storages() {
  return {float_storage("0", std::vector<float>(15, 0.5f)),
          float_storage("1", std::vector<float>(5, 0.25f))};
}
inline std::string linear(const TensorPiece& weight = kWeight, const TensorPiece& bias = kBias) {
  return dict({{"fc.weight", tensor(weight)}, {"fc.bias", tensor(bias)}});
}
inline std::string legacy(const std::string& object) { return legacy_file(object, storages()); }

// Returns a checkpoint of a good state dict and one more entry.
inline std::string with(const std::string& value) {
  return legacy(dict({{"extra", value}, {"state_dict", linear()}}));
}

struct Broken {
  const char* what;
  std::string bytes;
  std::string reason;
};

inline void expect_refused(const std::vector<Broken>& all) {
  for (const Broken& broken : all) {
    SCOPED_TRACE(broken.what);
    const std::string message = refusal([&] { imported(broken.bytes); });
    EXPECT_TRUE(message.starts_with(concat(kPt, ":"))) << message;
    EXPECT_NE(message.find(broken.reason), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 500u) << message;
  }
}

}  // namespace edgeval::test
