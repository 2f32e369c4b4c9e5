// Audio to features: Kaldi's log-mel filter bank with cmvn and deltas, or the cepstra of it with
// their neighbour frames beside them (docs/formats/features.md). All in double precision,
// rounded to float once at the end; no value depends on the thread or on other utterances.
#pragma once

#include <memory>
#include <span>

#include "host/core/frontend.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// Safe to use from several threads at once.
class FeatureExtractor {
 public:
  // Throws Error on settings that are out of range or not supported.
  explicit FeatureExtractor(const FrontendConfig& config);
  FeatureExtractor(FeatureExtractor&&) noexcept;
  ~FeatureExtractor();

  // Feature vectors of so much audio; 0 when it is shorter than a frame.
  Index frames(Index samples) const;
  Index width() const;  // elements of a feature vector

  // samples in the 16-bit range -> [frames, width].
  Matrix<float> operator()(std::span<const float> samples) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace edgeval::data
