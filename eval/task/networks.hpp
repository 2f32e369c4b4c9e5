// Keeps a network as trained, and makes it under the choices of the weights axis that are asked
// for, each with a runner. Only the last transformed network is kept, so that memory does not grow
// with the choices; what a caller holds stays valid. Of every choice a few numbers are remembered.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.hpp"
#include "host/engine/engine.hpp"
#include "host/model/transform.hpp"

namespace edgeval {

// Network is Model or TranslationModel. Runner is what runs one and shares it: an Engine or a
// Translator.
template <class Network, class Runner>
class Networks {
 public:
  using Start = std::function<std::shared_ptr<Runner>(std::shared_ptr<const Network>)>;

  Networks(std::shared_ptr<const Network> trained, Start start)
      : trained_(std::move(trained)), start_(std::move(start)) {}

  const Network& trained() const { return *trained_; }
  std::shared_ptr<const Network> network(const Weights& weights) {
    return is_neutral(weights) ? trained_ : transformed(weights).network;
  }
  std::vector<MatrixReport> matrices(const Weights& weights) {
    return is_neutral(weights) ? transform(*trained_, weights).matrices
                               : transformed(weights).matrices;
  }
  // The runner of the network as trained is always kept.
  std::shared_ptr<Runner> runner(const Weights& weights = Neutral<Weights>{}) {
    std::shared_ptr<Runner>& runner =
        is_neutral(weights) ? trained_runner_ : transformed(weights).runner;
    if (runner == nullptr) runner = start_(network(weights));
    return runner;
  }

  // Returns the sizes of the weights of each layer and direction (layer_sizes). Transforms nothing
  // when the choice was transformed before.
  std::vector<CompressedSize> sizes(const Weights& weights) {
    if (is_neutral(weights)) return layer_sizes(model_of(*trained_));
    const auto known = sizes_.find(choice_numbers(weights));
    return known != sizes_.end() ? known->second : layer_sizes(model_of(*network(weights)));
  }

  // Throws Error as check_weights does when a weight is too large for the point's integers. Each
  // choice of weights is read once for the same widths.
  void expect_fit(const Weights& weights, const OperatingPoint& point) {
    std::vector<double> key = choice_numbers(weights);
    bool has_integers = false;
    for (const LayerPolicy& layer : point.layers) {
      const int bits =
          std::visit([](const auto& arithmetic) { return arithmetic.kBits; }, layer.arithmetic);
      has_integers = has_integers || bits != 32;
      key.push_back(bits);
    }
    if (!has_integers) return;
    auto known = refusals_.find(key);
    if (known == refusals_.end()) {
      std::string refusal;
      try {
        check_weights(model_of(*network(weights)), point);
      } catch (const Error& error) {
        refusal = error.what();
      }
      known = refusals_.emplace(std::move(key), std::move(refusal)).first;
    }
    if (!known->second.empty()) throw Error(known->second);
  }

 private:
  struct Transformed {
    std::vector<double> choice;
    std::shared_ptr<const Network> network;
    std::vector<MatrixReport> matrices;
    std::shared_ptr<Runner> runner;
  };

  static const Model& model_of(const Model& network) { return network; }
  static const Model& model_of(const TranslationModel& network) { return network.network; }

  Transformed& transformed(const Weights& weights) {
    std::vector<double> choice = choice_numbers(weights);
    if (last_ && last_->choice == choice) return *last_;
    last_.reset();  // first, so that no two are held
    auto [network, matrices] = transform(*trained_, weights);
    sizes_.try_emplace(choice, layer_sizes(model_of(network)));
    return last_.emplace(Transformed{std::move(choice),
                                     std::make_shared<const Network>(std::move(network)),
                                     std::move(matrices),
                                     {}});
  }

  const std::shared_ptr<const Network> trained_;
  const Start start_;
  std::shared_ptr<Runner> trained_runner_;
  std::optional<Transformed> last_;
  // By the numbers of the choice of weights.
  std::map<std::vector<double>, std::vector<CompressedSize>> sizes_;
  // What check_weights said, by the numbers of the choice and the bits of each layer.
  std::map<std::vector<double>, std::string> refusals_;
};

}  // namespace edgeval
