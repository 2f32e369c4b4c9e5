#include "tests/support/an4.hpp"

#include "datasets/audio.hpp"
#include "datasets/features.hpp"
#include "datasets/test_set.hpp"
#include "host/model/file.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {

Model an4_model() { return load_model(shared_folder() / kAn4Model); }

Ragged<float> an4_test_features(const FrontendConfig& frontend, Index limit) {
  const data::TestSet set =
      data::open_test_set(shared_folder() / kAn4Data, {.split = "test", .limit = limit, .ids = {}});
  const data::FeatureExtractor extract(frontend);
  std::vector<Matrix<float>> utterances;
  for (const data::Utterance& utterance : set.utterances)
    utterances.push_back(extract(data::read_audio(utterance.audio, frontend.sample_rate)));
  return ragged(utterances, extract.width());
}

}  // namespace edgeval::test
