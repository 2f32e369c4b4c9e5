#include "eval/policy/profile.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <queue>

#include "datasets/text/file_kind.hpp"
#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/core/json.hpp"
#include "host/numeric/fixed_point.hpp"
#include "host/technique/beam.hpp"

namespace edgeval {
namespace {

constexpr std::array kPercentiles{"0.01", "1", "5", "25", "50", "75", "95", "99", "99.99"};
constexpr double kDifferencePercentile = 99.9;

// Bits of a float in an order that agrees with its value: upper 16 bits make 65,536 bins 0.8 % wide
// or less.
std::uint32_t ordered_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}
float from_ordered_bits(std::uint32_t bits) {
  return std::bit_cast<float>((bits & 0x80000000U) != 0 ? bits & 0x7FFFFFFFU : ~bits);
}

// The bin of 0; of 0 and the least positive values, as the one before it is of -0 and the greatest
// negative ones.
constexpr std::uint32_t kZero = 0x8000;

// The place ceil(p n / 100) of n values in ascending order, counted from 1.
std::uint64_t place_of(double percent, std::uint64_t n) {
  return std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(percent / 100 * static_cast<double>(n))));
}

// Moments, extremes and a histogram of one operand's values.
class Distribution {
 public:
  void add(std::span<const float> values) {
    for (float value : values) {
      ++bins_[ordered_bits(value) >> 16];
      zeros_ += value == 0;
      sum_ += value;
      squares_ += static_cast<double>(value) * value;
      min_ = std::min(min_, value);
      max_ = std::max(max_, value);
    }
    elements_ += values.size();
  }

  OperandProfile finish() const {
    OperandProfile profile;
    profile.elements = elements_;
    profile.zeros = zeros_;
    if (elements_ == 0) return profile;
    profile.min = min_;
    profile.max = max_;
    profile.mean = sum_ / static_cast<double>(elements_);
    profile.standard_deviation = std::sqrt(
        std::max(0.0, squares_ / static_cast<double>(elements_) - profile.mean * profile.mean));
    for (const char* percent : kPercentiles)
      profile.percentiles[percent] = percentile(std::stod(percent));
    return profile;
  }

  std::uint64_t elements() const { return elements_; }
  bool empty() const { return elements_ == 0; }
  double percentile(double percent) const {
    const std::uint64_t place = place_of(percent, elements_);
    std::uint64_t seen = 0;
    for (std::uint32_t bin = 0; bin < bins_.size(); ++bin) {
      seen += bins_[bin];
      if (seen >= place)
        return bin == kZero || bin == kZero - 1
                   ? 0.0F
                   : std::clamp(from_ordered_bits(bin << 16 | 0x8000U), min_, max_);
    }
    return max_;
  }

 private:
  std::vector<std::uint64_t> bins_ = std::vector<std::uint64_t>(65536);
  std::uint64_t elements_ = 0, zeros_ = 0;
  double sum_ = 0, squares_ = 0;
  float min_ = std::numeric_limits<float>::infinity(),
        max_ = -std::numeric_limits<float>::infinity();
};

// The exact value at place ceil(0.9999 n) of n magnitudes in ascending order; n is at most `most`.
class TopMagnitudes {
 public:
  explicit TopMagnitudes(std::uint64_t most) : keep_(above(most)) {}

  void add(std::span<const float> values) {
    for (float value : values) {
      const float magnitude = std::abs(value);
      if (largest_.size() < keep_) {
        largest_.push(magnitude);
      } else if (magnitude > largest_.top()) {
        largest_.pop();
        largest_.push(magnitude);
      }
    }
  }
  double percentile(std::uint64_t n) const {
    auto largest = largest_;
    while (largest.size() > above(n)) largest.pop();
    return largest.empty() ? 0 : largest.top();
  }

 private:
  // How many values of n are at that place or above it.
  static std::uint64_t above(std::uint64_t n) { return n == 0 ? 0 : n - place_of(99.99, n) + 1; }

  std::uint64_t keep_;
  std::priority_queue<float, std::vector<float>, std::greater<>>
      largest_;  // the smallest of them on top
};

nlohmann::ordered_json to_json(const OperandProfile& profile) {
  nlohmann::ordered_json json{{"elements", profile.elements}};
  if (profile.elements == 0) return json;
  json["zeros"] = profile.zeros;
  json["min"] = profile.min;
  json["max"] = profile.max;
  json["mean"] = profile.mean;
  json["standard_deviation"] = profile.standard_deviation;
  json["percentiles"] = nlohmann::ordered_json::object();
  for (const char* percent : kPercentiles)
    json["percentiles"][percent] = profile.percentiles.at(percent);
  return json;
}

OperandProfile read_operand(const Fields& fields) {
  constexpr Index kMany = Index{1} << 60;
  constexpr double kLarge = 3.5e38;
  OperandProfile profile;
  fields.expect_only(
      {"elements", "zeros", "min", "max", "mean", "standard_deviation", "percentiles"});
  profile.elements = static_cast<std::uint64_t>(fields.integer("elements", 0, kMany));
  if (profile.elements == 0) return profile;
  profile.zeros = static_cast<std::uint64_t>(fields.integer("zeros", 0, kMany));
  profile.min = fields.number("min", -kLarge, kLarge);
  profile.max = fields.number("max", profile.min, kLarge);
  profile.mean = fields.number("mean", -kLarge, kLarge);
  profile.standard_deviation = fields.number("standard_deviation", 0, kLarge);
  const Fields percentiles = fields.object("percentiles");
  for (const char* percent : kPercentiles)
    profile.percentiles[percent] = percentiles.number(percent, -kLarge, kLarge);
  return profile;
}

// The file also shows what follows from its numbers; an edit of one without the other would go
// unheard.
void expect_consistent(const Fields& entry, const LayerProfile& layer) {
  EDGEVAL_EXPECTS(entry.integer("fraction_bits", -200, 200) == layer.fraction_bits(), entry.place(),
                  ": fraction_bits contradicts input_magnitude_p9999, which gives ",
                  layer.fraction_bits(),
                  "; to choose another, set plan.fraction_bits in the policy");
  EDGEVAL_EXPECTS(
      entry.array("range") == Json({layer.range_min(), layer.range_max()}), entry.place(),
      ": range contradicts min and max; to choose another, set operand.range in the policy");
  EDGEVAL_EXPECTS(!entry.has("difference_p999") ||
                      entry.number("delta_scale", 0, 3.5e38) == layer.delta_scale(),
                  entry.place(), ": delta_scale contradicts difference_p999, which gives ",
                  layer.delta_scale(), "; to choose another, set plan.delta_scale in the policy");
}

SpreadProfile read_spread(const Fields& fields) {
  fields.expect_only({"width", "steps", "percentiles"});
  SpreadProfile spread{static_cast<int>(fields.integer("width", 1, kWidestBeam)),
                       static_cast<std::uint64_t>(fields.integer("steps", 1, Index{1} << 60)),
                       {}};
  const Fields percentiles = fields.object("percentiles");
  for (const char* percent : kPercentiles)
    spread.percentiles[percent] = percentiles.number(percent, 0, 1e30);
  return spread;
}

// |v(t) - v(t - 1)| of every element, within each sequence.
void add_differences(const Ragged<float>& values, Distribution& differences) {
  std::vector<float> row(static_cast<std::size_t>(values.cols()));
  for (Index n = 0; n < values.sequences(); ++n) {
    const MatrixView<const float> sequence = values.sequence(n);
    for (Index t = 1; t < sequence.rows; ++t) {
      for (Index i = 0; i < sequence.cols; ++i)
        row[static_cast<std::size_t>(i)] = std::abs(sequence(t, i) - sequence(t - 1, i));
      differences.add(row);
    }
  }
}

}  // namespace

struct ProfileCollector::LayerStatistics {
  Distribution input, recurrent;
  TopMagnitudes magnitudes;
  Distribution differences = {};
  double difference_p999() const {
    return differences.empty() ? kFromProfile : differences.percentile(kDifferencePercentile);
  }
};

int LayerProfile::fraction_bits() const { return finest_format(input_magnitude_p9999, 32767, 15); }
int LayerProfile::input_bits(int bits) const {
  return finest_format(input_magnitude_p9999, std::ldexp(1.0, bits - 1), bits - 1);
}

double LayerProfile::delta_scale() const {
  if (difference_p999 != difference_p999) return kFromProfile;
  return std::ldexp(1.0, -finest_format(difference_p999, 127, 40));
}
double LayerProfile::input_alpha() const {
  return std::max(std::abs(input.min), std::abs(input.max));
}
double LayerProfile::range_min() const { return std::min(input.min, recurrent.min); }
double LayerProfile::range_max() const { return std::max(input.max, recurrent.max); }

const LayerProfile* Profile::find(const std::string& layer) const {
  const auto found = std::find_if(layers.begin(), layers.end(),
                                  [&](const auto& each) { return each.name == layer; });
  return found == layers.end() ? nullptr : &*found;
}

Profile load_profile(const std::filesystem::path& path, const Model& model) {
  data::expect_kind(path, "a profile, as edgeval profile makes it, is wanted");
  const std::string text = read_file(path);
  expect_utf8(text, path);
  const Json json = parse_json(text, path.string());
  const Fields fields(json, path.string());
  fields.expect_only({"schema", "edgeval", "model", "data", "layers", "spread"});
  fields.integer("schema", 1, 1);
  Profile profile;
  profile.path = path.string();
  profile.model_name = fields.object("model").text("name");
  profile.model_sha256 = fields.object("model").text("sha256");
  EDGEVAL_EXPECTS(profile.model_sha256 == model.sha256, path.string(), ": was made for model ",
                  profile.model_name, " with other weights; make one for ", model.path,
                  " with edgeval profile");
  const Fields layers = fields.object("layers");
  for (const auto& [name, ignored] : json["layers"].items())
    EDGEVAL_EXPECTS(
        std::any_of(model.layers.begin(), model.layers.end(),
                    [&, key = name](const Layer& layer) { return layer_name(layer) == key; }),
        layers.place(), ": model ", model.name, " has no layer ", shown(name));
  for (const Layer& layer : model.layers) {
    const Fields entry = layers.object(layer_name(layer));
    entry.expect_only({"input", "recurrent", "input_magnitude_p9999", "fraction_bits", "range",
                       "difference_p999", "delta_scale"});
    profile.layers.push_back(
        {.name = layer_name(layer),
         .input = read_operand(entry.object("input")),
         .recurrent = read_operand(entry.object("recurrent")),
         .input_magnitude_p9999 = entry.number("input_magnitude_p9999", 0, 3.5e38)});
    if (entry.has("difference_p999"))
      profile.layers.back().difference_p999 = entry.number("difference_p999", 0, 3.5e38);
    expect_consistent(entry, profile.layers.back());
  }
  if (fields.has("spread")) profile.spread = read_spread(fields.object("spread"));
  return profile;
}

nlohmann::ordered_json to_json(const Profile& profile) {
  nlohmann::ordered_json json{
      {"schema", 1},
      {"edgeval", {{"version", EDGEVAL_VERSION}}},
      {"model", {{"name", profile.model_name}, {"sha256", profile.model_sha256}}},
      {"data", nullptr},
      {"layers", nlohmann::ordered_json::object()}};
  for (const LayerProfile& layer : profile.layers) {
    json["layers"][layer.name] = {{"input", to_json(layer.input)},
                                  {"recurrent", to_json(layer.recurrent)},
                                  {"input_magnitude_p9999", layer.input_magnitude_p9999},
                                  {"fraction_bits", layer.fraction_bits()},
                                  {"range", {layer.range_min(), layer.range_max()}}};
    if (from_profile(layer.delta_scale())) continue;
    json["layers"][layer.name]["difference_p999"] = layer.difference_p999;
    json["layers"][layer.name]["delta_scale"] = layer.delta_scale();
  }
  if (!profile.spread) return json;
  json["spread"] = {{"width", profile.spread->width},
                    {"steps", profile.spread->steps},
                    {"percentiles", nlohmann::ordered_json::object()}};
  for (const char* percent : kPercentiles)
    json["spread"]["percentiles"][percent] = profile.spread->percentiles.at(percent);
  return json;
}

SpreadProfile spread_profile(int width, std::vector<double> spreads) {
  std::ranges::sort(spreads);
  SpreadProfile profile{width, spreads.size(), {}};
  for (const char* percent : kPercentiles)
    profile.percentiles[percent] =
        spreads.empty() ? 0 : spreads[place_of(std::stod(percent), spreads.size()) - 1];
  return profile;
}

ProfileCollector::ProfileCollector(const Model& model, Index frames, Index decoder_rows)
    : model_(model) {
  for (const Layer& layer : model.layers) {
    const Index most =
        layers_.size() < model.stack().size() ? frames : std::max(frames, decoder_rows);
    const auto elements = static_cast<std::uint64_t>(most * layer_inputs(layer));
    layers_.push_back({{}, {}, TopMagnitudes(elements)});
  }
}

ProfileCollector::~ProfileCollector() = default;

void ProfileCollector::on_layer(Index layer, const Ragged<float>& input,
                                const Ragged<float>& output) {
  LayerStatistics& statistics = layers_[static_cast<std::size_t>(layer)];
  statistics.input.add(input.values.values());
  statistics.magnitudes.add(input.values.values());
  const auto* cells = std::get_if<RecurrentLayer>(&model_.layers[static_cast<std::size_t>(layer)]);
  if (cells != nullptr && cells->has_recurrent_product())
    statistics.recurrent.add(output.values.values());
  if (!std::holds_alternative<RecurrentLayer>(model_.layers[static_cast<std::size_t>(layer)]))
    return;
  add_differences(input, statistics.differences);
  add_differences(output, statistics.differences);
}

void ProfileCollector::add(Engine& engine, const Ragged<float>& features) {
  add([&](LayerObserver& observer) { engine.run(features, dense_point(model_), &observer); });
}

void ProfileCollector::add(const std::function<void(LayerObserver&)>& run) {
  std::vector<LayerStatistics> before = layers_;
  try {
    run(*this);
  } catch (...) {
    layers_ = std::move(before);
    throw;
  }
}

Profile ProfileCollector::finish() const {
  Profile profile;
  profile.model_name = model_.name;
  profile.model_sha256 = model_.sha256;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    profile.layers.push_back(
        {.name = layer_name(model_.layers[i]),
         .input = layers_[i].input.finish(),
         .recurrent = layers_[i].recurrent.finish(),
         .input_magnitude_p9999 = layers_[i].magnitudes.percentile(layers_[i].input.elements()),
         .difference_p999 = layers_[i].difference_p999()});
  }
  return profile;
}

}  // namespace edgeval
