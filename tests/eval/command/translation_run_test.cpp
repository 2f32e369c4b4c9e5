// Runs the program on the translation model and the captions that ship, and tests figures, files,
// sums, what must not change them, and what is refused.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "tests/support/command.hpp"
#include "tests/support/stored_run.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

const Arguments kModel{"run", "--model", captions_model()};
const Arguments kRun = with(
    kModel, {"--data", captions_file("captions.en"), "--reference", captions_file("captions.de")});
const Arguments kFew = with(kRun, {"--limit", "24"});
const Arguments kDynamic{"--set", "beam.type=dynamic", "--set", "beam.sigma_min=0.1",
                         "--set", "beam.sigma_max=1.7"};

StoredRun translate(const Arguments& more, const Arguments& base = kRun) {
  StoredRun run = stored_run(with(base, more));
  EXPECT_FALSE(run.hypotheses.empty()) << "there is no hypotheses.txt";
  return run;
}

const StoredRun& dynamic() {
  static const StoredRun stored =
      translate(with(kDynamic, {"--n-best", "2", "--reference-perplexity"}), kFew);
  return stored;
}

TEST(RunTranslation, PrintsTheScoresOfWhatItWrites) {
  const StoredRun fixed = translate({"--set", "beam.width=1"});
  EXPECT_NEAR(fixed.report.at("quality").at("bleu").at("value").get<double>(), 70.6, 0.05);
  EXPECT_NE(fixed.command.out.find("BLEU   70."), std::string::npos) << fixed.command.out;
  EXPECT_EQ(std::ranges::count(fixed.hypotheses, '\n'), 72);
  EXPECT_FALSE(fixed.report.contains("dense"));  // it is the dense run
  const TemporaryFolder folder;
  write_file(folder.path() / "hyp.de", fixed.hypotheses);
  const CommandResult scored =
      edgeval({"score", "--reference", captions_file("captions.de"), "--hypothesis", "hyp.de",
               "--metric", "bleu,chrf", "--format", "json", "--input-format", "lines"},
              folder.path());
  ASSERT_EQ(scored.code, 0) << scored.err;
  for (const char* metric : {"bleu", "chrf"})
    EXPECT_EQ(Json::parse(scored.out).at("quality").at(metric).at("value"),
              fixed.report.at("quality").at(metric).at("value"));
}

TEST(RunTranslation, SumsWhatTheSentencesTook) {
  std::map<std::string, std::uint64_t> sums;
  for (const Json& sentence : dynamic().utterances) {
    const Json& decoder = sentence.at("decoder");
    for (const char* key : {"steps", "rows", "rows_live", "beam_width_sum"})
      sums[key] += decoder.at(key).get<std::uint64_t>();
    EXPECT_LE(decoder.at("rows_live"), decoder.at("rows"));
    EXPECT_GE(decoder.at("beam_width_sum"), 2 * decoder.at("steps").get<std::uint64_t>());
    EXPECT_LE(decoder.at("beam_width_sum"), 5 * decoder.at("steps").get<std::uint64_t>());
    sums["macs"] += sentence.at("activity").at("macs_dense").get<std::uint64_t>();
    EXPECT_EQ(sentence.at("n_best").size(), 2U);
    EXPECT_GE(sentence.at("n_best")[0].at("score"), sentence.at("n_best")[1].at("score"));
    EXPECT_EQ(sentence.at("hypothesis"), sentence.at("n_best")[0].at("text"));
  }
  const Json& activity = dynamic().report.at("activity");
  for (const char* key : {"steps", "rows", "rows_live", "beam_width_sum"})
    EXPECT_EQ(activity.at("decoder").at(key), sums[key]) << key;
  EXPECT_EQ(activity.at("totals").at("macs_dense"), sums["macs"]);
  EXPECT_DOUBLE_EQ(
      activity.at("decoder").at("average_beam_width"),
      static_cast<double>(sums["beam_width_sum"]) / static_cast<double>(sums["steps"]));
}

TEST(RunTranslation, StandsBesideTheDenseNetworkAtTheGreatestWidth) {
  const StoredRun widest =
      translate({"--set", "beam.width=5", "--n-best", "2", "--reference-perplexity"}, kFew);
  const Json& dense = dynamic().report.at("dense");
  EXPECT_EQ(dense.at("quality"), widest.report.at("quality"));
  EXPECT_EQ(dense.at("activity"), widest.report.at("activity"));
  for (const Json& energy : dynamic().report.at("energy"))
    for (const Json& other : widest.report.at("energy")) {
      if (energy.at("accelerator") != other.at("accelerator")) continue;
      EXPECT_DOUBLE_EQ(energy.at("joules_dense"), other.at("joules"));
    }
  EXPECT_LT(dynamic().report.at("activity").at("decoder").at("rows_live"),
            dense.at("activity").at("decoder").at("rows_live"));
}

TEST(RunTranslation, OfEqualLimitsIsFixedWidth) {
  StoredRun fixed = translate({"--set", "beam.width=3"}, kFew);
  StoredRun equal =
      translate({"--set", "beam.type=dynamic", "--set", "beam.min=3", "--set", "beam.max=3",
                 "--set", "beam.sigma_min=0.1", "--set", "beam.sigma_max=1.7"},
                kFew);
  EXPECT_NE(fixed.report.at("run"), equal.report.at("run"));  // of another policy
  for (StoredRun* each : {&fixed, &equal})
    for (Json& utterance : each->utterances) utterance.erase("run");
  EXPECT_EQ(fixed.utterances, equal.utterances);
}

TEST(RunTranslation, DoesNotDependOnBatchThreadsOrOrder) {
  for (const Arguments& other :
       {Arguments{"--batch", "1"}, {"--batch", "7", "--threads", "1"}, {"--threads", "3"}}) {
    const StoredRun again =
        translate(with(with(kDynamic, {"--n-best", "2", "--reference-perplexity"}), other), kFew);
    EXPECT_EQ(again.utterances_bytes, dynamic().utterances_bytes);
    EXPECT_EQ(comparable(again.report), comparable(dynamic().report));
  }
}

TEST(RunTranslation, InIntegersIsTheSameBitsForEveryBatch) {
  for (const char* arithmetic : {"arithmetic.type=int16", "arithmetic.type=int8"}) {
    const Arguments integers =
        with(kDynamic, {"--set", arithmetic, "--set", "arithmetic.input_bits=5", "--no-reference"});
    const StoredRun all = translate(integers, kFew);
    EXPECT_GT(all.report.at("quality").at("bleu").at("value"), 65);
    for (const Arguments& other : {Arguments{"--batch", "1"}, {"--batch", "5", "--threads", "3"}}) {
      const StoredRun again = translate(with(integers, other), kFew);
      EXPECT_EQ(again.utterances_bytes, all.utterances_bytes) << arithmetic;
      EXPECT_EQ(comparable(again.report), comparable(all.report)) << arithmetic;
    }
  }
}

TEST(RunTranslation, TakesWhatIsOpenFromAProfile) {
  const TemporaryFolder folder;
  const Arguments few{"--limit", "20"};
  const CommandResult made =
      edgeval(with({"profile", "--model", captions_model(), "--data", captions_file("captions.en"),
                    "--width", "3", "--out", "p.json"},
                   few),
              folder.path());
  ASSERT_EQ(made.code, 0) << made.err;
  const Json profile = Json::parse(read_file(folder.path() / "p.json"));
  const Json& spread = profile.at("spread");
  const StoredRun fixed = translate(with(few, {"--set", "beam.width=3"}));
  EXPECT_EQ(spread.at("width"), 3);
  EXPECT_EQ(spread.at("steps"), fixed.report.at("activity").at("decoder").at("steps"));
  EXPECT_LE(spread.at("percentiles").at("5"), spread.at("percentiles").at("50"));
  for (const Json& layer : fixed.report.at("activity").at("layers")) {
    if (layer.at("direction") == "backward" || layer.at("name") == "attention") continue;
    const Json& seen = profile.at("layers").at(layer.at("name").get<std::string>());
    EXPECT_EQ(seen.at("input").at("elements"), layer.at("inputs")) << layer.at("name");
  }
  ASSERT_EQ(
      edgeval(with({"profile", "--model", captions_model(), "--data", captions_file("captions.en"),
                    "--width", "3", "--batch", "7", "--threads", "1", "--out", "again.json"},
                   few),
              folder.path())
          .code,
      0);
  EXPECT_EQ(read_file(folder.path() / "p.json"), read_file(folder.path() / "again.json"));
  const StoredRun dynamic = translate(with(
      few, {"--set", "beam.type=dynamic", "--set", "beam.max=3", "--set", "arithmetic.type=int16",
            "--profile", (folder.path() / "p.json").string(), "--no-reference"}));
  EXPECT_EQ(dynamic.report.at("policy").at("beam").at("sigma_min"),
            spread.at("percentiles").at("5"));
  EXPECT_EQ(dynamic.report.at("policy").at("beam").at("sigma_max"),
            spread.at("percentiles").at("50"));
}

TEST(RunTranslation, CanBePricedAgainAndCompared) {
  const TemporaryFolder folder;
  ASSERT_EQ(edgeval(with(kRun, with(kDynamic, {"--out", "a"})), folder.path()).code, 0);
  ASSERT_EQ(edgeval(with(kRun, {"--set", "beam.width=1", "--out", "b"}), folder.path()).code, 0);
  const CommandResult energy =
      edgeval({"energy", "--report", "a/report.json", "--format", "json"}, folder.path());
  ASSERT_EQ(energy.code, 0) << energy.err;
  EXPECT_EQ(Json::parse(energy.out).at("energy"),
            Json::parse(read_file(folder.path() / "a/report.json")).at("energy"));
  const CommandResult compared =
      edgeval({"compare", "a", "b", "--metric", "bleu", "--trials", "100", "--resamples", "100"},
              folder.path());
  EXPECT_EQ(compared.code, 0) << compared.err;
  EXPECT_NE(compared.out.find("72 utterances"), std::string::npos) << compared.out;
}

TEST(RunTranslation, TranslatesAnEmptyLineAsOneAndReplacesUnknownWords) {
  const TemporaryFolder folder;
  write_file(folder.path() / "in.en", "A man is running.\n\nA dog on the 漢 beach.\n");
  const Arguments base = with(kModel, {"--data", (folder.path() / "in.en").string()});
  const StoredRun plain = translate({}, base);
  EXPECT_EQ(plain.utterances[1].at("hypothesis"), "");
  EXPECT_EQ(plain.utterances[1].at("decoder").at("steps"), 0);
  EXPECT_EQ(plain.report.at("quality").count("bleu"), 0U);
  EXPECT_EQ(plain.utterances[0].count("reference"), 0U);
  const StoredRun replaced = translate({"--replace-unknown"}, base);
  for (std::size_t n = 0; n < 3; ++n) {
    const std::string text = plain.utterances[n].at("hypothesis");
    if (text.find("<unk>") == std::string::npos)
      EXPECT_EQ(replaced.utterances[n].at("hypothesis"), text);
    else
      EXPECT_EQ(replaced.utterances[n].at("hypothesis").get<std::string>().find("<unk>"),
                std::string::npos);
  }
}

// This happens with a vocabulary whose end token is not that of the training.
TEST(RunTranslation, WarnsWhereNoHypothesisEnds) {
  const TemporaryFolder folder;
  const auto warnings = [&](const Arguments& more) {
    const CommandResult result =
        edgeval(with(kRun, with({"--limit", "5", "--quiet"}, more)), folder.path());
    EXPECT_EQ(result.code, 0) << result.err;
    const Json report = Json::parse(read_file(folder.path() / "out/report.json"));
    EXPECT_EQ(result.err.empty(), report.at("warnings").empty()) << result.err;
    return result.err;
  };
  EXPECT_EQ(warnings({}), "");
  EXPECT_EQ(warnings({"--max-length", "2"}),
            "edgeval: warning: every hypothesis was cut off at --max-length 2; are the "
            "vocabulary's ids, its end token above all, those of the training?\n");
  const CommandResult some = edgeval(with(kRun, {"--max-length", "12"}), folder.path());
  EXPECT_NE(some.out.find(" of 72 hypotheses cut off at --max-length 12\n"), std::string::npos)
      << some.out;
  EXPECT_EQ(some.err.find("warning"), std::string::npos) << some.err;
}

TEST(RunTranslation, RefusesWhatCannotBe) {
  const TemporaryFolder folder;
  write_file(folder.path() / "two.de", "eins\nzwei\n");
  write_file(folder.path() / "empty.en", "");
  write_file(folder.path() / "zero.en", std::string("a\0b\n", 4));
  write_file(folder.path() / "latin.en", "caf\xe9\n");
  const auto refused = [&](const Arguments& arguments, const std::string& part) {
    EXPECT_TRUE(is_refusal(edgeval(arguments, folder.path()), part));
  };
  const std::string source = captions_file("captions.en");
  refused(with(kModel, {"--data", source, "--reference", "two.de"}), "two.de has 2");
  refused(with(kModel, {"--data", "none.en"}), "none.en");
  refused(with(kModel, {"--data", "empty.en"}), "empty.en: is empty");
  refused(with(kModel, {"--data", "zero.en"}), "zero.en:1: holds a zero byte");
  refused(with(kModel, {"--data", "latin.en"}), "latin.en:1: not UTF-8");
  refused(with(kModel, {"--data", spoken_data()}), "is a folder");
  refused({"profile", "--model", captions_model(), "--data", captions_file("captions.en"),
           "--device", "gpu"},
          "is made on the CPU");
  refused(with(kRun, {"--n-best", "6"}), "--n-best 6");
  refused(with(kRun, {"--min-length", "100"}), "--min-length 100");
  refused(with(kRun, {"--split", "test"}), "--split");
  refused(with(kRun, {"--length-penalty", "long"}), "--length-penalty");
  refused(with(kRun, {"--length-penalty", "wu", "--alpha", "nan"}),
          "--alpha: nan is out of range; it must be from");
  refused(with(kRun, {"--alpha", "2"}), "--alpha 2: has an effect with --length-penalty wu alone");
  refused(with(kRun, {"--set", "beam.type=dynamic"}), "name a profile");
  refused(with(kRun, {"--set", "beam.type=dynamic", "--set", "beam.sigma_min=2", "--set",
                      "beam.sigma_max=1"}),
          "sigma_max");
  refused(with(kRun, {"--set", "layers.attention.linear_out.arithmetic.type=int8"}),
          "stands in double quotes");
  refused(with(kRun, {"--set", "beam.width=0"}), "width must be a whole number");
  refused(with(kRun, {"--set", "beam.min=2"}), "a key of type dynamic");
  refused(with(kModel, {"--data", source, "--reference-perplexity"}), "wants a --reference");
  for (const Arguments& option : {Arguments{"--reference", source},
                                  {"--n-best", "2"},
                                  {"--length-penalty", "wu"},
                                  {"--replace-unknown"}})
    refused(with({"run", "--model", spoken_model(), "--data", spoken_data()}, option),
            option[0] + " is for translation models");
  write_file(folder.path() / "blank.en", "\n \n\n");
  refused(with(kModel, {"--data", "blank.en"}), "blank.en: holds no words");
  const Arguments with_profile{"--set",      "beam.type=dynamic", "--set",
                               "beam.max=3", "--profile",         captions_file("profile.json")};
  refused(with(kRun, with_profile), "its spread was measured over 5 candidates, but beam.max is 3");
  refused(
      {"similarity", "--model", captions_model(), "--data", spoken_data(), "--profile", "p.json"},
      "is a translation model");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out/report.json"));
}

}  // namespace
}  // namespace edgeval::test
