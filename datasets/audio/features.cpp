// What is computed from the log-mel filter bank. For mfcc its liftered DCT-II takes its place. Then
// comes (f - mean) / (population standard deviation + epsilon) over the utterance, then deltas, or
// for mfcc splice and subsample.
#include "datasets/audio/features.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "datasets/audio/log_mel.hpp"
#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

void check_cepstra(const FrontendConfig& config) {
  EDGEVAL_EXPECTS(config.cepstra >= 1 && config.cepstra <= config.mel_bins, "frontend: cepstra is ",
                  config.cepstra, ", must be 1 to mel_bins, which is ", config.mel_bins);
  EDGEVAL_EXPECTS(config.lifter >= 0 && config.lifter <= 1000, "frontend: lifter is ",
                  config.lifter, ", must be 0 to 1000");
  for (const int frames : {config.splice.before, config.splice.after})
    EDGEVAL_EXPECTS(frames >= 0 && frames <= 100, "frontend: splice has ", frames,
                    ", must be 0 to 100 frames");
  EDGEVAL_EXPECTS(config.subsample >= 1 && config.subsample <= 100, "frontend: subsample is ",
                  config.subsample, ", must be 1 to 100");
}

void check(const FrontendConfig& config) {
  EDGEVAL_EXPECTS(config.type == "fbank" || config.is_mfcc(), "frontend: type ", config.type,
                  " is not supported, only fbank and mfcc");
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
  if (config.is_mfcc()) {
    check_cepstra(config);
    return;
  }
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

// d(t) = sum over k = 1..window of k (f(t+k) - f(t-k)), divided by 2 sum of k^2. Frames beyond an
// edge repeat the frame at the edge.
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

// [cepstra, mel_bins]: the orthonormal DCT-II, multiplied with the lifter. Row k is (1 + L/2 sin(pi
// k / L)) sqrt(2 / M) cos(pi k (m + 1/2) / M); in row 0 sqrt(1 / M) replaces sqrt(2 / M).
Matrix<double> cepstral_matrix(const FrontendConfig& config) {
  Matrix<double> matrix(config.cepstra, config.mel_bins);
  for (int k = 0; k < config.cepstra; ++k) {
    const int lifter = config.lifter;
    const double lift =
        lifter == 0 ? 1 : 1 + 0.5 * lifter * std::sin(std::numbers::pi * k / lifter);
    const double scale = lift * std::sqrt((k == 0 ? 1.0 : 2.0) / config.mel_bins);
    for (int m = 0; m < config.mel_bins; ++m)
      matrix(k, m) = scale * std::cos(std::numbers::pi * k * (m + 0.5) / config.mel_bins);
  }
  return matrix;
}

// Multiplies log_mel [T, M] with the transposed matrix [K, M], which gives [T, K].
Matrix<double> cepstra(const Matrix<double>& log_mel, const Matrix<double>& matrix) {
  Matrix<double> cepstra(log_mel.rows(), matrix.rows());
  for (Index t = 0; t < cepstra.rows(); ++t)
    for (Index k = 0; k < cepstra.cols(); ++k)
      cepstra(t, k) =
          std::inner_product(matrix.row(k), matrix.row(k) + matrix.cols(), log_mel.row(t), 0.0);
  return cepstra;
}

// Row r has the frames t - before .. t + after of t = r * subsample, side by side in time order.
// Frames beyond an edge repeat the frame at the edge.
void splice(const Matrix<double>& frames, const FrontendConfig& config, Matrix<float>& features) {
  const Index last = frames.rows() - 1;
  for (Index r = 0; r < features.rows(); ++r) {
    float* to = features.row(r);
    for (Index offset = -config.splice.before; offset <= config.splice.after; ++offset) {
      const Index t = std::clamp<Index>(r * config.subsample + offset, 0, last);
      to = std::transform(frames.row(t), frames.row(t) + frames.cols(), to,
                          [](double value) { return static_cast<float>(value); });
    }
  }
}

// Writes the static features, then their deltas, then the deltas of the deltas.
void write_with_deltas(Matrix<double> block, const FrontendConfig& config,
                       Matrix<float>& features) {
  for (int order = 0; order <= config.deltas; ++order) {
    if (order > 0) block = delta(block, config.delta_window);
    for (Index t = 0; t < block.rows(); ++t)
      for (Index c = 0; c < block.cols(); ++c)
        features(t, order * block.cols() + c) = static_cast<float>(block(t, c));
  }
}

}  // namespace

struct FeatureExtractor::Tables {
  explicit Tables(const FrontendConfig& frontend) : config(frontend), log_mel(frontend) {
    if (config.is_mfcc()) dct = cepstral_matrix(config);
  }

  FrontendConfig config;
  LogMel log_mel;
  Matrix<double> dct;  // [cepstra, mel_bins]; empty unless mfcc
};

FeatureExtractor::FeatureExtractor(const FrontendConfig& config) {
  check(config);
  tables_ = std::make_unique<const Tables>(config);
}

FeatureExtractor::FeatureExtractor(FeatureExtractor&&) noexcept = default;
FeatureExtractor::~FeatureExtractor() = default;

Index FeatureExtractor::frames(Index samples) const {
  const Index frames = tables_->log_mel.frames(samples);
  if (!tables_->config.is_mfcc()) return frames;
  return (frames + tables_->config.subsample - 1) / tables_->config.subsample;
}

Index FeatureExtractor::width() const { return tables_->config.features(); }

Matrix<float> FeatureExtractor::operator()(std::span<const float> samples) const {
  const FrontendConfig& config = tables_->config;
  Matrix<double> block = tables_->log_mel(samples);
  if (config.is_mfcc()) block = cepstra(block, tables_->dct);
  if (config.cmvn == "utterance") normalize(block, config.cmvn_epsilon);
  Matrix<float> features(frames(static_cast<Index>(samples.size())), width());
  if (config.is_mfcc())
    splice(block, config, features);
  else
    write_with_deltas(std::move(block), config, features);
  return features;
}

}  // namespace edgeval::data
