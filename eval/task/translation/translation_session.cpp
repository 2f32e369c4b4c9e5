#include "eval/task/translation/translation_session.hpp"

#include <algorithm>
#include <numeric>

#include "eval/score/metrics/perplexity.hpp"
#include "eval/task/batches.hpp"
#include "eval/task/warnings.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

// A larger batch gains no speed on the CPU and makes the progress bar jump. On a GPU a batch that
// does not fit the memory is halved.
constexpr Index kCpuBatch = 512;
constexpr Index kGpuBatch = 1 << 14;

struct PreparedSentences : Prepared {
  explicit PreparedSentences(const std::vector<Index>& those) : items(those) {}
  const std::vector<Index> items;
  std::vector<Sentence> ids;
};

// Makes outcomes of translations and hands them on.
class Outcomes final : public TranslationSink {
 public:
  // `items` are the numbers of the translated sentences in the set, `numbers` those of the
  // translator's points in the session's call.
  Outcomes(const TranslationSession& session, const std::vector<Index>& items,
           std::span<const Index> numbers, OutcomeSink& sink)
      : session_(session), items_(items), numbers_(numbers), sink_(sink) {}

  void receive(Index point, std::vector<Translation>&& translations) override {
    for (std::size_t i = 0; i < translations.size(); ++i) {
      Outcome outcome;
      for (const Hypothesis& hypothesis : translations[i].search.best)
        outcome.texts.push_back(session_.text(items_[i], hypothesis));
      outcome.activity = std::move(translations[i].activity);
      outcome.search = std::move(translations[i].search);
      sink_.receive(numbers_.subspan(static_cast<std::size_t>(point), 1), static_cast<Index>(i),
                    std::move(outcome));
    }
  }

 private:
  const TranslationSession& session_;
  const std::vector<Index>& items_;
  const std::span<const Index> numbers_;
  OutcomeSink& sink_;
};

std::optional<double> perplexity_of_hypotheses(const PointResult& result) {
  std::vector<ScoredSentence> scored;
  for (const Outcome& outcome : result.items) {
    const Hypothesis& best = outcome.search->best.front();
    scored.push_back({static_cast<double>(best.log_probability), std::ssize(best.tokens)});
  }
  return predicted_perplexity(scored);
}

Figure perplexity_figure(std::optional<double> predicted, std::optional<double> of_reference) {
  std::string text;
  if (predicted) text = concat("perplexity of the hypotheses ", fixed(*predicted, 3));
  if (of_reference)
    text += concat(predicted ? "," : "perplexity", " of the reference ", fixed(*of_reference, 3));
  return {"perplexity",
          {{"predicted", or_null(predicted)}, {"reference", or_null(of_reference)}},
          text};
}

// Returns the ids of every line, with bos and eos where the model wants them. A line without words
// has no ids. Throws Error when no line has words.
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

}  // namespace

TranslationSession::TranslationSession(std::shared_ptr<const TranslationModel> trained,
                                       data::TextSet set, const TranslationOptions& options,
                                       const EngineChoice& choice)
    : set_(std::move(set)),
      options_(options),
      choice_(choice),
      source_(trained->source),
      target_(trained->target),
      ids_(source_sentences(source_, set_)),
      networks_(std::move(trained), [choice](const auto& model) {
        return std::make_shared<Translator>(make_translator(model, choice));
      }) {}

std::string TranslationSession::device() { return networks_.runner()->device(); }

std::vector<MatrixReport> TranslationSession::matrices(const Weights& weights) {
  return networks_.matrices(weights);
}

Point TranslationSession::resolve(const Policy& policy, const Profile* profile) {
  OperatingPoint layers = resolve_without_weights(policy, trained(), profile, BeamUse::kSearch);
  networks_.expect_fit(policy.weights, layers);
  SearchOptions search = options_.search;
  search.beam = resolve_beam(policy, profile);
  const int widest = widest_of(search.beam);
  EDGEVAL_EXPECTS(search.n_best <= widest, "--n-best ", search.n_best, ": the beam is only ",
                  widest, " wide");
  EDGEVAL_EXPECTS(search.shortest < search.longest, "--min-length ", search.shortest,
                  ": must be below --max-length ", search.longest);
  return {policy.weights, std::move(layers), search};
}

Activity TranslationSession::busiest(const Point& point) {
  return networks_.runner()->busiest(point.layers, 2, networks_.sizes(point.weights));
}

Item TranslationSession::item(Index number) const {
  const auto n = static_cast<std::size_t>(number);
  Item item{.id = concat(number + 1), .source = set_.sources[n], .length = std::ssize(ids_[n])};
  for (const std::vector<std::string>& references : set_.references)
    item.references.push_back(references[n]);
  return item;
}

// The sentences of a batch have about the same length.
std::vector<std::vector<Index>> TranslationSession::batches() {
  const Index most = choice_.batch > 0    ? choice_.batch
                     : takes_gpu(choice_) ? kGpuBatch * devices_of(choice_)
                                          : kCpuBatch;
  std::vector<std::vector<Index>> batches;
  for (Index n : longest_first(ids_)) {
    if (batches.empty() || std::ssize(batches.back()) >= most) batches.emplace_back();
    batches.back().push_back(n);
  }
  return batches;
}

// The groups are the same whatever --batch says, so that sums of floating-point numbers are, too.
std::vector<std::vector<Index>> TranslationSession::observed_batches() {
  constexpr Index kGroup = 256;
  std::vector<std::vector<Index>> groups;
  for (Index n = 0; n < items(); ++n) {
    if (n % kGroup == 0) groups.emplace_back();
    groups.back().push_back(n);
  }
  return groups;
}

std::unique_ptr<Prepared> TranslationSession::prepare(const std::vector<Index>& items) {
  auto prepared = std::make_unique<PreparedSentences>(items);
  for (Index n : items) prepared->ids.push_back(ids_[static_cast<std::size_t>(n)]);
  return prepared;
}

void TranslationSession::run(Prepared& prepared, std::span<const Point> points, OutcomeSink& sink,
                             LayerObserver* observer) {
  const auto& sentences = static_cast<const PreparedSentences&>(prepared);
  for (const std::vector<Index>& numbers : by_weights(points)) {
    const auto at = [&](Index number) -> const Point& {
      return points[static_cast<std::size_t>(number)];
    };
    std::vector<SearchPoint> searches;
    for (const Index number : numbers) searches.push_back({at(number).layers, *at(number).search});
    Outcomes outcomes(*this, sentences.items, numbers, sink);
    networks_.runner(at(numbers.front()).weights)->run(sentences.ids, searches, outcomes, observer);
  }
}

std::string TranslationSession::text(Index sentence, const Hypothesis& hypothesis) const {
  const std::vector<Index> tokens(hypothesis.tokens.begin(), hypothesis.tokens.end());
  if (!options_.replace_unknown || std::ranges::find(tokens, target_.config().unk) == tokens.end())
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

std::optional<double> TranslationSession::perplexity_of_references(const Point& point) {
  const std::shared_ptr<Translator> translator = networks_.runner(point.weights);
  std::vector<std::optional<ScoredSentence>> scored(set_.sources.size());
  const auto score = [&](const std::vector<Index>& part) {
    std::vector<Sentence> sources;
    std::vector<std::vector<int>> targets;
    for (Index n : part) {
      sources.push_back(ids_[static_cast<std::size_t>(n)]);
      const std::vector<Index> ids =
          target_.encode(set_.references.front()[static_cast<std::size_t>(n)]);
      targets.emplace_back(ids.begin(), ids.end());
    }
    const std::vector<double> sums = translator->log_probabilities(sources, targets, point.layers);
    for (std::size_t i = 0; i < part.size(); ++i)
      if (!sources[i].empty())
        scored[static_cast<std::size_t>(part[i])] = ScoredSentence{sums[i], std::ssize(targets[i])};
  };
  for (const std::vector<Index>& batch : batches()) run_in_parts(batch, score);
  std::vector<ScoredSentence> in_order;  // in the order of the set, whatever the batches are
  for (const std::optional<ScoredSentence>& sentence : scored)
    if (sentence) in_order.push_back(*sentence);
  return reference_perplexity(in_order);
}

void TranslationSession::score(PointResult& result) {
  const std::optional<double> predicted = perplexity_of_hypotheses(result);
  std::optional<double> of_reference;
  if (!set_.references.empty()) {
    result.metrics =
        measure_all(metrics(), set_.references, result.hypotheses(), {}, options_.seed);
    if (options_.reference_perplexity) of_reference = perplexity_of_references(result.point);
  }
  result.figures.push_back(perplexity_figure(predicted, of_reference));
}

std::vector<Metric> TranslationSession::measure(std::span<const Index> items,
                                                std::span<const std::string> hypotheses) const {
  std::vector<Metric> measured;
  if (set_.references.empty()) return measured;
  std::vector<std::vector<std::string>> references;
  for (const std::vector<std::string>& all : set_.references) {
    std::vector<std::string>& some = references.emplace_back();
    for (const Index n : items) some.push_back(all[static_cast<std::size_t>(n)]);
  }
  for (const std::string& metric : metrics())
    measured.push_back(edgeval::measure(metric, references, hypotheses, {}));
  return measured;
}

// Warns when no hypothesis ended, as happens when the model's end token is not that of its
// training, and when a dynamic beam was never narrower than the fixed one, as happens when its
// limits suit other scores.
std::vector<std::string> TranslationSession::warnings(const PointResult& result) const {
  std::vector<std::string> warnings;
  const CutOff cut = result.cut_off();
  if (cut.items > 0 && cut.items == cut.of)
    warnings.push_back(
        concat("every hypothesis was cut off at --max-length ", result.point.search->longest,
               "; are the vocabulary's ids, its end token above all, those of the training?"));
  for (std::string& warning : beam_warnings(result.point.search->beam, *result.search()))
    warnings.push_back(std::move(warning));
  return warnings;
}

nlohmann::ordered_json TranslationSession::data() const {
  Index tokens = 0;
  for (const Sentence& ids : ids_) tokens += std::ssize(ids);
  nlohmann::ordered_json data{{"path", set_.path.string()},
                              {"references", nlohmann::ordered_json::array()},
                              {"sha256", data::text_set_sha256(set_)},
                              {"sentences", set_.sentences()},
                              {"source_tokens", tokens}};
  for (const std::filesystem::path& path : set_.reference_paths)
    data["references"].push_back(path.string());
  return data;
}

nlohmann::ordered_json TranslationSession::choices() const {
  const SearchOptions& search = options_.search;
  nlohmann::ordered_json choices{
      {"search",
       {{"max_length", search.longest},
        {"min_length", search.shortest},
        {"n_best", search.n_best},
        {"length_penalty", kLengthPenaltyNames[static_cast<std::size_t>(search.penalty)]},
        {"alpha", search.alpha}}}};
  if (options_.replace_unknown) choices["search"]["replace_unknown"] = true;
  return choices;
}

}  // namespace edgeval
