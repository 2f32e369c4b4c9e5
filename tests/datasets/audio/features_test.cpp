// Compares features with those of kaldi-native-fbank (tests/golden/fbank.json, mfcc.json) and with
// a slow form that this file has.
#include "datasets/audio/features.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numbers>
#include <random>
#include <vector>

#include "datasets/audio/audio.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/parallel.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::data {
namespace {

FrontendConfig static_only() {
  FrontendConfig config;
  config.cmvn = "none";
  config.deltas = 0;
  return config;
}

FrontendConfig mfcc() {
  FrontendConfig config;
  config.type = "mfcc";
  return config;
}

// Returns a front end that makes cepstra and does nothing more with them.
FrontendConfig cepstra_only() {
  FrontendConfig config = mfcc();
  config.cmvn = "none";
  config.splice = {0, 0};
  config.subsample = 1;
  return config;
}

std::vector<float> noise(std::size_t samples, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(samples);
  double smooth = 0;
  for (float& value : values) {
    smooth = 0.9 * smooth + std::uniform_real_distribution<double>(-800, 1000)(random);
    value = static_cast<float>(std::round(smooth));
  }
  return values;
}

using Rows = std::vector<std::vector<double>>;

// Computes Kaldi's filter bank as it is defined: with a slow Fourier sum for each spectral line,
// and with every triangle over every line.
Rows slow_log_mel(const std::vector<float>& samples) {
  constexpr int kFrame = 400, kShift = 160, kPadded = 512, kBins = 40;
  const auto mel = [](double hertz) { return 1127.0 * std::log(1.0 + hertz / 700.0); };
  const double low = mel(20), high = mel(8000);
  Rows rows;
  for (std::size_t start = 0; start + kFrame <= samples.size(); start += kShift) {
    std::vector<double> x(samples.begin() + static_cast<std::ptrdiff_t>(start),
                          samples.begin() + static_cast<std::ptrdiff_t>(start) + kFrame);
    double mean = 0;
    for (double value : x) mean += value / kFrame;
    for (double& value : x) value -= mean;
    for (int i = kFrame - 1; i > 0; --i) x[i] -= 0.97 * x[i - 1];
    x[0] -= 0.97 * x[0];
    for (int i = 0; i < kFrame; ++i)
      x[i] *= std::pow(0.5 - 0.5 * std::cos(2 * std::numbers::pi * i / (kFrame - 1)), 0.85);
    std::vector<double> energies(kBins, 0.0);
    for (int line = 0; line < kPadded / 2; ++line) {
      double real = 0, imaginary = 0;
      for (int i = 0; i < kFrame; ++i) {
        real += x[i] * std::cos(2 * std::numbers::pi * line * i / kPadded);
        imaginary -= x[i] * std::sin(2 * std::numbers::pi * line * i / kPadded);
      }
      const double at = mel(16000.0 * line / kPadded);
      for (int bin = 0; bin < kBins; ++bin) {
        const double rise =
            (at - low) * (kBins + 1) / (high - low) - bin;  // 0 left, 1 at the top, 2 right
        energies[bin] +=
            std::max(0.0, std::min(rise, 2 - rise)) * (real * real + imaginary * imaginary);
      }
    }
    for (double& energy : energies) energy = std::log(std::max(energy, 1.1920929e-7));
    rows.push_back(energies);
  }
  return rows;
}

Rows slow_cmvn(Rows rows, double epsilon) {
  const double frames = static_cast<double>(rows.size());
  for (std::size_t c = 0; c < rows[0].size(); ++c) {
    double mean = 0, variance = 0;
    for (const auto& row : rows) mean += row[c] / frames;
    for (const auto& row : rows) variance += (row[c] - mean) * (row[c] - mean) / frames;
    for (auto& row : rows) row[c] = (row[c] - mean) / (std::sqrt(variance) + epsilon);
  }
  return rows;
}

Rows slow_delta(const Rows& rows) {
  const int last = static_cast<int>(rows.size()) - 1;
  const auto at = [&](int t, std::size_t c) { return rows[std::clamp(t, 0, last)][c]; };
  Rows deltas = rows;
  for (int t = 0; t <= last; ++t)
    for (std::size_t c = 0; c < rows[0].size(); ++c)
      deltas[t][c] = (at(t + 1, c) - at(t - 1, c) + 2 * (at(t + 2, c) - at(t - 2, c))) / 10;
  return deltas;
}

// C_k = s_k sum over m of x_m cos(pi k (2m + 1) / 80), s_0 = sqrt(1/40), s_k = sqrt(1/20), times
// the lifter.
Rows slow_cepstra(const Rows& log_mel, int cepstra, int lifter) {
  Rows rows;
  for (const auto& x : log_mel) {
    std::vector<double> row;
    for (int k = 0; k < cepstra; ++k) {
      double sum = 0;
      for (int m = 0; m < 40; ++m) sum += x[m] * std::cos(std::numbers::pi * k * (2 * m + 1) / 80);
      sum *= k == 0 ? std::sqrt(1.0 / 40) : std::sqrt(1.0 / 20);
      row.push_back(sum *
                    (lifter == 0 ? 1 : 1 + lifter / 2.0 * std::sin(std::numbers::pi * k / lifter)));
    }
    rows.push_back(row);
  }
  return rows;
}

Rows slow_splice(const Rows& rows, int before, int after, int subsample) {
  Rows spliced;
  for (int t = 0; t < static_cast<int>(rows.size()); ++t) {
    if (t % subsample != 0) continue;
    std::vector<double> row;
    for (int s = t - before; s <= t + after; ++s) {
      const auto& frame = rows[std::clamp(s, 0, static_cast<int>(rows.size()) - 1)];
      row.insert(row.end(), frame.begin(), frame.end());
    }
    spliced.push_back(row);
  }
  return spliced;
}

void expect_near(const Matrix<float>& features, Index first_column, const Rows& rows) {
  ASSERT_EQ(features.rows(), static_cast<Index>(rows.size()));
  for (Index t = 0; t < features.rows(); ++t)
    for (std::size_t c = 0; c < rows[0].size(); ++c)
      ASSERT_NEAR(features(t, first_column + static_cast<Index>(c)), rows[t][c], 1e-5)
          << "frame " << t << ", element " << first_column << " + " << c;
}

// Compares the recorded utterances of one set, whose audio lies in `folder`.
void expect_golden(const FrontendConfig& config, const std::string& set,
                   const std::filesystem::path& folder) {
  const auto golden = nlohmann::json::parse(
      read_file(test::source_folder() / "tests/golden" / (config.type + ".json")));
  const FeatureExtractor extract(config);
  int compared = 0;
  for (const auto& utterance : golden.at("utterances")) {
    if (utterance.at("set") != set) continue;
    const std::string audio = utterance.at("audio");
    const Matrix<float> features = extract(read_audio(folder / audio, 16000));
    const Index frames = utterance.at("frames");
    ASSERT_EQ(features.rows(), frames) << audio;
    ASSERT_EQ(features.cols(), config.features());
    for (Index c = 0; c < features.cols(); ++c) {
      double sum = 0;
      for (Index t = 0; t < frames; ++t) sum += features(t, c);
      EXPECT_NEAR(sum, utterance.at("sums").at(c).get<double>(),
                  1e-3 * static_cast<double>(frames));
    }
    for (const auto& row : utterance.at("rows"))
      for (Index c = 0; c < features.cols(); ++c, ++compared)
        EXPECT_NEAR(features(row.at("frame").get<Index>(), c), row.at("values").at(c).get<double>(),
                    1e-3)
            << audio << ", frame " << row.at("frame") << ", element " << c;
  }
  EXPECT_GE(compared, 2 * 6 * config.features());
}

TEST(Features, LogMelOfSpokenEqualsKaldiNativeFbank) {
  expect_golden(static_only(), "spoken", test::source_folder() / "datasets/spoken");
}

TEST(Features, LogMelOfAn4EqualsKaldiNativeFbank) {
  EDGEVAL_NEEDS_SHARED("data/an4");
  expect_golden(static_only(), "an4", test::shared_folder() / "data/an4");
}

TEST(Features, CepstraOfSpokenEqualKaldiNativeFbank) {
  expect_golden(cepstra_only(), "spoken", test::source_folder() / "datasets/spoken");
}

TEST(Features, CepstraOfAn4EqualKaldiNativeFbank) {
  EDGEVAL_NEEDS_SHARED("data/an4");
  expect_golden(cepstra_only(), "an4", test::shared_folder() / "data/an4");
}

TEST(Features, LogMelEqualsItsDefinition) {
  const std::vector<float> samples = noise(400 + 7 * 160 + 159, 1);
  expect_near(FeatureExtractor(static_only())(samples), 0, slow_log_mel(samples));
}

TEST(Features, CmvnAndDeltasEqualTheirDefinition) {
  for (const std::size_t frames : {1u, 2u, 3u, 4u, 31u}) {
    const std::vector<float> samples = noise(400 + (frames - 1) * 160, 2);
    const FeatureExtractor extract{FrontendConfig{}};
    const Matrix<float> features = extract(samples);
    ASSERT_EQ(features.cols(), 120);
    ASSERT_EQ(extract.width(), 120);
    const Rows fixed = slow_cmvn(slow_log_mel(samples), 1e-5);
    const Rows delta = slow_delta(fixed);
    expect_near(features, 0, fixed);
    expect_near(features, 40, delta);
    expect_near(features, 80, slow_delta(delta));
  }
}

TEST(Features, MfccEqualsItsDefinition) {
  for (const std::size_t frames : {1u, 2u, 3u, 9u, 10u, 19u, 20u, 31u}) {
    const std::vector<float> samples = noise(400 + (frames - 1) * 160, 4);
    const FeatureExtractor extract(mfcc());
    const Matrix<float> features = extract(samples);
    ASSERT_EQ(features.cols(), 494);
    ASSERT_EQ(extract.width(), 494);
    const Rows fixed = slow_cmvn(slow_cepstra(slow_log_mel(samples), 26, 22), 1e-5);
    expect_near(features, 0, slow_splice(fixed, 9, 9, 2));
  }
}

TEST(Features, EverySettingOfMfccIsObeyed) {
  const std::vector<float> samples = noise(400 + 11 * 160, 5);
  FrontendConfig config = mfcc();
  config.cmvn_epsilon = 0.25;
  config.cepstra = 40;
  config.lifter = 0;
  config.splice = {3, 1};
  config.subsample = 5;
  const Rows fixed = slow_cmvn(slow_cepstra(slow_log_mel(samples), 40, 0), 0.25);
  const Matrix<float> features = FeatureExtractor(config)(samples);
  ASSERT_EQ(features.rows(), 3);  // frames 0, 5 and 10 of 12
  ASSERT_EQ(features.cols(), 200);
  expect_near(features, 0, slow_splice(fixed, 3, 1, 5));
}

TEST(Features, AllCepstraTogetherKeepTheLengthOfTheLogMelVector) {
  const std::vector<float> samples = noise(400 + 160, 6);
  FrontendConfig config = cepstra_only();
  config.cepstra = 40;
  config.lifter = 0;
  const Matrix<float> cepstra = FeatureExtractor(config)(samples);
  const Rows log_mel = slow_log_mel(samples);
  for (Index t = 0; t < 2; ++t) {
    double before = 0, after = 0;
    for (Index c = 0; c < 40; ++c) before += log_mel[t][c] * log_mel[t][c];
    for (Index c = 0; c < 40; ++c) after += static_cast<double>(cepstra(t, c)) * cepstra(t, c);
    EXPECT_NEAR(after, before, 1e-5 * before);
  }
}

TEST(Features, FramesOfMfccAreThoseThatAreKept) {
  const FeatureExtractor extract(mfcc());  // keeps every second frame, from the first on
  EXPECT_EQ(extract.frames(399), 0);
  EXPECT_EQ(extract.frames(400), 1);
  EXPECT_EQ(extract.frames(560), 1);
  EXPECT_EQ(extract.frames(720), 2);
  EXPECT_EQ(extract.frames(880), 2);
  EXPECT_EQ(extract.frames(1040), 3);
  for (const std::size_t samples : {399u, 400u, 560u, 720u, 1040u})
    EXPECT_EQ(extract(noise(samples, 3)).rows(), extract.frames(static_cast<Index>(samples)));
}

TEST(Features, FramesAreThoseThatFitWhole) {
  const FeatureExtractor extract(static_only());
  EXPECT_EQ(extract.frames(0), 0);
  EXPECT_EQ(extract.frames(399), 0);
  EXPECT_EQ(extract.frames(400), 1);
  EXPECT_EQ(extract.frames(559), 1);
  EXPECT_EQ(extract.frames(560), 2);
  EXPECT_EQ(extract(noise(399, 3)).rows(), 0);
  EXPECT_EQ(FeatureExtractor(FrontendConfig{})(noise(399, 3)).rows(), 0);
}

TEST(Features, DigitalSilenceIsTheFlooredLogarithmAndZeroAfterCmvn) {
  const std::vector<float> silence(1000, 0.0f);
  const Matrix<float> log_mel = FeatureExtractor(static_only())(silence);
  for (const float value : log_mel.values())
    EXPECT_FLOAT_EQ(value, -15.942385f);  // ln 1.1920929e-7
  const Matrix<float> normalized = FeatureExtractor(FrontendConfig{})(silence);
  for (const float value : normalized.values()) EXPECT_NEAR(value, 0, 1e-6);
}

TEST(Features, BitsDoNotDependOnThreads) {
  const FeatureExtractor extract{FrontendConfig{}};
  std::vector<std::vector<float>> audio;
  for (unsigned n = 0; n < 16; ++n) audio.push_back(noise(3000 + 1700 * n, n));
  std::vector<Matrix<float>> together(audio.size());
  parallel_for(16, 4, [&](Index n) { together[n] = extract(audio[n]); });
  for (std::size_t n = 0; n < audio.size(); ++n) {
    const Matrix<float> alone = FeatureExtractor{FrontendConfig{}}(audio[n]);
    ASSERT_EQ(alone.size(), together[n].size());
    EXPECT_EQ(std::memcmp(alone.data(), together[n].data(), sizeof(float) * alone.size()), 0);
  }
}

TEST(Features, SettingsOutOfRangeAreRefusedByName) {
  const auto refusal = [](auto change) -> std::string {
    FrontendConfig config;
    change(config);
    try {
      FeatureExtractor extract(config);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  using Config = FrontendConfig;
  EXPECT_NE(refusal([](Config& c) { c.type = "plp"; }).find("plp"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.window = "hamming"; }).find("hamming"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.dither = 1; }).find("dither"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.cmvn = "speaker"; }).find("cmvn"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.cmvn_epsilon = 0; }).find("cmvn_epsilon"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.sample_rate = 0; }).find("sample_rate"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.frame_ms = 0; }).find("frame_ms"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.shift_ms = 0.01; }).find("shift_ms"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.preemphasis = std::nan(""); }).find("preemphasis"),
            std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.mel_bins = 0; }).find("mel_bins"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.mel_bins = 400; }).find("mel_bins"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.high_hz = 9000; }).find("high_hz"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.low_hz = 8000; }).find("low_hz"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.deltas = 3; }).find("deltas"), std::string::npos);
  EXPECT_NE(refusal([](Config& c) { c.delta_window = 0; }).find("delta_window"), std::string::npos);
  const auto refused = [&](const char* key, auto change) {
    const std::string message = refusal([&](Config& c) {
      c = mfcc();
      change(c);
    });
    EXPECT_NE(message.find(key), std::string::npos) << message;
  };
  refused("cepstra", [](Config& c) { c.cepstra = 0; });
  refused("cepstra", [](Config& c) { c.cepstra = 41; });
  refused("lifter", [](Config& c) { c.lifter = -1; });
  refused("splice", [](Config& c) { c.splice.before = -1; });
  refused("splice", [](Config& c) { c.splice.after = 101; });
  refused("subsample", [](Config& c) { c.subsample = 0; });
}

}  // namespace
}  // namespace edgeval::data
