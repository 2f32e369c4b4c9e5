// Audio to features: Kaldi's log-mel filter bank with cmvn and deltas (docs/formats.md,
// "Features"). All in double precision, rounded to float once at the end; no value depends on the
// thread or on other utterances.
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

  Index frames(Index samples) const;  // 0 when the audio is shorter than a frame
  Index width() const;                // elements of a feature vector

  // samples in the 16-bit range -> [frames, width].
  Matrix<float> operator()(std::span<const float> samples) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace edgeval::data
