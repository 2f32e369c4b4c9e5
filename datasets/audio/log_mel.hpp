// Kaldi's log-mel filter bank. Frames that fit whole (snip edges); per frame: the mean removed;
// x[i] -= c x[i-1], x[0] -= c x[0]; the Povey window (0.5 - 0.5 cos(2 pi i/(n-1)))^0.85; zeros up
// to a power of two; the power spectrum; triangles in the mel domain 1127 ln(1 + f/700); the
// natural logarithm.
#pragma once

#include <kissfft/kissfft.hh>
#include <span>
#include <vector>

#include "host/core/frontend.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// Whole samples in a stretch of time.
inline Index samples_in(double milliseconds, int sample_rate) {
  return static_cast<Index>(sample_rate * 0.001 * milliseconds);
}

// Safe to use from several threads at once.
class LogMel {
 public:
  // The settings are in range, save that a triangle may be too narrow: throws Error then.
  explicit LogMel(const FrontendConfig& config);

  Index frames(Index samples) const;  // that fit whole

  // samples in the 16-bit range -> [frames, mel_bins].
  Matrix<double> operator()(std::span<const float> samples) const;

 private:
  // The bins of the power spectrum under one triangle: from `first`, with their weights.
  struct Triangle {
    std::size_t first = 0;
    std::vector<double> weights;
  };
  Triangle triangle(double left, double right, double bin_hertz) const;

  double preemphasis_;
  Index frame_;           // samples
  Index shift_;           // samples
  std::size_t spectrum_;  // bins of the power spectrum without the last: half the transform
  std::vector<double> window_;
  // Half as long as the frame padded to a power of two: two real samples enter as one complex
  // number. Only other lengths make it use its scratch memory, so threads may share it.
  kissfft<double> fourier_;
  std::vector<Triangle> triangles_;
};

}  // namespace edgeval::data
