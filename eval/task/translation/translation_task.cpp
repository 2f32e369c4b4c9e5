// The task "translation" turns sentences into sentences of another language.
#include <algorithm>

#include "eval/task/task.hpp"
#include "eval/task/translation/translation_session.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

class TranslationTask : public Task {
 public:
  const TaskInfo& info() const override {
    static const TaskInfo info{.models = "translation",
                               .data = "for a translation model a file of text",
                               .group = "Translation",
                               .item = "sentence",
                               .length = "source_tokens",
                               .writes_hypotheses = true,
                               .searches = true};
    return info;
  }
  bool takes(const AnyModel& model) const override {
    return std::holds_alternative<std::shared_ptr<const TranslationModel>>(model);
  }

  void options(TaskOptions& options) override {
    SearchOptions& search = chosen_.search;
    options.files("--reference", references_,
                  "Translations of the --data, line by line; repeat for several");
    options.integer("--max-length", search.longest, 1, 100'000,
                    "Tokens of a hypothesis at most, its end included");
    options.integer("--min-length", search.shortest, 0, 100'000,
                    "Tokens of a hypothesis before it may end");
    options.integer("--n-best", search.n_best, 1, kWidestBeam,
                    "Hypotheses of each sentence in utterances.jsonl");
    options.word("--length-penalty", penalty_,
                 {std::begin(kLengthPenaltyNames), std::end(kLengthPenaltyNames)},
                 "Divides a hypothesis's score: none, wu or avg");
    options.number("--alpha", search.alpha, 0, 100, "A", "Exponent of the length penalty wu");
    options.flag("--replace-unknown", chosen_.replace_unknown,
                 "Replace an unknown word by the word of the source with the greatest attention");
    options.flag("--reference-perplexity", chosen_.reference_perplexity,
                 "Also measure the perplexity of the reference");
  }

  std::unique_ptr<Session> open(const AnyModel& model, const Request& request) const override {
    TranslationOptions options = chosen_;
    const auto penalty = std::ranges::find(kLengthPenaltyNames, penalty_);
    options.search.penalty = static_cast<LengthPenalty>(penalty - std::begin(kLengthPenaltyNames));
    EDGEVAL_EXPECTS(
        options.search.penalty == LengthPenalty::kWu ||
            options.search.alpha == SearchOptions{}.alpha,
        "--alpha ", options.search.alpha,
        ": has an effect with --length-penalty wu alone; give that, or leave --alpha out");
    options.seed = request.seed;
    return std::make_unique<TranslationSession>(
        std::get<std::shared_ptr<const TranslationModel>>(model), open_texts(request.data), options,
        request.engine);
  }

 private:
  data::TextSet open_texts(const DataChoice& data) const {
    EDGEVAL_EXPECTS(data.selection.split.empty() && data.selection.ids.empty(), data.path,
                    ": a file of text has no parts and no ids; leave --split and --utterance out");
    EDGEVAL_EXPECTS(data.selection.kinds == data::AudioKinds::kChecked, data.path,
                    ": a file of text holds no audio; leave --any-audio out");
    data::TextSet set = data::open_text_set(data.path, {references_.begin(), references_.end()},
                                            data.selection.limit, data.budget.bytes());
    EDGEVAL_EXPECTS(!chosen_.reference_perplexity || !set.references.empty(),
                    "--reference-perplexity wants a --reference to measure");
    return set;
  }

  TranslationOptions chosen_;
  std::vector<std::string> references_;  // paths of the files
  std::string penalty_ = "none";
};

}  // namespace

std::unique_ptr<Task> make_translation_task() { return std::make_unique<TranslationTask>(); }

}  // namespace edgeval
