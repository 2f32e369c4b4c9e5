// Kaldi's log-mel filter bank, on frames that lie wholly within the audio ("snip edges"). For each
// frame the mean is removed; x[i] -= c x[i-1], x[0] -= c x[0]; the Povey window (0.5 - 0.5 cos(2 pi
// i/(n-1)))^0.85 is applied; zeros pad the frame to a power of two; the power spectrum is summed
// under triangles in the mel domain 1127 ln(1 + f/700); the natural logarithm is taken.
#pragma once

#include <kissfft/kissfft.hh>
#include <span>
#include <vector>

#include "host/core/frontend.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

// Returns the number of whole samples in a stretch of time.
inline Index samples_in(double milliseconds, int sample_rate) {
  return static_cast<Index>(sample_rate * 0.001 * milliseconds);
}

// Safe to use from several threads at once.
class LogMel {
 public:
  // The settings must be in range. Throws Error when a triangle is too narrow for any line of the
  // spectrum.
  explicit LogMel(const FrontendConfig& config);

  Index frames(Index samples) const;  // number of frames that lie wholly within the samples

  // Turns samples in the 16-bit range into log-mel energies [frames, mel_bins].
  Matrix<double> operator()(std::span<const float> samples) const;

 private:
  // The bins of the power spectrum under one triangle, from `first` on, with their weights.
  struct Triangle {
    std::size_t first = 0;
    std::vector<double> weights;
  };
  Triangle triangle(double left, double right, double bin_hertz) const;

  double preemphasis_;
  Index frame_;  // length of a frame in samples
  Index shift_;  // distance of two frames in samples
  // The number of bins of the power spectrum without the last one: half the length of the
  // transform.
  std::size_t spectrum_;
  std::vector<double> window_;
  // The transform is half as long as the frame padded to a power of two, since two real samples
  // enter as one complex number. kissfft needs no scratch memory for a power of two, so threads may
  // share it.
  kissfft<double> fourier_;
  std::vector<Triangle> triangles_;
};

}  // namespace edgeval::data
