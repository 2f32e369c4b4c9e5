#include "hwmodel/pricing.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>

#include "host/core/error.hpp"

namespace edgeval::hw {
namespace {

constexpr double kJoulesPerPicojoule = 1e-12;
constexpr double kWattsPerMilliwatt = 1e-3;

// What one layer demands of the chip.
struct Use {
  std::vector<double> actions;  // one per rule of the accelerator
  double cycles = 0;
};

double amount(const Accelerator& accelerator, const Work& work, const LayerActivity& layer) {
  const std::uint64_t count = layer[work.count];
  if (count == 0 || !work.applies(layer.shape.kind)) return 0;
  const double times = work.times(layer.shape);
  EDGEVAL_EXPECTS(std::isfinite(times) && times >= 0, accelerator.file, ": layer ",
                  layer.shape.name, ": a rule of ", info(work.count).key, " gives times = ", times,
                  ", must be 0 or more");
  return static_cast<double>(count) * times;
}

Use use_of(const Accelerator& accelerator, const LayerActivity& layer) {
  Use use;
  for (const EnergyRule& rule : accelerator.rules)
    use.actions.push_back(amount(accelerator, rule.work, layer));
  for (const Work& work : accelerator.cycles) use.cycles += amount(accelerator, work, layer);
  return use;
}

void expect_priceable(const Accelerator& accelerator, const Activity& activity) {
  const auto reason = cannot_price(accelerator, activity);
  EDGEVAL_EXPECTS(!reason, accelerator.file, ": ", accelerator.name, " cannot price ", *reason);
}

// The share of one constant in two energies: joules = constant x times_a and constant x times_b.
struct Term {
  const Constant* constant;
  double times_a = 0, times_b = 0;
};

std::vector<Term> terms_of(const Accelerator& accelerator, const Activity& a, const Activity& b) {
  std::vector<Term> terms;
  for (const EnergyRule& rule : accelerator.rules)
    terms.push_back({&accelerator.components[rule.component].actions[rule.action].picojoules});
  for (const Component& component : accelerator.components)
    terms.push_back({&component.static_milliwatts});

  const auto add = [&](const Activity& activity, double Term::*times) {
    for (const LayerActivity& layer : activity.layers) {
      const Use use = use_of(accelerator, layer);
      for (std::size_t rule = 0; rule < accelerator.rules.size(); ++rule)
        terms[rule].*times += use.actions[rule] * kJoulesPerPicojoule;
      for (std::size_t term = accelerator.rules.size(); term < terms.size(); ++term)
        terms[term].*times += use.cycles / accelerator.frequency_hz * kWattsPerMilliwatt;
    }
  };
  add(a, &Term::times_a);
  add(b, &Term::times_b);

  // Two rules may share one constant, which then has one value in both. The terms keep the
  // accelerator's order, since that of addresses would change the last bits of the sums from run to
  // run.
  std::vector<Term> merged;
  std::unordered_map<const Constant*, std::size_t> places;  // places in `merged`
  for (const Term& term : terms) {
    const auto [known, is_new] = places.emplace(term.constant, merged.size());
    if (is_new) {
      merged.push_back(term);
    } else {
      merged[known->second].times_a += term.times_a;
      merged[known->second].times_b += term.times_b;
    }
  }
  return merged;
}

template <class Pick>
double ratio(const Accelerator& accelerator, const std::vector<Term>& terms, Pick pick) {
  double a = 0, b = 0;
  for (const Term& term : terms) {
    a += pick(term) * term.times_a;
    b += pick(term) * term.times_b;
  }
  EDGEVAL_EXPECTS(b > 0, accelerator.file,
                  ": the reference costs no energy, so there is no ratio to it");
  return a / b;
}

// Dinkelbach's iteration. At the extreme ratio r each constant has the end of its range that the
// sign of (times_a - r times_b) demands. Each round improves r or ends the iteration.
double extreme_ratio(const Accelerator& accelerator, const std::vector<Term>& terms, double start,
                     bool highest) {
  double best = start;
  for (;;) {
    const double next = ratio(accelerator, terms, [&](const Term& term) {
      const bool raises = term.times_a > best * term.times_b;
      return raises == highest ? term.constant->high : term.constant->low;
    });
    if (highest ? next <= best : next >= best) return best;
    best = next;
  }
}

}  // namespace

namespace {

// Whether some rules hold for single kinds of layers. Such rules know how the cells of a kind are
// built, but not what a cell may have beside that.
bool singles_out_kinds(const Accelerator& accelerator) {
  const auto named = [](const Work& work) { return !work.kinds.empty(); };
  return std::ranges::any_of(accelerator.rules, named, &EnergyRule::work) ||
         std::ranges::any_of(accelerator.cycles, named);
}

// Whether rules that name kinds of layers leave out this kind, so that its price would lack what
// they charge.
bool is_left_out(const Accelerator& accelerator, LayerKind kind) {
  bool named = false, others = false;
  const auto see = [&](const Work& work) {
    named = named || work.names(kind);
    others = others || std::ranges::any_of(work.kinds, [&](LayerKind other) {
               return other.facts().needs_rules && other != kind;
             });
  };
  for (const EnergyRule& rule : accelerator.rules) see(rule.work);
  for (const Work& work : accelerator.cycles) see(work);
  return kind.facts().needs_rules && others && !named;
}

}  // namespace

std::optional<std::string> cannot_price(const Accelerator& accelerator, const Activity& activity) {
  for (const LayerActivity& layer : activity.layers) {
    const std::string place =
        concat("layer ", layer.shape.name, " (", layer.shape.direction, "): ");
    if (is_left_out(accelerator, layer.shape.kind))
      return concat(place, "its cells are of kind ", name(layer.shape.kind),
                    ", which none of its rules names");
    if (layer.shape.form.projection > 0 && singles_out_kinds(accelerator))
      return concat(place, "it has a projection, of which its rules know nothing");
    for (std::size_t i = 0; i < kCounts; ++i) {
      const Count count = static_cast<Count>(i);
      if (layer[count] == 0 || !accelerator.free[i].empty()) continue;
      const bool priced = std::ranges::any_of(accelerator.rules, [&](const EnergyRule& rule) {
        return rule.work.count == count && rule.work.applies(layer.shape.kind);
      });
      if (!priced)
        return concat(place, "it has ", info(count).key, " (", info(count).meaning,
                      "), for which the accelerator has no rule");
    }
  }
  return std::nullopt;
}

bool is_lower_bound(const Accelerator& accelerator, const Activity& activity) {
  return std::ranges::any_of(accelerator.lower_bound.counts,
                             [&](Count count) { return activity.total(count) > 0; });
}

Price price(const Accelerator& accelerator, const Activity& activity) {
  expect_priceable(accelerator, activity);
  Price price;
  double static_watts = 0;
  for (const Component& component : accelerator.components) {
    price.components.push_back({.component = component.name});
    static_watts += component.static_milliwatts.value * kWattsPerMilliwatt;
  }

  for (const LayerActivity& layer : activity.layers) {
    const Use use = use_of(accelerator, layer);
    LayerPrice& layer_price = price.layers.emplace_back(
        LayerPrice{.name = layer.shape.name, .direction = layer.shape.direction});
    layer_price.cycles = use.cycles;
    layer_price.static_joules = use.cycles / accelerator.frequency_hz * static_watts;
    for (std::size_t i = 0; i < accelerator.rules.size(); ++i) {
      const EnergyRule& rule = accelerator.rules[i];
      const Action& action = accelerator.components[rule.component].actions[rule.action];
      const double joules = use.actions[i] * action.picojoules.value * kJoulesPerPicojoule;
      layer_price.dynamic_joules += joules;
      price.components[rule.component].dynamic_joules += joules;
    }
    price.cycles += use.cycles;
  }

  price.seconds = price.cycles / accelerator.frequency_hz;
  for (std::size_t i = 0; i < price.components.size(); ++i) {
    const double watts = accelerator.components[i].static_milliwatts.value * kWattsPerMilliwatt;
    price.components[i].static_joules = watts * price.seconds;
    price.dynamic_joules += price.components[i].dynamic_joules;
    price.static_joules += price.components[i].static_joules;
  }
  price.joules = price.dynamic_joules + price.static_joules;
  return price;
}

double realtime_speed(const Price& price, double audio_seconds) {
  EDGEVAL_EXPECTS(price.seconds > 0, "an activity without work has no speed");
  return audio_seconds / price.seconds;
}

RatioRange ratio_range(const Accelerator& accelerator, const Activity& activity,
                       const Activity& reference) {
  expect_priceable(accelerator, activity);
  expect_priceable(accelerator, reference);
  const std::vector<Term> terms = terms_of(accelerator, activity, reference);
  const double value =
      ratio(accelerator, terms, [](const Term& term) { return term.constant->value; });
  return {value, extreme_ratio(accelerator, terms, value, false),
          extreme_ratio(accelerator, terms, value, true)};
}

}  // namespace edgeval::hw
