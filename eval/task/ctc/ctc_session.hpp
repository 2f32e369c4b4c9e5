// Recognises speech with a network that was trained with CTC. Greedy decoding takes the largest
// output of every frame and drops repeats and blanks; where the policy has a beam, a prefix beam
// search finds the text. It is scored by word, character and sentence errors.
#pragma once

#include "eval/task/speech_session.hpp"

namespace edgeval {

struct CtcOptions {
  TextRules text{};        // applied to transcripts and hypotheses before errors are counted
  std::uint64_t seed = 0;  // seed of the bootstrap
};

class CtcSession : public SpeechSession {
 public:
  CtcSession(std::shared_ptr<const Model> trained, data::TestSet set, const CtcOptions& options,
             const EngineChoice& choice, MakeEngine make = {});

  // A policy's beam makes a prefix beam search of the decoding.
  Point resolve(const Policy& policy, const Profile* profile) override;
  std::vector<std::string> metrics() const override { return kErrorMetrics; }
  Item item(Index number) const override;
  void score(PointResult& result) override;
  std::vector<Metric> measure(std::span<const Index> items,
                              std::span<const std::string> hypotheses) const override;
  std::vector<std::string> notes() const override;
  std::vector<std::string> warnings(const PointResult& result) const override;
  nlohmann::ordered_json choices() const override;

 protected:
  Wanted wanted(std::span<const Point> points) const override;
  Outcome decode(const BatchResult& result, Index utterance) const override;

 private:
  Outcome searched(const CtcSearch& found) const;
  // Returns the text of tokens as it is scored.
  std::string text_of(const std::vector<int>& ids) const;

  const CtcOptions options_;
  const std::vector<std::string> tokens_;  // the text that each token stands for
  std::vector<std::string> references_;    // transcript of each utterance, as it is scored
};

}  // namespace edgeval
