#include "tests/support/spoken.hpp"

#include "host/model/file.hpp"
#include "tests/support/an4.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

std::filesystem::path folder() { return source_folder() / "datasets" / "spoken"; }

}  // namespace

Model load_spoken_model() { return load_model(folder() / "speech-blstm3x128.safetensors"); }

Ragged<float> spoken_test_features(const FrontendConfig& frontend, Index limit) {
  return features_of(data::open_test_set(folder(), {.limit = limit}), frontend);
}

OperatingPoint spoken_point(const Model& model, const std::string& arithmetic,
                            const std::string& policy_file, std::vector<std::string> settings) {
  std::optional<std::filesystem::path> file;
  if (!policy_file.empty()) file = folder() / policy_file;
  settings.insert(settings.begin(), "arithmetic.type=" + arithmetic);
  const Policy policy = load_policy(file, settings);
  const Profile profile = load_profile(folder() / "profile.json", model);
  return resolve(policy, model, &profile);
}

}  // namespace edgeval::test
