#include "eval/task/translation_pipeline.hpp"

#include <algorithm>
#include <chrono>

#include "eval/score/perplexity.hpp"
#include "eval/task/batches.hpp"
#include "eval/task/progress.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

constexpr Index kCpuBatch = 512;      // more gain no speed and make progress jumpy
constexpr Index kGpuBatch = 1 << 14;  // what does not fit is halved

// What the sentences share: ids and pieces of the sources, the way back to text.
class Texts {
 public:
  Texts(const TranslationModel& model, const data::TextSet& set)
      : set_(set),
        source_(model.source),
        target_(model.target),
        ids_(source_sentences(source_, set)) {}

  const std::vector<Sentence>& ids() const { return ids_; }
  const data::Subwords& target() const { return target_; }

  std::string text(Index sentence, const Hypothesis& hypothesis, bool replace_unknown) const {
    const std::vector<Index> tokens(hypothesis.tokens.begin(), hypothesis.tokens.end());
    if (!replace_unknown || std::ranges::find(tokens, target_.config().unk) == tokens.end())
      return target_.decode(tokens);
    std::vector<std::string> pieces =
        source_.pieces_of(set_.sources[static_cast<std::size_t>(sentence)]);
    if (source_.config().bos) pieces.insert(pieces.begin(), "");
    if (source_.config().eos) pieces.emplace_back();
    std::vector<std::string> instead;
    for (Index position : hypothesis.attended)
      instead.push_back(pieces[static_cast<std::size_t>(position)]);
    return target_.decode(tokens, instead);
  }

 private:
  const data::TextSet& set_;
  const data::Subwords source_, target_;
  const std::vector<Sentence> ids_;
};

// Sentences that run together: of like length.
std::vector<std::vector<Index>> plan_batches(const std::vector<Sentence>& sentences, Index most) {
  std::vector<std::vector<Index>> batches;
  for (Index n : longest_first(sentences)) {
    if (batches.empty() || std::ssize(batches.back()) >= most) batches.emplace_back();
    batches.back().push_back(n);
  }
  return batches;
}

void run_part(const TranslationCandidate& candidate, const Texts& texts,
              const TranslationOptions& options, const std::vector<Index>& part,
              TranslationOutcome& outcome) {
  std::vector<Sentence> sentences;
  for (Index n : part) sentences.push_back(texts.ids()[static_cast<std::size_t>(n)]);
  const auto start = std::chrono::steady_clock::now();
  std::vector<Translation> translations =
      candidate.translator->run(sentences, candidate.point, candidate.search);
  outcome.seconds += seconds_since(start);
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto n = static_cast<std::size_t>(part[i]);
    for (const Hypothesis& hypothesis : translations[i].search.best)
      outcome.texts[n].push_back(texts.text(part[i], hypothesis, options.replace_unknown));
    outcome.translations[n] = std::move(translations[i]);
  }
}

std::optional<double> perplexity_of_references(const TranslationCandidate& candidate,
                                               const Texts& texts, const data::TextSet& set,
                                               const std::vector<std::vector<Index>>& batches) {
  std::vector<std::optional<ScoredSentence>> scored(set.sources.size());
  const auto score = [&](const std::vector<Index>& part) {
    std::vector<Sentence> sources;
    std::vector<std::vector<int>> targets;
    for (Index n : part) {
      sources.push_back(texts.ids()[static_cast<std::size_t>(n)]);
      const std::vector<Index> ids =
          texts.target().encode(set.references.front()[static_cast<std::size_t>(n)]);
      targets.emplace_back(ids.begin(), ids.end());
    }
    const std::vector<double> sums =
        candidate.translator->log_probabilities(sources, targets, candidate.point);
    for (std::size_t i = 0; i < part.size(); ++i)
      if (!sources[i].empty())
        scored[static_cast<std::size_t>(part[i])] = ScoredSentence{sums[i], std::ssize(targets[i])};
  };
  for (const std::vector<Index>& batch : batches) run_in_parts(batch, score);
  std::vector<ScoredSentence> in_order;  // of the set, whatever the batches
  for (const std::optional<ScoredSentence>& sentence : scored)
    if (sentence) in_order.push_back(*sentence);
  return reference_perplexity(in_order);
}

void score(const data::TextSet& set, const TranslationOptions& options,
           TranslationOutcome& outcome) {
  std::vector<ScoredSentence> scored;
  for (const Translation& translation : outcome.translations) {
    const Hypothesis& best = translation.search.best.front();
    scored.push_back({static_cast<double>(best.log_probability), std::ssize(best.tokens)});
    if (!translation.activity.layers.empty()) outcome.total += translation.activity;
    outcome.counts += translation.search.counts;
  }
  outcome.predicted_perplexity = predicted_perplexity(scored);
  if (set.references.empty()) return;
  outcome.metrics = measure_all({"bleu", "chrf", "exact"}, set.references, outcome.hypotheses(), {},
                                options.seed);
}

}  // namespace

std::vector<std::string> TranslationOutcome::hypotheses() const {
  std::vector<std::string> best;
  for (const std::vector<std::string>& each : texts) best.push_back(each.front());
  return best;
}

std::vector<Sentence> source_sentences(const data::Subwords& source, const data::TextSet& set) {
  std::vector<Sentence> sentences;
  for (const std::string& line : set.sources) {
    Sentence& ids = sentences.emplace_back(source.encode(line));
    if (ids.empty()) continue;
    if (source.config().bos) ids.insert(ids.begin(), *source.config().bos);
    if (source.config().eos) ids.push_back(*source.config().eos);
  }
  EDGEVAL_EXPECTS(std::ranges::any_of(sentences, [](const Sentence& ids) { return !ids.empty(); }),
                  set.path.string(), ": holds no words");
  return sentences;
}

CutOff cut_off(const TranslationOutcome& outcome) {
  CutOff cut;
  for (const Translation& translation : outcome.translations) {
    if (translation.search.counts.steps == 0) continue;  // a line without words
    ++cut.of;
    cut.sentences += !translation.search.best.front().ended;
  }
  return cut;
}

TranslationEvaluation evaluate(const TranslationModel& model, const data::TextSet& set,
                               const std::vector<TranslationCandidate>& candidates,
                               const TranslationOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const Texts texts(model, set);
  TranslationEvaluation evaluation;
  for (const Sentence& ids : texts.ids()) evaluation.source_tokens.push_back(std::ssize(ids));
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    TranslationOutcome& outcome = evaluation.outcomes.emplace_back();
    outcome.texts.resize(set.sources.size());
    outcome.translations.resize(set.sources.size());
  }
  Progress progress("sentences", set.sentences(), options.quiet);
  const bool on_gpu = candidates.at(0).translator->on_gpu();
  const Index most = options.batch > 0 ? options.batch : on_gpu ? kGpuBatch : kCpuBatch;
  const std::vector<std::vector<Index>> batches = plan_batches(texts.ids(), most);
  for (const std::vector<Index>& batch : batches) {
    for (std::size_t c = 0; c < candidates.size(); ++c)
      run_in_parts(batch, [&](const std::vector<Index>& part) {
        run_part(candidates[c], texts, options, part, evaluation.outcomes[c]);
      });
    progress.advance(std::ssize(batch));
  }
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    score(set, options, evaluation.outcomes[c]);
    if (options.reference_perplexity && !set.references.empty())
      evaluation.outcomes[c].reference_perplexity =
          perplexity_of_references(candidates[c], texts, set, batches);
  }
  evaluation.total_seconds = seconds_since(start);
  return evaluation;
}

}  // namespace edgeval
