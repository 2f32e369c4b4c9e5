#include "eval/task/pipeline.hpp"

#include <chrono>
#include <numeric>

#include "eval/score/text/space_note.hpp"
#include "eval/task/batches.hpp"
#include "eval/task/progress.hpp"
#include "host/core/error.hpp"
#include "host/core/parallel.hpp"
#include "host/engine/ctc.hpp"

namespace edgeval {
namespace {

// tokens: what the model's stand for in a text.
void run_batch(const Model& model, const std::vector<std::string>& tokens,
               const Candidate& candidate, const Ragged<float>& features,
               const std::vector<Index>& batch, Outcome& outcome) {
  BatchResult result = candidate.engine->run(features, candidate.point);
  for (Index lane = 0; lane < features.sequences(); ++lane) {
    const Index n = batch[lane];
    outcome.hypotheses[n] =
        tokens_to_text(ctc_greedy(result.outputs.sequence(lane), model.blank), tokens);
    outcome.activity[n] = std::move(result.activity[lane]);
  }
}

}  // namespace

Index Evaluation::total_frames() const {
  return std::accumulate(frames.begin(), frames.end(), Index{0});
}

double Evaluation::audio_seconds() const {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

Evaluation evaluate(const Model& model, const data::TestSet& set, Engine& engine,
                    const std::vector<OperatingPoint>& points, const EvaluationOptions& options) {
  std::vector<Candidate> candidates;
  for (const OperatingPoint& point : points) candidates.push_back({&engine, point});
  return evaluate(model, set, candidates, options);
}

Evaluation evaluate(const Model& model, const data::TestSet& set,
                    const std::vector<Candidate>& candidates, const EvaluationOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const int threads = options.threads > 0 ? options.threads : hardware_threads();
  const data::FeatureExtractor extractor(model.frontend);
  const BatchPlan plan = plan_batches(set, model, extractor, options.batch);

  const std::vector<std::string> tokens = token_texts(model.tokens);

  Evaluation evaluation;
  evaluation.frames = plan.frames;
  evaluation.seconds = plan.seconds;
  evaluation.notes = plan.notes;
  evaluation.warnings = plan.warnings;
  for (std::size_t p = 0; p < candidates.size(); ++p) {
    Outcome& outcome = evaluation.outcomes.emplace_back();
    outcome.hypotheses.resize(set.utterances.size());
    outcome.activity.resize(set.utterances.size());
  }

  data::AudioReader audio(set, model.frontend.sample_rate);
  Progress progress("utterances", static_cast<Index>(set.utterances.size()), options.quiet);
  for (const std::vector<Index>& batch : plan.batches) {
    run_in_parts(batch, [&](const std::vector<Index>& part) {
      const auto part_start = std::chrono::steady_clock::now();
      const Ragged<float> features = batch_features(audio, part, plan, extractor, threads);
      evaluation.feature_seconds += seconds_since(part_start);
      for (std::size_t p = 0; p < candidates.size(); ++p) {
        const auto point_start = std::chrono::steady_clock::now();
        run_batch(model, tokens, candidates[p], features, part, evaluation.outcomes[p]);
        evaluation.outcomes[p].seconds += seconds_since(point_start);
      }
    });
    progress.advance(static_cast<Index>(batch.size()));
  }

  evaluation.data_sha256 = audio.sha256();
  for (const data::Utterance& utterance : set.utterances)
    evaluation.references.push_back(applied(options.text, utterance.text));
  if (std::string note = space_note(set.path.string(), evaluation.references, "transcript");
      !note.empty())
    evaluation.notes.push_back(std::move(note));
  for (Outcome& outcome : evaluation.outcomes) {
    outcome.hypotheses = applied(options.text, std::move(outcome.hypotheses));
    outcome.alignments = align_all(evaluation.references, outcome.hypotheses, EditCosts::kUnit);
    outcome.metrics = measure_all(kErrorMetrics, {&evaluation.references, 1}, outcome.hypotheses,
                                  {.text = options.text}, options.seed, outcome.alignments);
    for (const Activity& activity : outcome.activity) outcome.total += activity;
  }
  evaluation.total_seconds = seconds_since(start);
  return evaluation;
}

}  // namespace edgeval
