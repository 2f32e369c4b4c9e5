// `edgeval score` on translations and `edgeval compare`, as a user runs them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

TEST_F(Texts, PackedFilesScoreAsPlainOnes) {
  ASSERT_EQ(run_shell("gzip -c ref > ref.gz && gzip -c good > good.gz", folder_.path()).code, 0);
  const auto bleu = [&](const char* reference, const char* hypothesis) {
    return json({"score", "--reference", reference, "--hypothesis", hypothesis, "--metric",
                 "bleu,wer"})
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
  const Arguments seeded{"compare",  "poor",   "good", "--reference", "ref", "--metric",
                         "wer,bleu", "--seed", "4"};
  const CommandResult text = run(seeded);
  EXPECT_NE(text.out.find("matched pairs (MAPSSWE): "), std::string::npos) << text.out;
  EXPECT_EQ(text.out, run(seeded).out);
  EXPECT_TRUE(is_refusal(run({"compare", "poor", "good"}), "--reference is wanted"));
  EXPECT_TRUE(is_refusal(run({"compare", "poor", "."}), "is not; compare two runs"));
}

// Both have BLEU 0, as neither has four words in a row right.
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

// An utterances.jsonl with the keys that compare reads.
std::string run_file(const std::vector<std::array<std::string, 3>>& utterances, int macs) {
  std::string lines;
  for (const auto& [id, reference, hypothesis] : utterances)
    lines += Json{{"id", id},
                  {"reference", reference},
                  {"hypothesis", hypothesis},
                  {"activity", {{"macs", {{"fp32", macs}, {"8x8", 5}}}}},
                  {"joules", {{"toy", 2.0 * macs}}}}
                 .dump() +
             "\n";
  return lines;
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

TEST_F(Texts, RunsThatDoNotBelongTogetherAreRefused) {
  folder_.file("a/utterances.jsonl", run_file({{"u1", "x", "x"}, {"u2", "y", "y"}}, 1));
  folder_.file("few/utterances.jsonl", run_file({{"u1", "x", "x"}}, 1));
  folder_.file("ids/utterances.jsonl", run_file({{"u1", "x", "x"}, {"u3", "y", "y"}}, 1));
  folder_.file("refs/utterances.jsonl", run_file({{"u1", "x", "x"}, {"u2", "z", "y"}}, 1));
  folder_.file("cut/utterances.jsonl", run_file({{"u1", "x", "x"}}, 1) + "{\"id\": \"u2\"");
  folder_.file("keys/utterances.jsonl", "{\"id\": \"u1\"}\n");
  folder_.file("none/utterances.jsonl", "\n");
  folder_.file("empty/other", "");
  const auto refused = [&](const char* b, const std::string& part) {
    return is_refusal(run({"compare", "a", b}), part);
  };
  EXPECT_TRUE(refused("few", "a has 2 utterances, few has 1"));
  EXPECT_TRUE(refused("ids", "utterance 2 is \"u2\" in a and \"u3\" in ids"));
  EXPECT_TRUE(refused("refs", "\"u2\" has another reference"));
  EXPECT_TRUE(refused("cut", "cut/utterances.jsonl:2"));
  EXPECT_TRUE(refused("keys", "keys/utterances.jsonl:1: key \"reference\" is missing"));
  EXPECT_TRUE(refused("none", "holds no utterance"));
  EXPECT_TRUE(refused("empty", "empty/utterances.jsonl: no such file"));
  EXPECT_TRUE(is_refusal(run({"compare", "a", "a", "--reference", "ref"}),
                         "a run brings its own references"));
}

}  // namespace
}  // namespace edgeval::test
