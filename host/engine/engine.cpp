#include "host/engine/engine.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "host/core/error.hpp"
#include "host/engine/product/fixed_product.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {

namespace {

// Appends the sequences of `more` to those of `all`.
template <class T>
void append(Ragged<T>& all, const Ragged<T>& more) {
  std::vector<Index> lengths = all.lengths();
  for (Index n = 0; n < more.sequences(); ++n) lengths.push_back(more.length(n));
  Ragged<T> both(lengths, all.cols());
  T* const end = std::ranges::copy(all.values.values(), both.values.data()).out;
  std::ranges::copy(more.values.values(), end);
  all = std::move(both);
}

void append(Matrix<float>& all, const Matrix<float>& more) {
  Matrix<float> both(all.rows() + more.rows(), all.cols());
  float* const end = std::ranges::copy(all.values(), both.data()).out;
  std::ranges::copy(more.values(), end);
  all = std::move(both);
}

class GatheredBatch final : public ResultSink {
 public:
  void receive(std::span<const Index> /*points*/, Index first, BatchResult&& result) override {
    result_.add(first, std::move(result));
  }
  BatchResult take() { return result_.take(); }

 private:
  GatheredResult result_;
};

}  // namespace

void BatchResult::append(BatchResult&& next) {
  if (activity.empty()) {
    *this = std::move(next);
    return;
  }
  edgeval::append(outputs, next.outputs);
  edgeval::append(best, next.best);
  std::ranges::move(next.activity, std::back_inserter(activity));
  std::ranges::move(next.searches, std::back_inserter(searches));
  for (std::size_t layer = 0; layer < final_states.size(); ++layer)
    for (std::size_t d = 0; d < final_states[layer].size(); ++d) {
      edgeval::append(final_states[layer][d].h, next.final_states[layer][d].h);
      edgeval::append(final_states[layer][d].c, next.final_states[layer][d].c);
    }
}

BatchResult GatheredResult::take() {
  BatchResult all;
  for (auto& [first, part] : parts_) all.append(std::move(part));
  parts_.clear();
  return all;
}

std::unique_ptr<PreparedBatch> Engine::prepare(std::shared_ptr<const Ragged<float>> features) {
  return std::make_unique<PreparedBatch>(std::move(features));
}

BatchResult Engine::run(const Ragged<float>& features, const OperatingPoint& point,
                        const Wanted& wanted, LayerObserver* observer) {
  const auto batch = prepare({std::shared_ptr<void>(), &features});  // the pointer owns nothing
  GatheredBatch gathered;
  run(*batch, std::span(&point, 1), wanted, gathered, observer);
  return gathered.take();
}

OperatingPoint dense_point(const Model& model) {
  return {std::vector<LayerPolicy>(model.layers.size(), LayerPolicy{EveryStep{}, AsIs{}, Fp32{}})};
}

namespace {

// Throws Error when the plan cannot act beside the other choices.
void check_plan(const std::string& layer, const LayerPolicy& policy) {
  std::visit(
      [&](const auto& plan, const auto& arithmetic, const auto& operand) {
        const char* const problem = problem_beside(plan, arithmetic, operand);
        EDGEVAL_EXPECTS(problem == nullptr, "layer ", layer, ", ", plan.kName, ": ", problem);
      },
      policy.plan, policy.arithmetic, policy.operand);
}

// Throws Error when the operand does not act on the layer, or when the equations of its cells do
// not allow the policy.
void check_operand(const RecurrentLayer& layer, const LayerPolicy& policy) {
  const std::string problem = RecurrentKinds::visit(
      layer.kind, [&]<class Kind>(Kind) { return Kind::problem(layer.form, policy); });
  EDGEVAL_EXPECTS(problem.empty(), "layer ", layer.name, " (", name(layer.kind), "), ", problem);
  // Cells in halves allow no operand but as_is and no pseudo-skip; Kind::problem has said so above.
  const bool as_is = std::holds_alternative<AsIs>(policy.operand) && pseudo_skip(policy) == nullptr;
  EDGEVAL_ASSERT(as_is || !layer.blocks().in_halves());
  std::visit(
      [&]<class Technique>(const Technique& operand) {
        constexpr Refusals kWhy = refusals_of<Technique>();
        const char* const why = !layer.has_c()              ? kWhy.without_c
                                : layer.form.projection > 0 ? kWhy.projection
                                                            : nullptr;
        EDGEVAL_EXPECTS(why == nullptr, "layer ", layer.name, " (", name(layer.kind), "), ",
                        operand.kName, ": ", why);
      },
      policy.operand);
}

void check_operand(const LinearLayer& layer, const LayerPolicy& policy) {
  std::visit(
      [&]<class Technique>(const Technique& operand) {
        constexpr Refusals kWhy = refusals_of<Technique>();
        EDGEVAL_EXPECTS(kWhy.linear == nullptr, "layer ", layer.name, ", ", operand.kName, ": ",
                        kWhy.linear);
      },
      policy.operand);
}

// Throws Error when the operand does not act under the arithmetic.
void check_arithmetic(const std::string& layer, const LayerPolicy& policy) {
  std::visit(
      [&]<class Technique, class Choice>(const Technique& operand, const Choice&) {
        constexpr Refusals kWhy = refusals_of<Technique>();
        EDGEVAL_EXPECTS((acts_under<Technique, Choice>()), "layer ", layer, ", ", operand.kName,
                        ": ", kWhy.under(Choice::kBits));
      },
      policy.operand, policy.arithmetic);
}

void check_formats(const RecurrentLayer& layer, int bits) {
  for (const RecurrentWeights& weights : layer.weights)
    for (const Matrix<float>* each :
         {&weights.weight_ih, &weights.weight_hh, &weights.weight_hr, &weights.diagonal})
      FixedWeights::format(each->view(), bits);
}
void check_formats(const LinearLayer& layer, int bits) {
  FixedWeights::format(layer.weight.view(), bits);
}

}  // namespace

void check_weights(const Model& model, const OperatingPoint& point) {
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const int bits = std::visit([](const auto& arithmetic) { return arithmetic.kBits; },
                                point.layers[i].arithmetic);
    if (bits == 32) continue;
    try {
      std::visit([&](const auto& layer) { check_formats(layer, bits); }, model.layers[i]);
    } catch (const Error& error) {
      throw Error(concat(model.path, ": layer ", layer_name(model.layers[i]), ", ", error.what()));
    }
  }
}

void check_point(const Model& model, const OperatingPoint& point) {
  EDGEVAL_ASSERT(point.layers.size() == model.layers.size());
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const std::string& layer = layer_name(model.layers[i]);
    const auto check = [&](const auto& technique) {
      EDGEVAL_EXPECTS(technique.problem() == nullptr, "layer ", layer, ", ", technique.kName, ": ",
                      technique.problem());
    };
    std::visit(check, point.layers[i].plan);
    std::visit(check, point.layers[i].operand);
    std::visit(check, point.layers[i].arithmetic);
    std::visit(check, point.layers[i].nonlinearity);
    const LayerAxes axes = layer_axes(model.layers[i]);
    EDGEVAL_EXPECTS(
        axes.no_plan == nullptr || std::holds_alternative<EveryStep>(point.layers[i].plan),
        "layer ", layer, " ", axes.no_plan);
    EDGEVAL_EXPECTS(
        i < model.stack().size() || std::holds_alternative<EveryStep>(point.layers[i].plan),
        "layer ", layer,
        " is a decoder's and runs on every step: what its next input is shows only after the step; "
        "a plan acts on the encoder's layers");
    EDGEVAL_EXPECTS(axes.no_nonlinearity == nullptr ||
                        std::holds_alternative<Exact>(point.layers[i].nonlinearity),
                    "layer ", layer, " ", axes.no_nonlinearity);
    check_plan(layer, point.layers[i]);
    std::visit([&](const auto& l) { check_operand(l, point.layers[i]); }, model.layers[i]);
    check_arithmetic(layer, point.layers[i]);
  }
  // A profile is asked for only where no layer stands in the way, since it would be no cure for
  // that.
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const std::string& layer = layer_name(model.layers[i]);
    const auto expect_known = [&](const auto& technique) {
      technique.fields(technique, [&](const char* key, auto value, const char*, Origin = {}) {
        if constexpr (std::is_same_v<decltype(value), double>)
          EDGEVAL_EXPECTS(
              !from_profile(value) || !uses(technique, key), "layer ", layer, ", ", technique.kName,
              ": ", written_key(key).key,
              " is not known; name a profile (edgeval profile makes one) or give it in the policy");
      });
    };
    std::visit(expect_known, point.layers[i].plan);
    std::visit(expect_known, point.layers[i].operand);
    std::visit(expect_known, point.layers[i].arithmetic);
    std::visit(expect_known, point.layers[i].nonlinearity);
  }
}

}  // namespace edgeval
