#include "eval/score/metrics/bleu.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/score/metrics/chrf.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/number_text.hpp"
#include "tests/support/paths.hpp"

namespace edgeval {
namespace {

using Strings = std::vector<std::string>;

std::vector<double> sums(const std::vector<Strings>& references, const Strings& hypotheses,
                         const BleuOptions& options = {}) {
  return bleu_statistics(references, hypotheses, options).sum();
}

double bleu(const std::vector<Strings>& references, const Strings& hypotheses,
            const BleuOptions& options = {}) {
  return bleu_score(sums(references, hypotheses, options), options).value;
}

TEST(Bleu, CountsWorkedOutByHand) {
  // "the cat the cat on" has 4 of 5 words in common with "the cat is on the mat" ("the" twice,
  // "cat" once, "on") and 1 of 4 pairs ("the cat" once).
  EXPECT_EQ(sums({{"the cat is on the mat"}}, {"the cat the cat on"}),
            (std::vector<double>{5, 6, 4, 1, 0, 0, 5, 4, 3, 2}));
}

TEST(Bleu, ScoreWorkedOutByHand) {
  const BleuScore score = bleu_score(sums({{"a b c d e f"}}, {"a b c d x"}), {});
  EXPECT_DOUBLE_EQ(score.brevity_penalty, std::exp(1 - 6.0 / 5));
  EXPECT_DOUBLE_EQ(score.precisions[0], 80);
  EXPECT_DOUBLE_EQ(score.precisions[3], 50);
  EXPECT_NEAR(score.value, 100 * std::exp(-0.2) * std::pow(4.0 / 5 * 3 / 4 * 2 / 3 * 1 / 2, 0.25),
              1e-10);
}

TEST(Bleu, AnNgramIsRightAsOftenAsTheReferenceThatHasItMost) {
  EXPECT_EQ(sums({{"a a b"}, {"a b b"}}, {"a a b b"})[2], 4);
  EXPECT_EQ(sums({{"a a"}, {"a"}}, {"a a a"})[2], 2);
}

TEST(Bleu, TheReferenceLengthIsTheClosestAndTheShorterOfTwo) {
  EXPECT_EQ(sums({{"a"}, {"a a a a a"}, {"a a a a"}}, {"a a a a"})[1], 4);
  EXPECT_EQ(sums({{"a a a a a"}, {"a a a"}}, {"a a a a"})[1], 3);
  EXPECT_EQ(sums({{"a a a"}, {"a a a a a"}}, {"a a a a"})[1], 3);
}

TEST(Bleu, SmoothingsOfWhatIsNeverRightAsTheyAreDefined) {
  const auto precisions = [](Smoothing smoothing, std::optional<double> value = std::nullopt) {
    const BleuOptions options{.smoothing = smoothing, .smoothing_value = value};
    return bleu_score(sums({{"a b c d e"}}, {"a x b x c"}, options), options).precisions;
  };
  using Precisions = std::array<double, kBleuOrder>;
  EXPECT_EQ(precisions(Smoothing::kExp),
            (Precisions{60, 100 / (2 * 4.0), 100 / (4 * 3.0), 100 / (8 * 2.0)}));
  EXPECT_EQ(precisions(Smoothing::kFloor), (Precisions{60, 10 / 4.0, 10 / 3.0, 10 / 2.0}));
  EXPECT_EQ(precisions(Smoothing::kFloor, 0.5), (Precisions{60, 50 / 4.0, 50 / 3.0, 50 / 2.0}));
  EXPECT_EQ(precisions(Smoothing::kAddK), (Precisions{60, 100 / 5.0, 100 / 4.0, 100 / 3.0}));
  EXPECT_EQ(precisions(Smoothing::kAddK, 3), (Precisions{60, 300 / 7.0, 300 / 6.0, 300 / 5.0}));
  EXPECT_EQ(precisions(Smoothing::kNone), (Precisions{60, 0, 0, 0}));
}

TEST(Bleu, EffectiveOrderStopsWhereTheHypothesesEnd) {
  EXPECT_NEAR(bleu({{"a b"}}, {"a b"}, {.effective_order = true}), 100, 1e-10);
  EXPECT_EQ(bleu({{"a b"}}, {"a b"}), 0);
}

TEST(Bleu, NothingRightOrNothingThereIsZero) {
  EXPECT_EQ(bleu({{"a b c d"}}, {"x y z w"}), 0);
  EXPECT_EQ(bleu({{"a b c d"}}, {""}), 0);
  EXPECT_EQ(bleu({{""}}, {"a b c d"}), 0);
  EXPECT_EQ(bleu({{""}}, {""}), 0);
}

TEST(Bleu, TheSignatureSaysEveryChoice) {
  EXPECT_EQ(bleu_signature({}, 1), "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0");
  EXPECT_EQ(
      bleu_signature(
          {.tokenizer = Tokenizer::kIntl, .smoothing = Smoothing::kFloor, .lower_case = true}, 2),
      "nrefs:2|case:lc|eff:no|tok:intl|smooth:floor[0.10]|version:2.6.0");
  EXPECT_EQ(
      bleu_signature(
          {.tokenizer = Tokenizer::kChar, .smoothing = Smoothing::kAddK, .effective_order = true},
          1),
      "nrefs:1|case:mixed|eff:yes|tok:char|smooth:add-k[1.00]|version:2.6.0");
}

TEST(Chrf, EqualTextsScoreAHundredWhateverTheirSpaces) {
  const auto chrf = [](const std::string& reference, const std::string& hypothesis,
                       ChrfOptions options = {}) {
    return chrf_score(
        chrf_statistics(std::vector<Strings>{{reference}}, Strings{hypothesis}, options).sum());
  };
  EXPECT_DOUBLE_EQ(chrf("a cat sat", "ac atsat"), 100);
  EXPECT_LT(chrf("a cat sat", "ac atsat", {.word_order = 2}), 100);
  EXPECT_DOUBLE_EQ(chrf("Über", "über", {.lower_case = true}), 100);
  EXPECT_EQ(chrf("abc", ""), 0);
  EXPECT_EQ(chrf("", "abc"), 0);
  // Of the 1-grams, 1 of 2 agrees on both sides; of the 2-grams, none of 1. So P = R = F = 1/4.
  EXPECT_DOUBLE_EQ(chrf("ab", "ax"), 25);
}

BleuOptions bleu_options(const nlohmann::json& score) {
  const auto place = [](const Strings& names, const std::string& name) {
    return std::ranges::find(names, name) - names.begin();
  };
  BleuOptions options{.tokenizer = static_cast<Tokenizer>(place(kTokenizerNames, score[0])),
                      .smoothing = static_cast<Smoothing>(place(kSmoothingNames, score[1])),
                      .lower_case = score[3],
                      .effective_order = score[4]};
  if (!score[2].is_null()) options.smoothing_value = score[2].get<double>();
  return options;
}

// tests/golden/bleu.py recorded these sets, and explains their scores.
TEST(RecordedSets, LinesAreThoseThatSacrebleuPrints) {
  const auto sets =
      nlohmann::json::parse(read_file(test::source_folder() / "tests/golden/bleu.json"));
  ASSERT_EQ(sets.size(), 50u);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const Strings hypotheses = sets[i]["hypotheses"];
    const std::vector<Strings> references = sets[i]["references"];
    for (const nlohmann::json& score : sets[i]["scores"]) {
      std::string line;
      if (score.size() == 6) {
        const BleuOptions options = bleu_options(score);
        line = bleu_line(bleu_score(sums(references, hypotheses, options), options),
                         bleu_signature(options, references.size()), 4);
      } else {
        const ChrfOptions options{.word_order = score[0], .lower_case = score[1]};
        const double value = chrf_score(chrf_statistics(references, hypotheses, options).sum());
        line = concat(chrf_name(options), '|', chrf_signature(options, references.size()), " = ",
                      fixed(value, 4));
      }
      EXPECT_EQ(line, score.back().get<std::string>()) << "set " << i;
    }
  }
}

}  // namespace
}  // namespace edgeval
