// Tests what a profile measures (docs/formats/profile.md): moments and percentiles against sorted
// values, formats and ranges against values by hand, and the file that the program writes.
#include "eval/policy/profile_collector.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/command.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

// Returns a model with one layer of width 1, so that every frame is a value.
Model narrow_model() { return random_model({.inputs = 1, .lstm = {{.cells = 1}}}, 1); }

// Returns values of many magnitudes and both signs, some of them 0 and some repeated.
std::vector<float> wild_values(Index count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<float> values;
  for (Index i = 0; i < count; ++i) {
    const bool again = !values.empty() && random() % 10 == 0;
    values.push_back(
        again ? values[random() % values.size()]
              : static_cast<float>(
                    random() % 20 == 0 ? 0 : normal(random) * std::exp(3 * normal(random))));
  }
  return values;
}

Ragged<float> frames_of(std::span<const float> values) {
  const std::vector<Index> lengths{static_cast<Index>(values.size())};
  Ragged<float> frames(lengths, 1);
  std::copy(values.begin(), values.end(), frames.values.data());
  return frames;
}

// Returns the profile of these values as x and their negatives as h, in batches of `batch`.
LayerProfile profiled(const std::vector<float>& values, std::size_t batch) {
  const Model model = narrow_model();
  ProfileCollector collector(borrowed(model), static_cast<Index>(values.size()));
  for (std::size_t begin = 0; begin < values.size(); begin += batch) {
    const std::span<const float> part(values.data() + begin,
                                      std::min(batch, values.size() - begin));
    std::vector<float> negative(part.begin(), part.end());
    for (float& value : negative) value = -value;
    collector.on_layer(0, frames_of(part), frames_of(negative));
  }
  return collector.finish().layers.at(0);
}

// Returns the value at place ceil(percent / 100 n) in ascending order, computed in integers from
// hundredths of a percent.
float at_percentile(const std::vector<float>& sorted, Index hundredths) {
  const auto n = static_cast<Index>(sorted.size());
  return sorted[std::max<Index>((hundredths * n + 9999) / 10000, 1) - 1];
}

const std::vector<Index> kSizes{1,     2,     3,     31,    99,    100,   9999,
                                10000, 10001, 20000, 29999, 70000, 123457};

TEST(Profile, MagnitudeAtThe9999thPercentileIsExact) {
  for (Index size : kSizes) {
    const std::vector<float> values = wild_values(size, static_cast<std::uint64_t>(size));
    std::vector<float> magnitudes;
    for (float value : values) magnitudes.push_back(std::abs(value));
    std::sort(magnitudes.begin(), magnitudes.end());
    for (std::size_t batch : {std::size_t{1000}, values.size()})
      EXPECT_EQ(profiled(values, batch).input_magnitude_p9999, at_percentile(magnitudes, 9999))
          << size;
  }
}

TEST(Profile, PercentilesLieWithinFourThousandthsOfTheSortedValues) {
  for (Index size : kSizes) {
    std::vector<float> values = wild_values(size, static_cast<std::uint64_t>(size) + 1);
    const OperandProfile measured = profiled(values, 5000).input;
    std::sort(values.begin(), values.end());
    for (const auto& [percent, value] : measured.percentiles) {
      const double exact = at_percentile(values, std::lround(std::stod(percent) * 100));
      EXPECT_NEAR(value, exact, 0.004 * std::abs(exact)) << percent << " % of " << size;
    }
    EXPECT_EQ(measured.percentiles.size(), 9u);
  }
}

TEST(Profile, MomentsAndExtremesAgreeWithTheirDefinition) {
  const std::vector<float> values = wild_values(5000, 3);
  long double sum = 0, squares = 0;
  for (float value : values) sum += value;
  const long double mean = sum / 5000;
  for (float value : values) squares += (value - mean) * (value - mean);
  const LayerProfile measured = profiled(values, 700);
  EXPECT_EQ(measured.input.elements, 5000u);
  EXPECT_EQ(measured.input.zeros,
            static_cast<std::uint64_t>(std::count(values.begin(), values.end(), 0.0F)));
  EXPECT_EQ(measured.input.min, *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(measured.input.max, *std::max_element(values.begin(), values.end()));
  EXPECT_NEAR(measured.input.mean, static_cast<double>(mean), 1e-9);
  EXPECT_NEAR(measured.input.standard_deviation, std::sqrt(static_cast<double>(squares / 5000)),
              1e-6);
  EXPECT_EQ(measured.recurrent.min, -measured.input.max);
  EXPECT_EQ(measured.recurrent.max, -measured.input.min);
}

TEST(Profile, TheRangeIsThatOfInputAndRecurrentInputTogether) {
  const LayerProfile measured = profiled({-1, 0.5F, 3}, 3);  // h: 1, -0.5, -3
  EXPECT_EQ(measured.range_min(), -3);
  EXPECT_EQ(measured.range_max(), 3);
}

TEST(Profile, ZerosHavePercentileZero) {
  const LayerProfile measured = profiled({0, 0, 0, -0.0F, 5}, 5);
  EXPECT_EQ(measured.input.percentiles.at("50"), 0);
  EXPECT_EQ(measured.input.percentiles.at("1"), 0);
  EXPECT_EQ(measured.input.zeros, 4u);
}

TEST(Profile, FractionBitsByHand) {
  const std::vector<std::pair<double, int>> cases{
      {1, 14},   // 2^14 = 16384 <= 32767 < 2^15
      {20, 10},  // 20 * 2^10 = 20480, 20 * 2^11 = 40960
      {32767, 0},       {32768, -1},  {65534, -1}, {32767.0 / 1024, 10},  // exactly at the edge
      {1.0 / 1024, 24},                                                   // 2^(24 - 10) = 16384
      {0.5, 15},        {1e-30, 114},  // log2(32767e30) = 14.99... + 99.65...
      {0, 15}};                        // all inputs 0: any will do
  for (const auto& [magnitude, bits] : cases) {
    LayerProfile layer;
    layer.input_magnitude_p9999 = magnitude;
    EXPECT_EQ(layer.fraction_bits(), bits) << magnitude;
  }
}

TEST(Profile, AStoredProfileReadsBack) {
  const TemporaryFolder folder;
  Model model = random_model({.inputs = 1, .lstm = {{.cells = 1}}, .outputs = 2}, 1);
  model.sha256 = "0123";
  ProfileCollector collector(borrowed(model), 3);
  const std::vector<float> values{-1.25F, 0, 3.0000001F};
  for (Index layer : {0, 1}) collector.on_layer(layer, frames_of(values), frames_of(values));
  nlohmann::ordered_json json = to_json(collector.finish());
  const Profile read = load_profile(folder.file("p.json", json.dump()), model);
  EXPECT_EQ(read.model_name, model.name);
  EXPECT_EQ(to_json(read), json);
  EXPECT_EQ(read.find("lstm1")->range_max(), values[2]);
  EXPECT_EQ(read.find("output")->recurrent.elements, 0u);
  EXPECT_EQ(read.find("lstm7"), nullptr);

  // Of values that are all so small the percentiles are 0, which lies below the least of them.
  ProfileCollector tiny(borrowed(model), 3);
  const std::vector<float> denormal{4e-41F, 4.1e-41F};
  for (Index layer : {0, 1}) tiny.on_layer(layer, frames_of(denormal), frames_of(denormal));
  json = to_json(tiny.finish());
  EXPECT_EQ(to_json(load_profile(folder.file("p.json", json.dump()), model)), json);

  model.sha256 = "0124";
  EXPECT_THROW(load_profile(folder.path() / "p.json", model), Error);
}

TEST(ProfileCommand, BatchesAndThreadsChangeNoByte) {
  const TemporaryFolder folder;
  const auto profile = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{
        "profile", "--model", spoken_model(), "--data", spoken_data(), "--limit", "9"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandResult result = edgeval(arguments, folder.path());
    EXPECT_EQ(result.code, 0) << result.err;
    return read_file(folder.path() / "profile.json");
  };
  const std::string once = profile({});
  EXPECT_EQ(profile({"--batch", "1"}), once);
  EXPECT_EQ(profile({"--batch", "4", "--threads", "1"}), once);
  EXPECT_EQ(profile({"--threads", "2"}), once);
}

TEST(ProfileCommand, ShowsATableOfTheLayers) {
  const TemporaryFolder folder;
  const CommandResult result = edgeval({"profile", "--model", spoken_model(), "--data",
                                        spoken_data(), "--limit", "2", "--out", "deep/in/p.json"},
                                       folder.path());
  EXPECT_EQ(result.code, 0) << result.err;
  for (const char* part :
       {"layer ", "lstm1 ", "lstm3 ", "output ", "fraction bits", "wrote deep/in/p.json"})
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " is not in\n" << result.out;
  const nlohmann::json json = nlohmann::json::parse(read_file(folder.path() / "deep/in/p.json"));
  EXPECT_EQ(json.at("data").at("utterances"), 2);
  EXPECT_EQ(json.at("layers").at("lstm1").at("input").at("elements"),
            120 * json.at("data").at("frames").get<Index>());
}

}  // namespace
}  // namespace edgeval::test
