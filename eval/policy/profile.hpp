// A profile: what the inputs of every layer looked like on a training set, under the dense fp32
// network. It fixes the formats and ranges that techniques need (docs/formats.md, "profile").
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/engine/engine.hpp"

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

struct LayerProfile {
  std::string name;
  OperandProfile input;
  OperandProfile recurrent;          // no elements for a linear layer
  double input_magnitude_p9999 = 0;  // exact: |x| in ascending order, place ceil(0.9999 n)
  // 99.9th percentile of the differences of adjacent steps, of x and h together; not known in an
  // older file.
  double difference_p999 = std::numeric_limits<double>::quiet_NaN();

  // The largest f with p 2^f <= 32767: the fixed-point format of the skip plan's score (techniques
  // 0.1, decision 4).
  int fraction_bits() const;
  // The largest f with p 2^f <= 2^(bits - 1): the format of x in integer arithmetic; p itself
  // saturates by one step at most.
  int input_bits(int bits) const;
  // The least power of two with which such differences fit 8 bits: the step of a pseudo-skip's.
  double delta_scale() const;
  // Greatest |x|: the range of x under dynamic precision.
  double input_alpha() const;
  // Range of x and h together, for reuse's centroids (decision 5).
  double range_min() const;
  double range_max() const;
};

// Of the spread sigma of the best candidates' scores, over all steps of a search with a fixed width
// (host/technique/beam.hpp).
struct SpreadProfile {
  int width = 0;
  std::uint64_t steps = 0;
  std::map<std::string, double>
      percentiles;  // "50" -> value; exact: place ceil(p n / 100) in ascending order
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

// The percentiles of such spreads, in any order.
SpreadProfile spread_profile(int width, std::vector<double> spreads);

// Gathers a profile while a network runs dense. frames: at least as many as its stack will see in
// all; decoder_rows: likewise of a decoder's layers. (The exact percentile needs to know how many
// of the largest values to keep.)
class ProfileCollector : public LayerObserver {
 public:
  ProfileCollector(const Model& model, Index frames, Index decoder_rows = 0);
  ~ProfileCollector() override;
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override;
  // Gathers what `run` shows; when it fails, for instance for want of memory, nothing of it.
  void add(const std::function<void(LayerObserver&)>& run);
  // Runs a batch dense.
  void add(Engine& engine, const Ragged<float>& features);
  Profile finish() const;

 private:
  struct LayerStatistics;
  const Model& model_;
  std::vector<LayerStatistics> layers_;
};

}  // namespace edgeval
