#include "tests/support/an4.hpp"

#include "datasets/audio/audio.hpp"
#include "datasets/audio/features.hpp"
#include "host/model/file.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {

Model an4_model() { return load_model(shared_folder() / kAn4Model); }

Ragged<float> features_of(const data::TestSet& set, const FrontendConfig& frontend) {
  const data::FeatureExtractor extract(frontend);
  std::vector<Matrix<float>> utterances;
  for (const data::Utterance& utterance : set.utterances)
    utterances.push_back(
        extract(data::read_audio(utterance.audio, frontend.sample_rate, utterance.part)));
  return ragged(utterances, extract.width());
}

Ragged<float> an4_test_features(const FrontendConfig& frontend, Index limit) {
  return features_of(
      data::open_test_set(shared_folder() / kAn4Data, {.split = "test", .limit = limit, .ids = {}}),
      frontend);
}

}  // namespace edgeval::test
