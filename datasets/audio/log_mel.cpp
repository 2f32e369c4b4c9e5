#include "datasets/audio/log_mel.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>

#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

constexpr double kEnergyFloor = 1.1920929e-7;  // FLT_EPSILON, as in Kaldi

double mel(double hertz) { return 1127 * std::log(1 + hertz / 700); }

std::vector<double> povey_window(Index samples) {
  std::vector<double> window(static_cast<std::size_t>(samples));
  const double step = 2 * std::numbers::pi / static_cast<double>(samples - 1);
  for (std::size_t i = 0; i < window.size(); ++i)
    window[i] = std::pow(0.5 - 0.5 * std::cos(step * static_cast<double>(i)), 0.85);
  return window;
}

// Takes a frame and returns the power of each bin of its spectrum. It owns the work space of one
// thread.
class PowerSpectrum {
 public:
  PowerSpectrum(const std::vector<double>& window, double preemphasis,
                const kissfft<double>& fourier, std::size_t bins)
      : window_(window),
        preemphasis_(preemphasis),
        fourier_(fourier),
        samples_(2 * bins),
        lines_(bins),
        power_(bins) {}

  const std::vector<double>& operator()(const float* frame) {
    const std::size_t n = window_.size();
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += frame[i];
    const double mean = sum / static_cast<double>(n);
    samples_[0] = (frame[0] - mean) * (1 - preemphasis_) * window_[0];
    for (std::size_t i = 1; i < n; ++i)
      samples_[i] = ((frame[i] - mean) - preemphasis_ * (frame[i - 1] - mean)) * window_[i];
    fourier_.transform_real(samples_.data(), lines_.data());
    power_[0] = lines_[0].real() * lines_[0].real();  // its imaginary part holds the last line
    for (std::size_t i = 1; i < power_.size(); ++i) power_[i] = std::norm(lines_[i]);
    return power_;
  }

 private:
  const std::vector<double>& window_;
  double preemphasis_;
  const kissfft<double>& fourier_;
  std::vector<double> samples_;  // what lies beyond the frame stays zero
  std::vector<std::complex<double>> lines_;
  std::vector<double> power_;
};

}  // namespace

LogMel::LogMel(const FrontendConfig& config)
    : preemphasis_(config.preemphasis),
      frame_(samples_in(config.frame_ms, config.sample_rate)),
      shift_(samples_in(config.shift_ms, config.sample_rate)),
      spectrum_(std::max<std::size_t>(std::bit_ceil(static_cast<std::size_t>(frame_)) / 2, 2)),
      window_(povey_window(frame_)),
      fourier_(spectrum_, false) {
  const double low = mel(config.low_hz);
  const double step = (mel(config.high_hz) - low) / (config.mel_bins + 1);
  const double bin_hertz = 0.5 * config.sample_rate / static_cast<double>(spectrum_);
  for (int b = 0; b < config.mel_bins; ++b) {
    triangles_.push_back(triangle(low + b * step, low + (b + 2) * step, bin_hertz));
    EDGEVAL_EXPECTS(!triangles_.back().weights.empty(), "frontend: mel_bins is ", config.mel_bins,
                    ", too many: bin ", b, " covers no line of the spectrum");
  }
}

// The triangle rises from `left` to the mean of both ends and falls to `right`, all in mel. As in
// Kaldi, the bin at half the sample rate is never used.
LogMel::Triangle LogMel::triangle(double left, double right, double bin_hertz) const {
  const double center = (left + right) / 2;
  Triangle triangle;
  for (std::size_t i = 0; i < spectrum_; ++i) {
    const double at = mel(bin_hertz * static_cast<double>(i));
    if (at <= left || at >= right) continue;
    if (triangle.weights.empty()) triangle.first = i;
    triangle.weights.push_back((at <= center ? at - left : right - at) / (center - left));
  }
  return triangle;
}

Index LogMel::frames(Index samples) const {
  return samples < frame_ ? 0 : 1 + (samples - frame_) / shift_;
}

Matrix<double> LogMel::operator()(std::span<const float> samples) const {
  Matrix<double> log_mel(frames(static_cast<Index>(samples.size())),
                         static_cast<Index>(triangles_.size()));
  PowerSpectrum spectrum(window_, preemphasis_, fourier_, spectrum_);
  for (Index t = 0; t < log_mel.rows(); ++t) {
    const std::vector<double>& power = spectrum(samples.data() + t * shift_);
    for (Index b = 0; b < log_mel.cols(); ++b) {
      const Triangle& triangle = triangles_[static_cast<std::size_t>(b)];
      double energy = 0;
      for (std::size_t i = 0; i < triangle.weights.size(); ++i)
        energy += triangle.weights[i] * power[triangle.first + i];
      log_mel(t, b) = std::log(std::max(energy, kEnergyFloor));
    }
  }
  return log_mel;
}

}  // namespace edgeval::data
