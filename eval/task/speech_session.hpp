// A session on a test set of speech. It makes features of the audio and runs an engine over them,
// frame by frame. How outputs become text, and how that is scored, is left to a task's subclass.
#pragma once

#include <functional>
#include <optional>

#include "eval/task/batches.hpp"
#include "eval/task/engine_choice.hpp"
#include "eval/task/networks.hpp"
#include "eval/task/session.hpp"

namespace edgeval {

class SpeechSession : public Session {
 public:
  using MakeEngine = std::function<std::unique_ptr<Engine>(std::shared_ptr<const Model>)>;

  // `choice` says which engine runs, how many threads compute features, where these are kept for
  // later runs, and how large a batch is.
  // `make`, if given, makes the engine instead.
  SpeechSession(std::shared_ptr<const Model> trained, data::TestSet set, const EngineChoice& choice,
                MakeEngine make = {});

  const Model& trained() const override { return networks_.trained(); }
  std::shared_ptr<const Model> network(const Weights& weights) override {
    return networks_.network(weights);
  }
  std::string device() override;
  std::vector<MatrixReport> matrices(const Weights& weights) override;
  Point resolve(const Policy& policy, const Profile* profile) override;
  Activity busiest(const Point& point) override;
  Index items() const override { return std::ssize(set().utterances); }
  Item item(Index number) const override;
  double audio_seconds() const override;
  double feature_seconds() const override { return feature_seconds_; }
  std::vector<std::vector<Index>> batches() override;
  std::unique_ptr<Prepared> prepare(const std::vector<Index>& items) override;
  void run(Prepared& prepared, std::span<const Point> points, OutcomeSink& sink,
           LayerObserver* observer = nullptr) override;
  std::vector<std::string> notes() const override { return plan_.notes; }
  std::vector<std::string> set_warnings() const override { return plan_.warnings; }
  std::vector<std::string> late_notes() const override;
  void read_all() override;
  nlohmann::ordered_json data() const override;

 protected:
  const data::TestSet& set() const { return audio_.set(); }
  // Says which part of an engine's result decode() reads at these points.
  virtual Wanted wanted(std::span<const Point> /*points*/) const { return {.outputs = true}; }
  // Returns what a result holds for one of its utterances, but for the activity.
  virtual Outcome decode(const BatchResult& result, Index utterance) const = 0;

 private:
  class Decoding;
  int threads() const;

  const EngineChoice choice_;
  const data::FeatureExtractor extractor_;
  Networks<Model, Engine> networks_;
  data::AudioReader audio_;
  std::optional<data::FeatureCache> cache_;
  BatchPlan plan_;
  double feature_seconds_ = 0;  // wall time of reading audio and computing features
};

}  // namespace edgeval
