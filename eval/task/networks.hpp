// Keeps a network under every choice of the weights axis that was asked for, each with a runner. A
// transformed network and its runner are made when they are first asked for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eval/policy/choices.hpp"
#include "host/model/transform.hpp"

namespace edgeval {

// Network is Model or TranslationModel. Runner is what runs one and shares it: a pointer to an
// Engine, or a Translator.
template <class Network, class Runner>
class Networks {
 public:
  using Start = std::function<Runner(std::shared_ptr<const Network>)>;

  Networks(std::shared_ptr<const Network> trained, Start start)
      : trained_(std::move(trained)), start_(std::move(start)) {}

  const Network& trained() const { return *trained_; }
  const Network& network(const Weights& weights) { return *loaded(weights).network; }
  const std::vector<MatrixReport>& matrices(const Weights& weights) {
    return loaded(weights).matrices;
  }
  Runner& runner(const Weights& weights) {
    Loaded& at = loaded(weights);
    if (!at.runner) at.runner.emplace(start_(at.network));
    return *at.runner;
  }

 private:
  struct Loaded {
    std::shared_ptr<const Network> network;
    std::vector<MatrixReport> matrices;
    std::optional<Runner> runner;
  };

  Loaded& loaded(const Weights& weights) {
    const std::string key = choice_to_json(weights).dump();
    if (const auto known = loaded_.find(key); known != loaded_.end()) return known->second;
    auto [network, matrices] = transform(*trained_, weights);
    Loaded fresh{std::make_shared<const Network>(std::move(network)), std::move(matrices), {}};
    return loaded_.emplace(key, std::move(fresh)).first->second;
  }

  const std::shared_ptr<const Network> trained_;
  const Start start_;
  std::map<std::string, Loaded> loaded_;  // by the choice with all its parameters as JSON
};

}  // namespace edgeval
