// Translates sentences. Text becomes ids of tokens, a beam search finds hypotheses, and their text
// is scored against the references where there are any.
#pragma once

#include "datasets/text/subwords.hpp"
#include "datasets/text/text_set.hpp"
#include "eval/task/engine_choice.hpp"
#include "eval/task/networks.hpp"
#include "eval/task/session.hpp"

namespace edgeval {

struct TranslationOptions {
  SearchOptions search{};  // all options of the search but the beam, which the policy gives
  // Whether the source's piece at the position with the greatest attention replaces an unknown
  // word.
  bool replace_unknown = false;
  // Whether the perplexity of the first reference is measured, in a pass of its own.
  bool reference_perplexity = false;
  std::uint64_t seed = 0;  // seed of the bootstrap
};

class TranslationSession : public Session {
 public:
  // `choice` says which engine runs and how large a batch is. Throws Error when no sentence of the
  // set holds a word.
  TranslationSession(std::shared_ptr<const TranslationModel> trained, data::TextSet set,
                     const TranslationOptions& options, const EngineChoice& choice);

  const Model& trained() const override { return networks_.trained().network; }
  std::shared_ptr<const Model> network(const Weights& weights) override {
    return network_of(networks_.network(weights));
  }
  std::string device() override;
  std::vector<MatrixReport> matrices(const Weights& weights) override;
  Point resolve(const Policy& policy, const Profile* profile) override;
  Activity busiest(const Point& point) override;
  std::vector<std::string> metrics() const override { return {"bleu", "chrf", "exact"}; }
  Index items() const override { return set_.sentences(); }
  Item item(Index number) const override;
  std::vector<std::vector<Index>> batches() override;
  std::vector<std::vector<Index>> observed_batches() override;
  std::unique_ptr<Prepared> prepare(const std::vector<Index>& items) override;
  void run(Prepared& prepared, std::span<const Point> points, OutcomeSink& sink,
           LayerObserver* observer = nullptr) override;
  void score(PointResult& result) override;
  std::vector<Metric> measure(std::span<const Index> items,
                              std::span<const std::string> hypotheses) const override;
  std::vector<std::string> warnings(const PointResult& result) const override;
  nlohmann::ordered_json data() const override;
  nlohmann::ordered_json choices() const override;
  const char* only_of_a_run() const override {
    return options_.reference_perplexity ? "--reference-perplexity" : nullptr;
  }

  // Returns the text of a hypothesis of the sentence with this number. Under --replace-unknown the
  // source's piece at the position with the greatest attention stands for each unknown word.
  std::string text(Index sentence, const Hypothesis& hypothesis) const;

 private:
  std::optional<double> perplexity_of_references(const Point& point);

  const data::TextSet set_;
  const TranslationOptions options_;
  const EngineChoice choice_;
  const data::Subwords source_, target_;
  const std::vector<Sentence> ids_;  // ids of each source sentence
  Networks<TranslationModel, Translator> networks_;
};

}  // namespace edgeval
