// A profile says what the inputs of every layer looked like when the dense fp32 network ran on a
// training set. It fixes the formats and ranges that techniques need (docs/formats/profile.md).
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

// Statistics of one operand of a layer: its input x, or its recurrent operand h(t-1) over all
// directions.
struct OperandProfile {
  std::uint64_t elements = 0;
  std::uint64_t zeros = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double mean = 0;
  double standard_deviation = 0;
  std::map<std::string, double> percentiles;  // "50" -> value, within 0.4 % of the exact one
};

// The percentiles that an OperandProfile and a SpreadProfile have.
inline constexpr std::array kPercentiles{"0.01", "1", "5", "25", "50", "75", "95", "99", "99.99"};

struct LayerProfile {
  std::string name;
  OperandProfile input;
  OperandProfile recurrent;  // without elements for a layer that has no recurrent product
  // The exact 99.99th percentile of |x|: of n values in ascending order, the one at place
  // ceil(0.9999 n).
  double input_magnitude_p9999 = 0;
  // 99.9th percentile of |v(t) - v(t - 1)| over the elements v of x and h together; NaN for a
  // linear layer and in files of older versions.
  double difference_p999 = std::numeric_limits<double>::quiet_NaN();

  // Returns the number of fraction bits of the skip plan's score: the largest f with p 2^f <=
  // 32767, p being input_magnitude_p9999 (docs/techniques.md, binding decision 5).
  int fraction_bits() const;
  // Returns the number of fraction bits of x in integer arithmetic of this width: the largest f
  // with p 2^f <= 2^(bits - 1), p being input_magnitude_p9999, which saturates by one step at most.
  int input_bits(int bits) const;
  // Returns the step of the differences of a pseudo-skip: the least power of two with which
  // difference_p999 fits 8 bits, or kFromProfile when difference_p999 is NaN.
  double delta_scale() const;
  // Returns the greatest |x|, which is the range of x under dynamic precision.
  double input_alpha() const;
  // The ends of the range of x and h together, for the centroids of reuse (docs/techniques.md,
  // "Reuse").
  double range_min() const;
  double range_max() const;
  // Returns the figure that `origin` names, or kFromProfile when a layer does not have it.
  double figure(Origin origin) const;
};

// Statistics of sigma, the spread of the best candidates' scores, over all steps of a search with a
// fixed width (host/technique/beam.hpp).
struct SpreadProfile {
  int width = 0;            // width of the beam
  std::uint64_t steps = 0;  // number of steps of all searches
  // "50" -> value. The percentiles are exact: of n values in ascending order, the p-th is at place
  // ceil(p n / 100).
  std::map<std::string, double> percentiles;

  // Returns the figure that `origin` names, or kFromProfile when it is none of the spread.
  double figure(Origin origin) const;
};

struct Profile {
  std::string path;
  std::string model_name, model_sha256;
  std::vector<LayerProfile> layers;
  std::optional<SpreadProfile> spread;  // for translation models only

  // Returns the profile of the layer with this name, or null.
  const LayerProfile* find(const std::string& layer) const;
};

// Reads a profile of the model. Throws Error when the file is malformed, and when the profile was
// made for other weights than those of `model`.
Profile load_profile(const std::filesystem::path& path, const Model& model);

nlohmann::ordered_json to_json(const Profile& profile);

}  // namespace edgeval
