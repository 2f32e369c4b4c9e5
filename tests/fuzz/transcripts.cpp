// Reads transcripts, and scores small ones. The first byte chooses the format (a: recognised from
// the content, s: one sentence on each line unless it is JSON, k t l n r: kaldi, trn, lines, nemo,
// run). References, the byte 0x1E and hypotheses follow. The number of errors must not depend on
// which of two texts is the reference, and the kinds of errors must add up to it.
#include "eval/score/text/transcripts.hpp"

#include <cmath>

#include "eval/score/metric.hpp"
#include "eval/score/metrics/bleu.hpp"
#include "eval/score/metrics/wer.hpp"
#include "eval/score/text/text_rules.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

namespace {

constexpr std::size_t kScored = 2048;  // bytes: the time grows with the square of a line's length

std::optional<TranscriptFormat> format_of(char letter) {
  for (const TranscriptFormat format : kTranscriptFormats)
    if (name(format)[0] == letter) return format;
  return std::nullopt;
}

void expect_counts(const std::string& reference, const std::string& hypothesis) {
  for (const EditCosts costs : {EditCosts::kUnit, EditCosts::kSclite}) {
    const Alignment alignment = align_words(reference, hypothesis, costs);
    const EditCounts counts = word_counts(reference, hypothesis, costs);
    fuzz::expect(alignment.counts == counts, "an alignment has the counts of its texts");
    fuzz::expect(alignment.pairs.size() == counts.reference + counts.insertions,
                 "an alignment has a pair for each word and insertion");
    fuzz::expect(counts.substitutions + counts.deletions <= counts.reference,
                 "no more words are wrong than there are");
  }
  const auto errors = [](const std::string& a, const std::string& b) {
    return word_counts(a, b).errors() + character_counts(a, b).errors();
  };
  fuzz::expect(errors(reference, hypothesis) == errors(hypothesis, reference),
               "errors are the same both ways");
}

void expect_scores(const TranscriptPair& pair) {
  const std::vector<std::vector<std::string>> references{pair.references};
  for (const bool lower : {false, true}) {
    MetricOptions options;
    options.bleu.lower_case = lower;
    options.bleu.tokenizer = lower ? Tokenizer::kIntl : Tokenizer::k13a;
    for (const std::vector<std::string>* names : {&kErrorMetrics, &kTextMetrics})
      for (const std::string& name : *names) {
        const Metric metric = measure(name, references, pair.hypotheses, options);
        const std::optional<double> score = metric.score(metric.statistics.sum());
        fuzz::expect(!score || (std::isfinite(*score) && *score >= 0), "a score is a number");
        fuzz::expect(!score || is_error_metric(name) || *score <= 100 + 1e-9,
                     "a score is at most 100");
      }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::bytes_of(data, size);
  if (input.empty()) return 0;
  const auto [first, second] = fuzz::halves(input.substr(1));
  const fuzz::File reference(first), hypothesis(second);
  fuzz::takes([&] {
    const Guess guess = input[0] == 's' ? Guess::kSentences : Guess::kAny;
    const TranscriptPair pair =
        read_transcripts(reference.path(), hypothesis.path(), format_of(input[0]), guess);
    fuzz::expect(
        pair.ids.size() == pair.references.size() && pair.ids.size() == pair.hypotheses.size(),
        "every utterance has an id, a reference and a hypothesis");
    if (size > kScored) return;
    for (std::size_t n = 0; n < pair.ids.size(); ++n)
      expect_counts(pair.references[n], pair.hypotheses[n]);
    expect_scores(pair);
    for (const LetterCase letters : {LetterCase::kLower, LetterCase::kUpper})
      for (const std::string& text : pair.references) {
        const std::string once = applied({letters, true}, text);
        expect_utf8(once, "a text after its rules");
      }
  });
  return 0;
}
