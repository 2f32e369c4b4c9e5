// Log-mel filter bank as Kaldi computes it. Frames that fit whole (snip edges); per frame: the mean
// removed; x[i] -= c x[i-1], x[0] -= c x[0]; the Povey window (0.5 - 0.5 cos(2 pi i/(n-1)))^0.85;
// zeros up to a power of two; the power spectrum; triangles in the mel domain 1127 ln(1 + f/700);
// the natural logarithm. Then (f - mean) / (population standard deviation + epsilon) over the
// utterance, and deltas.
#include "datasets/features.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <kissfft/kissfft.hh>
#include <numbers>
#include <vector>

#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

constexpr double kEnergyFloor = 1.1920929e-7;  // FLT_EPSILON, as in Kaldi

double mel(double hertz) { return 1127 * std::log(1 + hertz / 700); }

Index samples_in(double milliseconds, int sample_rate) {
  return static_cast<Index>(sample_rate * 0.001 * milliseconds);
}

std::vector<double> povey_window(Index samples) {
  std::vector<double> window(static_cast<std::size_t>(samples));
  const double step = 2 * std::numbers::pi / static_cast<double>(samples - 1);
  for (std::size_t i = 0; i < window.size(); ++i)
    window[i] = std::pow(0.5 - 0.5 * std::cos(step * static_cast<double>(i)), 0.85);
  return window;
}

// The bins of the power spectrum under one triangle: from `first`, with their weights.
struct MelBin {
  std::size_t first = 0;
  std::vector<double> weights;
};

// The triangle rises from `left` to the mean of both ends and falls to `right`, all in mel. The bin
// of half the sample rate is never used, as in Kaldi.
MelBin mel_bin(double left, double right, std::size_t spectrum, double bin_hertz) {
  const double center = (left + right) / 2;
  MelBin bin;
  for (std::size_t i = 0; i < spectrum; ++i) {
    const double at = mel(bin_hertz * static_cast<double>(i));
    if (at <= left || at >= right) continue;
    if (bin.weights.empty()) bin.first = i;
    bin.weights.push_back((at <= center ? at - left : right - at) / (center - left));
  }
  return bin;
}

void check(const FrontendConfig& config) {
  EDGEVAL_EXPECTS(config.type == "fbank", "frontend: type ", config.type,
                  " is not supported, only fbank");
  EDGEVAL_EXPECTS(config.window == "povey", "frontend: window ", config.window,
                  " is not supported, only povey");
  EDGEVAL_EXPECTS(config.dither == 0, "frontend: dither is ", config.dither,
                  ", must be 0: features must not change from run to run");
  EDGEVAL_EXPECTS(config.cmvn == "utterance" || config.cmvn == "none", "frontend: cmvn is ",
                  config.cmvn, ", must be utterance or none");
  EDGEVAL_EXPECTS(config.cmvn_epsilon > 0, "frontend: cmvn_epsilon is ", config.cmvn_epsilon,
                  ", must be positive");
  EDGEVAL_EXPECTS(config.sample_rate > 0, "frontend: sample_rate is ", config.sample_rate,
                  ", must be positive");
  EDGEVAL_EXPECTS(samples_in(config.frame_ms, config.sample_rate) >= 2 && config.frame_ms <= 1000,
                  "frontend: frame_ms is ", config.frame_ms, ", must be 2 samples to 1000 ms");
  EDGEVAL_EXPECTS(samples_in(config.shift_ms, config.sample_rate) >= 1 && config.shift_ms <= 1000,
                  "frontend: shift_ms is ", config.shift_ms, ", must be 1 sample to 1000 ms");
  EDGEVAL_EXPECTS(config.preemphasis >= 0 && config.preemphasis <= 1, "frontend: preemphasis is ",
                  config.preemphasis, ", must lie in [0, 1]");
  EDGEVAL_EXPECTS(config.mel_bins >= 1 && config.mel_bins <= 1000, "frontend: mel_bins is ",
                  config.mel_bins, ", must be 1 to 1000");
  EDGEVAL_EXPECTS(config.low_hz >= 0 && config.low_hz < config.high_hz &&
                      config.high_hz <= 0.5 * config.sample_rate,
                  "frontend: low_hz ", config.low_hz, " and high_hz ", config.high_hz,
                  " must rise and lie between 0 and half the sample rate");
  EDGEVAL_EXPECTS(config.deltas >= 0 && config.deltas <= 2, "frontend: deltas is ", config.deltas,
                  ", must be 0, 1 or 2");
  EDGEVAL_EXPECTS(config.delta_window >= 1 && config.delta_window <= 100,
                  "frontend: delta_window is ", config.delta_window, ", must be 1 to 100");
}

// Subtracts each column's mean and divides by its population standard deviation plus epsilon.
void normalize(Matrix<double>& features, double epsilon) {
  const auto frames = static_cast<double>(features.rows());
  for (Index c = 0; c < features.cols(); ++c) {
    double sum = 0;
    for (Index t = 0; t < features.rows(); ++t) sum += features(t, c);
    const double mean = sum / frames;
    double squares = 0;
    for (Index t = 0; t < features.rows(); ++t)
      squares += (features(t, c) - mean) * (features(t, c) - mean);
    const double scale = std::sqrt(squares / frames) + epsilon;
    for (Index t = 0; t < features.rows(); ++t) features(t, c) = (features(t, c) - mean) / scale;
  }
}

// d(t) = sum over k = 1..window of k (f(t+k) - f(t-k)), over 2 sum of k^2; frames beyond an edge
// repeat the edge.
Matrix<double> delta(const Matrix<double>& features, int window) {
  double norm = 0;
  for (int k = 1; k <= window; ++k) norm += 2.0 * k * k;
  const Index last = features.rows() - 1;
  Matrix<double> deltas(features.rows(), features.cols());
  for (Index t = 0; t <= last; ++t) {
    for (int k = 1; k <= window; ++k) {
      const double* after = features.row(std::min(t + k, last));
      const double* before = features.row(std::max<Index>(t - k, 0));
      for (Index c = 0; c < features.cols(); ++c) deltas(t, c) += k * (after[c] - before[c]);
    }
    for (Index c = 0; c < features.cols(); ++c) deltas(t, c) /= norm;
  }
  return deltas;
}

void write_columns(const Matrix<double>& block, Index first, Matrix<float>& features) {
  for (Index t = 0; t < block.rows(); ++t)
    for (Index c = 0; c < block.cols(); ++c)
      features(t, first + c) = static_cast<float>(block(t, c));
}

}  // namespace

struct FeatureExtractor::Tables {
  explicit Tables(const FrontendConfig& frontend)
      : config(frontend),
        frame(samples_in(config.frame_ms, config.sample_rate)),
        shift(samples_in(config.shift_ms, config.sample_rate)),
        spectrum(std::max<std::size_t>(std::bit_ceil(static_cast<std::size_t>(frame)) / 2, 2)),
        window(povey_window(frame)),
        fourier(spectrum, false) {
    const double low = mel(config.low_hz);
    const double step = (mel(config.high_hz) - low) / (config.mel_bins + 1);
    const double bin_hertz = 0.5 * config.sample_rate / static_cast<double>(spectrum);
    for (int b = 0; b < config.mel_bins; ++b) {
      mel_bins.push_back(mel_bin(low + b * step, low + (b + 2) * step, spectrum, bin_hertz));
      EDGEVAL_EXPECTS(!mel_bins.back().weights.empty(), "frontend: mel_bins is ", config.mel_bins,
                      ", too many: bin ", b, " covers no line of the spectrum");
    }
  }

  FrontendConfig config;
  Index frame = 0;           // samples
  Index shift = 0;           // samples
  std::size_t spectrum = 0;  // bins of the power spectrum without the last: half the transform
  std::vector<double> window;
  // Half as long as the frame padded to a power of two: two real samples enter as one complex
  // number. Only other lengths make it use its scratch memory, so threads may share it.
  kissfft<double> fourier;
  std::vector<MelBin> mel_bins;
};

namespace {

// One frame in, the power of each bin of its spectrum out. Owns the work space of one thread.
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
  std::vector<double> samples_;  // the rest beyond the frame stays zero
  std::vector<std::complex<double>> lines_;
  std::vector<double> power_;
};

}  // namespace

FeatureExtractor::FeatureExtractor(const FrontendConfig& config) {
  check(config);
  tables_ = std::make_unique<const Tables>(config);
}

FeatureExtractor::FeatureExtractor(FeatureExtractor&&) noexcept = default;
FeatureExtractor::~FeatureExtractor() = default;

Index FeatureExtractor::frames(Index samples) const {
  return samples < tables_->frame ? 0 : 1 + (samples - tables_->frame) / tables_->shift;
}

Index FeatureExtractor::width() const { return tables_->config.features(); }

Matrix<float> FeatureExtractor::operator()(std::span<const float> samples) const {
  const Tables& tables = *tables_;
  const FrontendConfig& config = tables.config;
  Matrix<float> features(frames(static_cast<Index>(samples.size())), width());
  Matrix<double> block(features.rows(), config.mel_bins);  // static, then delta, then delta-delta
  PowerSpectrum spectrum(tables.window, config.preemphasis, tables.fourier, tables.spectrum);
  for (Index t = 0; t < block.rows(); ++t) {
    const std::vector<double>& power = spectrum(samples.data() + t * tables.shift);
    for (Index b = 0; b < block.cols(); ++b) {
      const MelBin& bin = tables.mel_bins[static_cast<std::size_t>(b)];
      double energy = 0;
      for (std::size_t i = 0; i < bin.weights.size(); ++i)
        energy += bin.weights[i] * power[bin.first + i];
      block(t, b) = std::log(std::max(energy, kEnergyFloor));
    }
  }
  if (config.cmvn == "utterance") normalize(block, config.cmvn_epsilon);
  write_columns(block, 0, features);
  for (int order = 1; order <= config.deltas; ++order) {
    block = delta(block, config.delta_window);
    write_columns(block, order * config.mel_bins, features);
  }
  return features;
}

}  // namespace edgeval::data
