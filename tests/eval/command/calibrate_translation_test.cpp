// `edgeval calibrate` of a translation: the figures of its report are those of separate runs of the
// dense network and of best.yaml on both sets, and mistakes are refused.
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/eval/command/swept_folder.hpp"
#include "tests/support/stored_run.hpp"

namespace edgeval::test {
namespace {

// The first sentences of the captions that ship, the next ones to confirm on, and a policy whose
// beam is at most four wide.
class FewCaptions : public DataFolder {
 public:
  static constexpr std::size_t kSentences = 4;  // of each set

  FewCaptions() {
    for (const char* language : {"en", "de"}) {
      std::istringstream text(read_file(captions_file(std::string("captions.") + language)));
      for (const char* set : {"dev.", "con."}) {
        std::string lines, line;
        for (std::size_t n = 0; n < kSentences && std::getline(text, line); ++n)
          lines += line + "\n";
        file(std::string(set) + language, lines);
      }
    }
    file("p.yaml", "beam: {type: dynamic, min: 1, max: 4, sigma_min: 1, sigma_max: 2}\n");
  }

  // Returns what `edgeval calibrate` says with these options more.
  CommandResult calibrate(const Arguments& more) const {
    return edgeval(joined({"calibrate", "--quiet", "--model", captions_model(), "--data", "dev.en",
                           "--policy", "p.yaml", "--vary", "beam.sigma_min=0.05:2", "--vary",
                           "beam.sigma_max=0.1:3", "--threads", "1", "--out", "out"},
                          more),
                   path());
  }
  nlohmann::json calibration(const Arguments& more) const {
    const CommandResult result = calibrate(joined(kBoth, more));
    EXPECT_EQ(result.code, 0) << result.err;
    return nlohmann::json::parse(read_file(path() / "out/calibration.json"));
  }
  // Returns the report of a run on a set, "dev" or "con".
  nlohmann::json run(const std::string& set, const Arguments& more) const {
    const std::string data = (path() / set).string();
    return stored_run(joined({"run", "--model", captions_model(), "--data", data + ".en",
                              "--reference", data + ".de", "--no-reference", "--threads", "1"},
                             more))
        .report;
  }
  nlohmann::json best(const std::string& set) const {
    return run(set, {"--policy", (path() / "out/best.yaml").string()});
  }

  // References of both sets.
  inline static const Arguments kBoth{"--reference",         "dev.de", "--confirm-data", "con.en",
                                      "--confirm-reference", "con.de"};
};

// Returns the report of the dense network on a set.
const nlohmann::json& dense_run(const std::string& set) {
  static const FewCaptions few;
  static const Arguments widest{"--set", "beam.type=fixed", "beam.width=4"};
  static const std::map<std::string, nlohmann::json> reports{{"dev", few.run("dev", widest)},
                                                             {"con", few.run("con", widest)}};
  return reports.at(set);
}

double quality(const nlohmann::json& report, const std::string& metric) {
  return report.at("quality").at(metric).at("value").get<double>();
}

// Returns what a run on a set loses against the dense network.
double lost(const std::string& metric, const std::string& set, const nlohmann::json& run) {
  return quality(dense_run(set), metric) - quality(run, metric);
}

double rows_of(const nlohmann::json& report) {
  return report.at("activity").at("decoder").at("rows").get<double>();
}

double seconds_on_cpu1(const nlohmann::json& report) {
  for (const nlohmann::json& energy : report.at("energy"))
    if (energy.at("accelerator") == "cpu1") return energy.at("seconds").get<double>();
  ADD_FAILURE() << "no price on cpu1";
  return 0;
}

// Returns the candidate that was confirmed, which must be the cheapest of those that passed.
nlohmann::json winner_of(const nlohmann::json& calibration) {
  nlohmann::json winner;
  for (const nlohmann::json& candidate : calibration.at("candidates"))
    if (candidate.at("passed") && (winner.is_null() || candidate.at("cost") < winner.at("cost")))
      winner = candidate;
  EXPECT_FALSE(winner.is_null());
  EXPECT_EQ(winner.value("point", 0), calibration.at("best"));
  return winner;
}

TEST(CalibrateTranslation, ReportsWhatSeparateRunsLoseInBleuAndTakeInRows) {
  const FewCaptions few;
  const nlohmann::json json =
      few.calibration({"--least", "rows", "--max-loss", "80", "--points", "5"});
  EXPECT_EQ(json.at("metric"), "bleu");
  const nlohmann::json winner = winner_of(json);
  const nlohmann::json on_dev = few.best("dev"), on_con = few.best("con");
  EXPECT_EQ(json.at("development").at("items"), FewCaptions::kSentences);
  EXPECT_DOUBLE_EQ(json.at("development").at("dense").get<double>(),
                   quality(dense_run("dev"), "bleu"));
  EXPECT_DOUBLE_EQ(json.at("confirm").at("dense").get<double>(), quality(dense_run("con"), "bleu"));
  EXPECT_NEAR(winner.at("development_loss").get<double>(), lost("bleu", "dev", on_dev), 1e-9);
  EXPECT_NEAR(winner.at("confirm_loss").get<double>(), lost("bleu", "con", on_con), 1e-9);
  EXPECT_NE(lost("bleu", "con", on_con), 0)
      << "a calibration in which nothing is lost shows little";
  EXPECT_EQ(winner.at("cost").get<double>(), rows_of(on_dev));
  EXPECT_EQ(json.at("dense_cost").get<double>(), rows_of(dense_run("dev")));
  // Of another point, too.
  const std::vector<Row> points = csv(few.path() / "out/points.csv");
  ASSERT_EQ(points.size(), 5U);
  const nlohmann::json last = few.run("dev", {"--policy", (few.path() / "out").string() + ":5"});
  EXPECT_EQ(std::stod(points.back().at("cost")), rows_of(last));
  EXPECT_NEAR(std::stod(points.back().at("loss")), lost("bleu", "dev", last), 1e-9);
  for (const Row& point : points) {
    EXPECT_EQ(point.at("dropped"), "") << "only errors are raced";
    if (point.at("within_budget") != "1") continue;
    EXPECT_GE(std::stod(point.at("cost")), winner.at("cost").get<double>());
  }
}

TEST(CalibrateTranslation, ReportsARelativeLossInChrfAndSeconds) {
  const FewCaptions few;
  const nlohmann::json json = few.calibration({"--least", "seconds:cpu1", "--metric", "chrf",
                                               "--relative", "--max-loss", "80", "--points", "3"});
  EXPECT_EQ(json.at("metric"), "chrf");
  EXPECT_TRUE(json.at("relative"));
  const nlohmann::json winner = winner_of(json);
  const nlohmann::json on_dev = few.best("dev"), on_con = few.best("con");
  EXPECT_NEAR(winner.at("development_loss").get<double>(),
              100 * lost("chrf", "dev", on_dev) / quality(dense_run("dev"), "chrf"), 1e-9);
  EXPECT_NEAR(winner.at("confirm_loss").get<double>(),
              100 * lost("chrf", "con", on_con) / quality(dense_run("con"), "chrf"), 1e-9);
  EXPECT_DOUBLE_EQ(winner.at("cost").get<double>(), seconds_on_cpu1(on_dev));
  EXPECT_GE(winner.at("confirm_bound"), winner.at("confirm_loss"));
  EXPECT_LE(winner.at("confirm_bound").get<double>(), 80);
  EXPECT_DOUBLE_EQ(json.at("dense_cost").get<double>(), seconds_on_cpu1(dense_run("dev")));
}

// Where nothing is confirmed, best.yaml is the dense network with its beam, which is as wide as
// that of the points, also where the policy lacks what each of them gives.
TEST(CalibrateTranslation, FourSentencesConfirmNothingWithinAPoint) {
  const FewCaptions few;
  few.file("p.yaml", "beam: {type: dynamic, min: 1, max: 4}\n");
  const nlohmann::json json =
      few.calibration({"--least", "rows", "--max-loss", "1", "--points", "2"});
  EXPECT_TRUE(json.at("best").is_null());
  for (const nlohmann::json& candidate : json.at("candidates")) {
    EXPECT_FALSE(candidate.at("passed"));
    // The bound where no sentence differs: by the binomial distribution, a share of sentences p
    // differs with (1 - p)^n = 1 - 0.95, and each could lose all that the dense network has.
    if (candidate.at("differing") != 0) continue;
    EXPECT_NEAR(
        candidate.at("confirm_bound").get<double>(),
        quality(dense_run("dev"), "bleu") * (1 - std::pow(0.05, 1.0 / FewCaptions::kSentences)),
        1e-9);
  }
  EXPECT_EQ(json.at("dense_cost").get<double>(), rows_of(dense_run("dev")));
  const nlohmann::json best = few.best("dev");
  EXPECT_EQ(rows_of(best), rows_of(dense_run("dev")));
  EXPECT_EQ(best.at("quality"), dense_run("dev").at("quality"));
}

TEST(CalibrateTranslation, RefusesMistakesBeforeTheWork) {
  const FewCaptions few;
  const auto refused = [&](const Arguments& more, const std::string& part) {
    EXPECT_TRUE(is_refusal(few.calibrate(joined({"--max-loss", "5"}, more)), part));
    EXPECT_FALSE(std::filesystem::exists(few.path() / "out"));
  };
  const Arguments rows{"--least", "rows"};
  refused(joined(FewCaptions::kBoth, rows, {"--race", "0.1"}),
          "--race 0.1: only metrics that count errors are raced, and bleu does not");
  refused(joined(FewCaptions::kBoth, rows, {"--metric", "wer"}),
          "--metric wer: is not measured here; known are bleu, chrf");
  refused(joined(rows, {"--reference", "dev.de", "--confirm-data", "con.en"}),
          "a calibration needs references; name them by --confirm-reference");
  refused(joined(rows, {"--confirm-data", "con.en", "--confirm-reference", "con.de"}),
          "a calibration needs references; name them by --reference");
  refused(
      joined(rows, {"--reference", "dev.de", "--confirm-reference", "con.de", "--confirm", "test"}),
      "--confirm-reference: belongs to --confirm-data");
}

}  // namespace
}  // namespace edgeval::test
