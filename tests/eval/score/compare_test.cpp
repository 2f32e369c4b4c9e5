// Runs `edgeval score` on translations and `edgeval compare`, as a user does.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "eval/score/comparison.hpp"
#include "host/core/error.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

const std::string kReference =
    "The cat sat on the mat.\nA dog, a big one, barked!\n\nIt was 3.5 °C outside.\n";
const std::string kOther = "On the mat sat the cat.\nA big dog barked!\n\nOutside it was 3.5 °C.\n";
const std::string kGood =
    "The cat sat on the mat.\nA dog, a big one barked!\n\nIt was 3.5 °C outside.\n";
const std::string kPoor = "The cat is on a mat.\nThe dog barks.\n\nIt was cold.\n";

class Texts : public ::testing::Test {
 protected:
  Texts() {
    for (const auto& [name, text] :
         {std::pair{"ref", kReference}, {"other", kOther}, {"good", kGood}, {"poor", kPoor}})
      folder_.file(name, text);
  }
  CommandResult run(const Arguments& arguments) const { return edgeval(arguments, folder_.path()); }
  Json json(Arguments arguments) const {
    arguments.insert(arguments.end(), {"--format", "json"});
    const CommandResult result = run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return Json::parse(result.out);
  }

  TemporaryFolder folder_;
};

TEST_F(Texts, ScorePrintsTheLinesOfSacrebleu) {
  // sacrebleu ref other -i good -m bleu chrf -w 2 (version 2.6.0) prints these.
  const CommandResult result = run(
      {"score", "--reference", "ref", "other", "--hypothesis", "good", "--metric", "bleu,chrf"});
  EXPECT_NE(result.out.find(
                "BLEU|nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0 = 86.65 "
                "100.0/94.4/86.7/83.3 (BP = 0.953 ratio = 0.955 hyp_len = 21 ref_len = 22)\n"),
            std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find(
                "chrF2|nrefs:2|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0 = 92.71\n"),
            std::string::npos)
      << result.out;
}

TEST_F(Texts, OptionsReachTheScore) {
  const Json bleu = json({"score", "--reference", "ref", "--hypothesis", "good", "--metric", "bleu",
                          "--tokenize", "char", "--smooth", "floor", "--smooth-value", "0.25",
                          "--lower-case", "--effective-order"})
                        .at("quality")
                        .at("bleu");
  EXPECT_EQ(bleu.at("signature"),
            "nrefs:1|case:lc|eff:yes|tok:char|smooth:floor[0.25]|version:2.6.0");
  EXPECT_EQ(bleu.at("precisions").size(), 4u);
  EXPECT_LE(bleu.at("ci95").at(0), bleu.at("value"));
  EXPECT_GE(bleu.at("ci95").at(1), bleu.at("value"));
}

TEST_F(Texts, CompareWarnsWhereNoWordIsRight) {
  folder_.file("wrong", "x\ny\nz\nx\n");
  const auto warning = [&](const char* a, const char* b) {
    return run({"compare", a, b, "--reference", "ref", "--metric", "wer", "--input-format",
                "lines"})
        .err;
  };
  const std::string of_wrong =
      "edgeval: warning: wrong: no word of the transcripts was ever recognised";
  EXPECT_TRUE(warning("wrong", "good").starts_with(of_wrong)) << warning("wrong", "good");
  EXPECT_TRUE(warning("good", "wrong").starts_with(of_wrong));
  EXPECT_EQ(warning("good", "good"), "");
}

TEST_F(Texts, PackedFilesScoreAsPlainOnes) {
  ASSERT_EQ(run_shell("gzip -c ref > ref.gz && gzip -c good > good.gz", folder_.path()).code, 0);
  const auto bleu = [&](const char* reference, const char* hypothesis) {
    return json({"score", "--reference", reference, "--hypothesis", hypothesis, "--metric",
                 "bleu,wer", "--input-format", "lines"})
        .at("quality");
  };
  EXPECT_EQ(bleu("ref.gz", "good.gz"), bleu("ref", "good"));
}

TEST_F(Texts, ExactMatchTakesAnyReferenceAndSymbolsAreWords) {
  folder_.file("two", "The cat sat on the mat.\nA big dog barked!\n\nno\n");
  const Json exact =
      json({"score", "--reference", "ref", "other", "--hypothesis", "two", "--metric", "exact"});
  EXPECT_EQ(exact.at("quality").at("exact").at("exact"), 3);
  EXPECT_EQ(exact.at("quality").at("exact").at("value"), 75.0);
  EXPECT_FALSE(exact.at("quality").contains("ser"));
  folder_.file("spoken", "a b c d\n");
  folder_.file("heard", "a x c\n");
  const Json symbol =
      json({"score", "--reference", "spoken", "--hypothesis", "heard", "--metric", "symbol"});
  EXPECT_EQ(symbol.at("quality").at("symbol").at("value"), 50.0);
  EXPECT_EQ(symbol.at("quality").at("symbol").at("accuracy"), 50.0);
  EXPECT_EQ(symbol.at("quality").at("symbol").at("symbols"), 4);
  EXPECT_FALSE(symbol.at("quality").contains("wer"));
}

TEST_F(Texts, WhatIsWrongWithTheFilesIsRefused) {
  folder_.file("short", "one line\n");
  folder_.file("latin", "caf\xE9\n\n\n\n");
  folder_.file("plain.gz", kReference);
  const auto score = [&](const Arguments& references, const std::string& hypothesis,
                         const std::string& metric) {
    Arguments arguments{"score", "--hypothesis", hypothesis, "--metric", metric, "--reference"};
    arguments.insert(arguments.end(), references.begin(), references.end());
    return run(arguments);
  };
  EXPECT_TRUE(is_refusal(score({"ref"}, "short", "bleu"), "ref has 4 lines, short has 1"));
  EXPECT_TRUE(is_refusal(score({"ref", "short"}, "good", "bleu"), "short has 1 lines, good has 4"));
  EXPECT_TRUE(is_refusal(score({"ref"}, "latin", "chrf"), "latin:1: not UTF-8"));
  EXPECT_TRUE(is_refusal(score({"ref"}, "absent", "bleu"), "absent: no such file"));
  EXPECT_TRUE(is_refusal(score({"plain.gz"}, "good", "bleu"), "plain.gz: is not packed with gzip"));
  EXPECT_TRUE(
      is_refusal(score({"ref", "other"}, "good", "wer"), "--metric wer: takes one --reference"));
  EXPECT_TRUE(is_refusal(score({"ref"}, "good", "blue"), "blue not in"));
  EXPECT_TRUE(is_refusal(run({"score", "--reference", "ref", "--hypothesis", "good", "--metric",
                              "bleu", "--smooth-value", "0.5"}),
                         "--smooth exp takes no value"));
}

TEST_F(Texts, CompareShowsDifferencesWithIntervalsAndTests) {
  const Json report = json({"compare", "poor", "good", "--reference", "ref", "other"});
  for (const char* metric : {"bleu", "chrf"}) {
    const Json& figures = report.at("quality").at(metric);
    EXPECT_GT(figures.at("difference"), 0);
    EXPECT_LT(figures.at("ci95").at(0), figures.at("ci95").at(1));
    EXPECT_GT(figures.at("p_bootstrap"), 0);
    EXPECT_LE(figures.at("p_randomization"), 1);
  }
  EXPECT_FALSE(report.contains("matched_pairs"));
  const Arguments seeded{"compare",  "poor",           "good",  "--reference", "ref", "--metric",
                         "wer,bleu", "--input-format", "lines", "--seed",      "4"};
  const CommandResult text = run(seeded);
  EXPECT_NE(text.out.find("matched pairs (MAPSSWE): "), std::string::npos) << text.out;
  EXPECT_EQ(text.out, run(seeded).out);
  EXPECT_TRUE(is_refusal(run({"compare", "poor", "good"}), "--reference is wanted"));
  EXPECT_TRUE(is_refusal(run({"compare", "poor", "."}), "is not; compare two runs"));
}

// At the end of the line the last two words are A and B; before another option they are not.
TEST_F(Texts, CompareTellsWhichOptionTookItsFiles) {
  const std::string advice = " takes every word behind it: put A and B first";
  EXPECT_TRUE(is_refusal(run({"compare", "--reference", "ref", "poor", "good", "--metric", "bleu"}),
                         "A is required; --reference" + advice));
  EXPECT_TRUE(is_refusal(run({"compare", "--metric", "bleu", "poor", "good", "--reference", "ref"}),
                         "not in {wer,cer,ser,bleu,chrf,chrf++,exact}; --metric" + advice));
  EXPECT_EQ(run({"compare", "--reference", "ref", "poor", "good"}).code, 0);
}

// Both systems have a BLEU of 0, as no sentence has four words.
TEST_F(Texts, EqualScoresHaveAPValueOfOne) {
  const std::string cases = (source_folder() / "tests/golden/cases/score").string();
  const Json bleu = json({"compare", cases + "/shortA.hyp", cases + "/shortB.hyp", "--reference",
                          cases + "/shortcmp.ref", "--metric", "bleu"})
                        .at("quality")
                        .at("bleu");
  EXPECT_EQ(bleu.at("difference"), 0);
  EXPECT_EQ(bleu.at("p_bootstrap"), 1);
  EXPECT_EQ(bleu.at("p_randomization"), 1);
}

// Returns one line of an utterances.jsonl, with the keys that compare reads.
Json utterance(const std::string& id, const std::string& hypothesis, int macs = 1) {
  return {{"id", id},
          {"hypothesis", hypothesis},
          {"activity", {{"macs", {{"fp32", macs}, {"8x8", 5}}}}},
          {"joules", {{"toy", 2.0 * macs}}}};
}

std::string lines(const std::vector<Json>& utterances) {
  std::string text;
  for (const Json& utterance : utterances) text += utterance.dump() + "\n";
  return text;
}

// Returns the file of a run of speech, given {id, reference, hypothesis} of every utterance.
std::string run_file(const std::vector<std::array<std::string, 3>>& utterances, int macs) {
  std::vector<Json> all;
  for (const auto& [id, reference, hypothesis] : utterances) {
    all.push_back(utterance(id, hypothesis, macs));
    all.back()["reference"] = reference;
  }
  return lines(all);
}

// Returns the file of a run of translations, given the hypothesis and the references of each
// sentence.
std::string translations_file(const std::vector<std::string>& hypotheses,
                              const std::vector<std::vector<std::string>>& references) {
  std::vector<Json> all;
  for (std::size_t n = 0; n < hypotheses.size(); ++n) {
    all.push_back(utterance(concat(n + 1), hypotheses[n]));
    Json& line = all.back();
    line["source"] = "x";
    line["n_best"] = {{{"text", hypotheses[n]}}, {{"text", "the second best"}}};
    if (!references.empty()) line["reference"] = references[0][n];
    for (std::size_t which = 1; which < references.size(); ++which)
      line["further_references"].push_back(references[which][n]);
  }
  return lines(all);
}

TEST_F(Texts, CompareOfRunsTellsErrorsAndWork) {
  folder_.file("a/utterances.jsonl",
               run_file({{"u1", "the cat sat", "the cat sat"}, {"u2", "a b c d", "a b c"}}, 15));
  folder_.file("b/utterances.jsonl",
               run_file({{"u1", "the cat sat", "the bat"}, {"u2", "a b c d", "x b c d"}}, 5));
  const Json report = json({"compare", "a", "b"});
  EXPECT_EQ(report.at("utterances"), 2);
  EXPECT_DOUBLE_EQ(report.at("quality").at("wer").at("a"), 100.0 / 7);
  EXPECT_DOUBLE_EQ(report.at("quality").at("wer").at("b"), 300.0 / 7);
  EXPECT_DOUBLE_EQ(report.at("quality").at("ser").at("difference"), 50);
  EXPECT_EQ(report.at("matched_pairs").at("errors_a"), 1);
  EXPECT_EQ(report.at("matched_pairs").at("errors_b"), 3);
  EXPECT_DOUBLE_EQ(report.at("work").at("MACs").at("ratio"), 0.5);
  EXPECT_DOUBLE_EQ(report.at("work").at("joules of toy").at("ratio"), 1.0 / 3);
  EXPECT_EQ(json({"compare", "a/utterances.jsonl", "b"}).at("quality"), report.at("quality"));
}

TEST_F(Texts, CompareTellsTheChangeOfAccuracy) {
  // Equation 22 of P2 is (-1)^alpha (V_a - V_b) / V_b * 100 with V_b before and V_a after. Of ten
  // words one is wrong before and two are after; fewer errors are better, so alpha = 1:
  // -(20 - 10) / 10 * 100 = -100. Of two sentences one is exact before and none is after; more is
  // better, so alpha = 0: (0 - 50) / 50 * 100 = -100.
  folder_.file("before/utterances.jsonl",
               run_file({{"u1", "a b c d e", "a b c d e"}, {"u2", "f g h i j", "f g h i x"}}, 1));
  folder_.file("after/utterances.jsonl",
               run_file({{"u1", "a b c d e", "a b c d x"}, {"u2", "f g h i j", "f g h i x"}}, 1));
  folder_.file("best/utterances.jsonl",
               run_file({{"u1", "a b c d e", "a b c d e"}, {"u2", "f g h i j", "f g h i j"}}, 1));
  const auto change = [&](const char* before, const char* after, const char* metric) {
    return json({"compare", before, after, "--metric", metric})
        .at("quality")
        .at(metric)
        .at("accuracy_change");
  };
  EXPECT_EQ(change("before", "after", "wer"), -100);
  EXPECT_EQ(change("after", "before", "wer"), 50);  // -(10 - 20) / 20
  EXPECT_EQ(change("before", "after", "exact"), -100);
  EXPECT_EQ(change("before", "best", "exact"), 100);  // (100 - 50) / 50
  EXPECT_EQ(change("before", "before", "wer"), 0);
  EXPECT_TRUE(change("best", "before", "wer").is_null());  // no errors before
  EXPECT_NE(run({"compare", "before", "after"}).out.find("-100.00 %"), std::string::npos);
}

TEST(AccuracyChange, IsThatOfTheExampleOfP2) {
  // P2 writes "The baseline accuracy is 96 % and the accuracy after optimization is 94 %" and gives
  // the change as "+2.1 %". By its equation 22 it is (94 - 96) / 96 * 100 = -2.083.
  EXPECT_NEAR(*accuracy_change(96, 94, false), -2.083, 0.0005);
  EXPECT_NEAR(*accuracy_change(96, 94, true), 2.083, 0.0005);
}

TEST_F(Texts, CompareOfTranslationsTakesAllReferences) {
  const std::vector<std::string> first{"The cat sat on the mat.", "A dog barked at the cat."},
      second{"On the mat sat the cat.", "A big dog barked."},
      good{"The cat sat on the mat.", "A big dog barked."}, poor{"The cat.", "Dogs bark."};
  folder_.file("a/utterances.jsonl", translations_file(good, {first, second}));
  folder_.file("b/utterances.jsonl", translations_file(poor, {first, second}));
  folder_.file("single/utterances.jsonl", translations_file(good, {first}));
  folder_.file("bare/utterances.jsonl", translations_file(good, {}));
  const Json quality = json({"compare", "a", "b"}).at("quality");
  EXPECT_EQ(quality.size(), 2u);
  EXPECT_NEAR(quality.at("bleu").at("a").get<double>(), 100,
              1e-9);  // each sentence is that of a reference
  EXPECT_EQ(quality.at("bleu").at("signature").get<std::string>().substr(0, 7), "nrefs:2");
  EXPECT_TRUE(quality.contains("chrf"));
  EXPECT_LT(json({"compare", "single", "single"}).at("quality").at("bleu").at("a"), 100);
  EXPECT_EQ(json({"compare", "single", "single", "--metric", "wer"}).at("quality").size(), 1u);
  for (const char* metric : {"wer", "cer", "ser"})
    EXPECT_TRUE(is_refusal(run({"compare", "a", "b", "--metric", metric}),
                           "takes one reference, the runs have 2"));
  EXPECT_TRUE(is_refusal(run({"compare", "a", "single"}), "a has 2, single has 1"));
  EXPECT_TRUE(is_refusal(run({"compare", "single", "a"}), "single has 1, a has 2"));
  for (const Arguments& pair : {Arguments{"a", "bare"}, {"bare", "a"}, {"bare", "bare"}})
    EXPECT_TRUE(is_refusal(run({"compare", pair[0], pair[1]}), "bare has no references"));
}

TEST_F(Texts, RunsThatDoNotBelongTogetherAreRefused) {
  folder_.file("a/utterances.jsonl", run_file({{"u1", "x", "x"}, {"u2", "y", "y"}}, 1));
  folder_.file("few/utterances.jsonl", run_file({{"u1", "x", "x"}}, 1));
  folder_.file("ids/utterances.jsonl", run_file({{"u1", "x", "x"}, {"u3", "y", "y"}}, 1));
  folder_.file("refs/utterances.jsonl", run_file({{"u1", "x", "x"}, {"u2", "z", "y"}}, 1));
  folder_.file("cut/utterances.jsonl", run_file({{"u1", "x", "x"}}, 1) + "{\"id\": \"u2\"");
  folder_.file("keys/utterances.jsonl", "{\"id\": \"u1\"}\n");
  folder_.file("none/utterances.jsonl", "\n");
  folder_.file("nothing/utterances.jsonl", "");
  folder_.file("empty/other", "");
  folder_.file("a/report.json", "{}");
  folder_.file("manifest.jsonl", "{\"id\": \"u1\", \"audio\": \"x.wav\", \"text\": \"x\"}\n");
  folder_.file("translated/utterances.jsonl", translations_file({"x", "y"}, {{"x", "y"}}));
  Json half = utterance("u2", "y");
  folder_.file("half/utterances.jsonl", run_file({{"u1", "x", "x"}}, 1) + half.dump() + "\n");
  half["reference"] = "y";
  half["further_references"] = {"z"};
  folder_.file("more/utterances.jsonl", run_file({{"u1", "x", "x"}}, 1) + half.dump() + "\n");
  const auto refused = [&](const char* b, const std::string& part) {
    return is_refusal(run({"compare", "a", b}), part);
  };
  EXPECT_TRUE(refused("few", "a has 2 utterances, few has 1"));
  EXPECT_TRUE(refused("ids", "utterance 2 is \"u2\" in a and \"u3\" in ids"));
  EXPECT_TRUE(refused("refs", "\"u2\" has another reference"));
  EXPECT_TRUE(refused("refs", "--case and --normalize"));
  EXPECT_TRUE(refused("cut", "cut/utterances.jsonl:2"));
  EXPECT_TRUE(refused("keys", "keys/utterances.jsonl:1: has no key \"hypothesis\""));
  EXPECT_TRUE(refused("manifest.jsonl", "manifest.jsonl:1: has no key \"hypothesis\""));
  EXPECT_TRUE(refused("none", "holds no utterance"));
  EXPECT_TRUE(refused("nothing", "holds no utterance"));
  EXPECT_TRUE(refused("empty", "empty: is no folder of a run, as it has no utterances.jsonl"));
  EXPECT_TRUE(refused("absent", "absent: no such file or folder"));
  EXPECT_TRUE(refused("a/report.json", "is the report of a run; name its folder"));
  EXPECT_TRUE(refused("translated", "a is a run of speech, translated one of translations"));
  EXPECT_TRUE(refused("half", "half/utterances.jsonl:2: the utterances do not all have"));
  EXPECT_TRUE(refused("more", "more/utterances.jsonl:2: the utterances do not all have"));
  EXPECT_TRUE(is_refusal(run({"compare", "empty", "a"}), "empty: is no folder of a run"));
  EXPECT_TRUE(is_refusal(run({"compare", "a", "a", "--reference", "ref"}),
                         "a run brings its own references"));
}

TEST_F(Texts, ARunBesideItselfDoesNotDiffer) {
  folder_.file("a/utterances.jsonl", run_file({{"u1", "x y", "x"}, {"u2", "y", "y"}}, 3));
  const Json report = json({"compare", "a", "a"});
  EXPECT_EQ(report.at("differing"), 0);
  for (const char* metric : {"wer", "cer", "ser"}) {
    EXPECT_EQ(report.at("quality").at(metric).at("difference"), 0);
    EXPECT_EQ(report.at("quality").at(metric).at("p_bootstrap"), 1);
    EXPECT_EQ(report.at("quality").at(metric).at("p_randomization"), 1);
  }
  EXPECT_EQ(report.at("work").at("MACs").at("ratio"), 1);
}

TEST_F(Texts, WorkThatOnlyOneRunHasIsNamed) {
  Json priced = utterance("u1", "x");
  priced["reference"] = "x";
  folder_.file("a/utterances.jsonl", lines({priced}));
  priced["joules"]["other"] = 1;
  folder_.file("b/utterances.jsonl", lines({priced}));
  for (const auto& [a, b] : {std::pair{"a", "b"}, {"b", "a"}}) {
    EXPECT_EQ(json({"compare", a, b}).at("work_left_out"), Json{"joules of other"});
    EXPECT_NE(run({"compare", a, b, "--quiet"})
                  .out.find("left out, as only one of the runs has it: joules of other\n"),
              std::string::npos);
  }
}

// The second utterance, as one without words, was not searched.
TEST_F(Texts, CompareOfSearchesTellsTheirRows) {
  const auto searched = [&](int rows) {
    std::vector<Json> all{utterance("u1", "x"), utterance("u2", "y"), utterance("u3", "z")};
    for (Json& line : all) line["reference"] = "x";
    all[0]["decoder"] = {{"steps", 4}, {"rows", rows}};
    all[2]["decoder"] = {{"steps", 2}, {"rows", 3}};
    return lines(all);
  };
  folder_.file("a/utterances.jsonl", searched(5));
  folder_.file("b/utterances.jsonl", searched(21));
  const Json rows = json({"compare", "a", "b"}).at("work").at("rows of the search");
  EXPECT_EQ(rows.at("a"), 8);
  EXPECT_EQ(rows.at("ratio"), 3);
  EXPECT_FALSE(json({"compare", "a", "b"}).contains("work_left_out"));
}

TEST_F(Texts, MissingHypothesesAreNamed) {
  folder_.file("r", "utt1 a b\nutt2 c d\n");
  folder_.file("whole", "utt1 a b\nutt2 c d\n");
  folder_.file("part", "utt2 c d\n");
  const Arguments words{"compare", "whole", "part", "--reference", "r", "--metric", "wer"};
  EXPECT_NE(run(words).out.find("part lacks 1 hypothesis, which count as empty: utt1\n"),
            std::string::npos)
      << run(words).out;
  EXPECT_EQ(json(words).at("missing_hypotheses").at("b"), Json{"utt1"});
  EXPECT_EQ(json(words).at("missing_hypotheses").at("a"), Json::array());
}

TEST_F(Texts, APipeOfReferencesIsRefusedAsBothWantIt) {
  const CommandResult result =
      run_shell("mkfifo pipe && edgeval compare good poor --reference pipe", folder_.path());
  EXPECT_TRUE(is_refusal(result, "--reference pipe: is a pipe"));
}

}  // namespace
}  // namespace edgeval::test
