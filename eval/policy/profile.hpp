// A profile: what the inputs of every layer looked like on a training set, under the dense fp32
// network. It fixes the formats and ranges that techniques need (docs/formats/profile.md).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/model/graph.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

// One operand of a layer: x, or h(t-1) over both directions.
struct OperandProfile {
  std::uint64_t elements = 0;
  std::uint64_t zeros = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double mean = 0;
  double standard_deviation = 0;
  std::map<std::string, double> percentiles;  // "50" -> value, within 0.4 % of the exact one
};

// Those of an OperandProfile and a SpreadProfile.
inline constexpr std::array kPercentiles{"0.01", "1", "5", "25", "50", "75", "95", "99", "99.99"};

struct LayerProfile {
  std::string name;
  OperandProfile input;
  OperandProfile recurrent;          // no elements for a linear layer
  double input_magnitude_p9999 = 0;  // exact: |x| in ascending order, place ceil(0.9999 n)
  // 99.9th percentile of the differences of adjacent steps, of x and h together; not known in an
  // older file.
  double difference_p999 = std::numeric_limits<double>::quiet_NaN();

  // The largest f with p 2^f <= 32767: the fixed-point format of the skip plan's score
  // (docs/techniques.md, binding decision 5).
  int fraction_bits() const;
  // The largest f with p 2^f <= 2^(bits - 1): the format of x in integer arithmetic; p itself
  // saturates by one step at most.
  int input_bits(int bits) const;
  // The least power of two with which such differences fit 8 bits: the step of a pseudo-skip's.
  double delta_scale() const;
  // Greatest |x|: the range of x under dynamic precision.
  double input_alpha() const;
  // Range of x and h together, for reuse's centroids (docs/techniques.md, "Reuse").
  double range_min() const;
  double range_max() const;
  // The one of these that a technique's parameter names; kFromProfile for what a layer has not.
  double figure(Origin origin) const;
};

// Of the spread sigma of the best candidates' scores, over all steps of a search with a fixed width
// (host/technique/beam.hpp).
struct SpreadProfile {
  int width = 0;
  std::uint64_t steps = 0;
  std::map<std::string, double>
      percentiles;  // "50" -> value; exact: place ceil(p n / 100) in ascending order

  double figure(Origin origin) const;  // as that of a layer
};

struct Profile {
  std::string path;
  std::string model_name, model_sha256;
  std::vector<LayerProfile> layers;
  std::optional<SpreadProfile> spread;  // of a translation model

  const LayerProfile* find(const std::string& layer) const;
};

// Throws Error on anything malformed, or when the profile was made for other weights than `model`.
Profile load_profile(const std::filesystem::path& path, const Model& model);

nlohmann::ordered_json to_json(const Profile& profile);

}  // namespace edgeval
