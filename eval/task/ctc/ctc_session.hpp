// Speech to text with a network trained with CTC: the largest output of every frame, repeats and
// blanks left out, scored by word, character and sentence errors.
#pragma once

#include "eval/task/speech_session.hpp"

namespace edgeval {

struct CtcOptions {
  TextRules text{};        // for transcripts and hypotheses, before errors are counted
  std::uint64_t seed = 0;  // of the bootstrap
};

class CtcSession : public SpeechSession {
 public:
  CtcSession(const Model& trained, data::TestSet set, const CtcOptions& options,
             const EngineChoice& choice, MakeEngine make = {});

  std::vector<std::string> metrics() const override { return kErrorMetrics; }
  Item item(Index number) const override;
  void score(PointResult& result) override;
  std::vector<std::string> notes() const override;
  std::vector<std::string> warnings(const PointResult& result) const override;
  TaskReport report(const Evaluation& evaluation) override;

 protected:
  Wanted wanted() const override { return {.best = true}; }
  std::string decode(const BatchResult& result, Index utterance) const override;

 private:
  const CtcOptions options_;
  const std::vector<std::string> tokens_;  // what they stand for in a text
  std::vector<std::string> references_;    // of every utterance, as they are scored
};

}  // namespace edgeval
