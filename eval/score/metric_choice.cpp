#include "eval/score/metric_choice.hpp"

#include <algorithm>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

std::optional<TranscriptFormat> named_format(const std::string& wanted) {
  for (const TranscriptFormat format : kTranscriptFormats)
    if (wanted == name(format)) return format;
  return std::nullopt;
}

std::size_t place(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

}  // namespace

bool MetricChoice::wants(const std::string& metric) const {
  return std::ranges::find(metrics, metric) != metrics.end();
}

bool MetricChoice::wants_any(const std::vector<std::string>& of) const {
  return std::ranges::any_of(of, [&](const std::string& metric) { return wants(metric); });
}

MetricOptions MetricChoice::rules() const {
  MetricOptions options{.costs = align == "sclite" ? EditCosts::kSclite : EditCosts::kUnit,
                        .text = text};
  options.bleu = {.tokenizer = static_cast<Tokenizer>(place(kTokenizerNames, tokenize)),
                  .smoothing = static_cast<Smoothing>(place(kSmoothingNames, smooth)),
                  .smoothing_value = smooth_value,
                  .lower_case = lower_case,
                  .effective_order = effective_order};
  EDGEVAL_EXPECTS(!smooth_value || smooth == "floor" || smooth == "add-k", "--smooth-value ",
                  *smooth_value, ": --smooth ", smooth, " takes no value; floor and add-k do");
  return options;
}

void MetricChoice::expect_rules_fit() const {
  const MetricChoice standard;
  const bool bleu = wants("bleu"), scores = bleu || wants_any({"chrf", "chrf++"});
  const auto expect_use = [](bool given, const char* option, bool used, const char* metrics_of,
                             const char* cure = "leave it out, or name one with --metric") {
    EDGEVAL_EXPECTS(!given || used, option, " concerns ", metrics_of,
                    " alone, and no such metric is counted here; ", cure);
  };
  expect_use(align != standard.align, "--align", wants_any(kAlignedMetrics),
             "wer, cer, ser or symbol");
  expect_use(tokenize != standard.tokenize, "--tokenize", bleu, "bleu");
  expect_use(smooth != standard.smooth, "--smooth", bleu, "bleu");
  expect_use(smooth_value.has_value(), "--smooth-value", bleu, "bleu");
  expect_use(effective_order, "--effective-order", bleu, "bleu");
  expect_use(lower_case, "--lower-case", scores, "bleu, chrf or chrf++",
             "other metrics have --case lower");
  if (!text.changes_anything()) return;
  for (const MetricKind& kind : kMetricKinds)
    EDGEVAL_EXPECTS(!kind.as_sacrebleu || !wants(std::string(kind.name)),
                    "--case and --normalize are of error rates and exact; ", kind.name,
                    " is counted as sacrebleu does, with --lower-case or without");
}

std::vector<TranscriptPair> MetricChoice::read(const std::string& hypothesis) const {
  const Guess guess =
      wants_any(kTextMetrics) && !wants_any(kAlignedMetrics) ? Guess::kSentences : Guess::kAny;
  for (const std::string& metric : metrics)
    EDGEVAL_EXPECTS(references.size() == 1 || !is_error_metric(metric), "--metric ", metric,
                    ": takes one --reference, ", references.size(), " were given; ",
                    who_takes_several());
  expect_rules_fit();
  std::vector<TranscriptPair> pairs;
  for (const std::string& reference : references) {
    TranscriptPair pair =
        read_transcripts(reference, hypothesis, named_format(input_format), guess, budget.bytes());
    const TranscriptFormat format = pair.reference_format;
    EDGEVAL_EXPECTS(references.size() == 1 || format == TranscriptFormat::kLines, reference,
                    ": reads as ", name(format), ": several references are wanted as plain lines");
    pair.references = applied(text, std::move(pair.references));
    pair.hypotheses = applied(text, std::move(pair.hypotheses));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

std::vector<std::vector<std::string>> references_of(const std::vector<TranscriptPair>& pairs) {
  std::vector<std::vector<std::string>> references;
  for (const TranscriptPair& pair : pairs) references.push_back(pair.references);
  return references;
}

}  // namespace edgeval
