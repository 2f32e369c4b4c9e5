#include "eval/policy/profile.hpp"

#include <algorithm>
#include <cmath>

#include "datasets/text/file_kind.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/json.hpp"
#include "host/numeric/fixed_point.hpp"
#include "host/technique/beam.hpp"

namespace edgeval {
namespace {

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
  constexpr double kRounding = 0.005;  // percentiles are within 0.4 %
  OperandProfile profile;
  fields.expect_only(
      {"elements", "zeros", "min", "max", "mean", "standard_deviation", "percentiles"});
  profile.elements = static_cast<std::uint64_t>(fields.integer("elements", 0, kMany));
  if (profile.elements == 0) return profile;
  profile.zeros =
      static_cast<std::uint64_t>(fields.integer("zeros", 0, static_cast<Index>(profile.elements)));
  profile.min = fields.number("min", -kLarge, kLarge);
  profile.max = fields.number("max", profile.min, kLarge);
  // What was rounded may lie a little beyond the exact bounds. Percentiles of denormal values are
  // zero.
  const double beyond =
      std::max(kRounding * std::max(std::abs(profile.min), std::abs(profile.max)), 1e-37);
  const double low = profile.min - beyond, high = profile.max + beyond;
  profile.mean = fields.number("mean", low, high);
  profile.standard_deviation = fields.number("standard_deviation", 0, kLarge);
  const Fields percentiles = fields.object("percentiles");
  for (const char* percent : kPercentiles)
    profile.percentiles[percent] = percentiles.number(percent, low, high);
  return profile;
}

// The file also shows what follows from its figures: fraction_bits, range and delta_scale. Throws
// Error when one of them contradicts the figures, since an edit of it would have no effect.
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

}  // namespace

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

double LayerProfile::figure(Origin origin) const {
  switch (origin) {
    case Origin::kFractionBits:
      return fraction_bits();
    case Origin::kInputBits16:
      return input_bits(16);
    case Origin::kInputBits8:
      return input_bits(8);
    case Origin::kInputAlpha:
      return input_alpha();
    case Origin::kRangeMin:
      return range_min();
    case Origin::kRangeMax:
      return range_max();
    case Origin::kDeltaScale:
      return delta_scale();
    default:
      return kFromProfile;
  }
}

double SpreadProfile::figure(Origin origin) const {
  if (origin == Origin::kSpread5) return percentiles.at("5");
  return origin == Origin::kSpread50 ? percentiles.at("50") : kFromProfile;
}

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

}  // namespace edgeval
