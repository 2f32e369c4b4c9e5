// Resolves a policy: what it says for each layer of a model, once a profile has given the
// parameters that the policy leaves open.
#include <algorithm>

#include "eval/policy/policy.hpp"
#include "host/core/error.hpp"
#include "host/core/names.hpp"

namespace edgeval {
namespace {

// Gives the open parameters of a choice the figures that the profile has for them.
template <class Choice, class Figures>
void complete(Choice& choice, const Figures& profile) {
  const auto give = [&](const char*, auto& value, const char*, Origin origin = {}) {
    if constexpr (std::is_same_v<decltype(value), double&>)
      if (origin != Origin::kPolicy && from_profile(value)) value = profile.figure(origin);
  };
  std::visit([&](auto& technique) { technique.fields(technique, give); }, choice);
}

}  // namespace

OperatingPoint resolve(const Policy& policy, const Model& model, const Profile* profile,
                       BeamUse use) {
  OperatingPoint point = resolve_without_weights(policy, model, profile, use);
  check_weights(model, point);
  return point;
}

OperatingPoint resolve_without_weights(const Policy& policy, const Model& model,
                                       const Profile* profile, BeamUse use) {
  std::vector<std::string> names;
  for (const Layer& layer : model.layers) names.push_back(layer_name(layer));
  for (const auto& [name, change] : policy.layers)
    EDGEVAL_EXPECTS(std::find(names.begin(), names.end(), name) != names.end(), policy.source,
                    ": layers.", name, ": model ", model.name, " has no such layer",
                    suggestion(name, names));
  EDGEVAL_EXPECTS(!policy.beam || use == BeamUse::kSearch, policy.source, ": beam: model ",
                  model.name, " is a ", model.task,
                  " model, whose outputs are taken as they are, without a search");
  OperatingPoint point;
  for (const Layer& layer : model.layers) {
    const bool in_stack = point.layers.size() < model.stack().size();
    LayerPolicy choice{EveryStep{}, AsIs{}, policy.arithmetic};
    const LayerAxes axes = layer_axes(layer);
    if (axes.no_plan == nullptr && in_stack) choice.plan = policy.plan;
    if (axes.general_operand) choice.operand = policy.operand;
    if (axes.no_nonlinearity == nullptr) choice.nonlinearity = policy.nonlinearity;
    if (const auto change = policy.layers.find(layer_name(layer)); change != policy.layers.end()) {
      choice.arithmetic = change->second.arithmetic.value_or(choice.arithmetic);
      choice.nonlinearity = change->second.nonlinearity.value_or(choice.nonlinearity);
      choice.plan = change->second.plan.value_or(choice.plan);
      choice.operand = change->second.operand.value_or(choice.operand);
    }
    const LayerProfile* measured = profile != nullptr ? profile->find(layer_name(layer)) : nullptr;
    if (measured != nullptr) {
      complete(choice.arithmetic, *measured);
      complete(choice.plan, *measured);
      complete(choice.operand, *measured);
    }
    point.layers.push_back(choice);
  }
  try {
    check_point(model, point);
  } catch (const Error& error) {
    throw Error(concat(policy.source, ": ", error.what()));
  }
  return point;
}

Beam resolve_beam(const Policy& policy, const Profile* profile) {
  Beam beam = policy.beam.value_or(Neutral<Beam>{});
  auto* dynamic = std::get_if<DynamicBeam>(&beam);
  if (dynamic == nullptr) return beam;
  const bool open = from_profile(dynamic->sigma_min) || from_profile(dynamic->sigma_max);
  if (open && dynamic->min == dynamic->max) {  // the width does not depend on the spread
    dynamic->sigma_min = 0, dynamic->sigma_max = 1;
  } else if (open && profile != nullptr && profile->spread) {
    EDGEVAL_EXPECTS(profile->spread->width == dynamic->max, profile->path,
                    ": its spread was measured over ", profile->spread->width,
                    " candidates, but beam.max is ", dynamic->max,
                    "; make one with edgeval profile --width ", dynamic->max,
                    ", or give sigma_min and sigma_max in the policy");
    complete(beam, *profile->spread);
  }
  EDGEVAL_EXPECTS(!from_profile(dynamic->sigma_min) && !from_profile(dynamic->sigma_max),
                  policy.source,
                  ": beam, dynamic: sigma_min and sigma_max are not both known; give them in the "
                  "policy, or for a translation name a profile that has them (edgeval profile "
                  "makes one)");
  EDGEVAL_EXPECTS(dynamic->problem() == nullptr, policy.source,
                  ": beam, dynamic: ", dynamic->problem());
  return beam;
}

}  // namespace edgeval
