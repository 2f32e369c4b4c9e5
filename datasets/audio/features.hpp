// Turns audio into features: Kaldi's log-mel filter bank with cmvn and deltas, or its cepstra with
// those of neighbouring frames beside them (docs/formats/features.md). Everything is computed in
// double precision and rounded to float once at the end; no value depends on the thread or on other
// utterances.
#pragma once

#include <memory>
#include <span>

#include "host/core/frontend.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// The version of the numbers that the extractor gives. Raise it with every change that moves one of
// their bits: features that were kept under another version are then not used any more
// (feature_cache.hpp).
inline constexpr int kFeatureVersion = 1;

// Safe to use from several threads at once.
class FeatureExtractor {
 public:
  // Throws Error on settings that are out of range or not supported.
  explicit FeatureExtractor(const FrontendConfig& config);
  FeatureExtractor(FeatureExtractor&&) noexcept;
  ~FeatureExtractor();

  // Returns the number of feature vectors of this many samples; 0 when they are fewer than a frame
  // has.
  Index frames(Index samples) const;
  Index width() const;  // elements of a feature vector

  // Turns samples in the 16-bit range into features [frames, width].
  Matrix<float> operator()(std::span<const float> samples) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace edgeval::data
