// Runs `edgeval serve` as a sampler would. Its answers must be what `edgeval run` makes of each
// point alone, however the lines come.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/eval/command/swept_folder.hpp"
#include "tests/support/python.hpp"
#include "tests/support/stored_run.hpp"

namespace edgeval::test {
namespace {

using Answers = std::vector<nlohmann::json>;

const Arguments kServedSpeech{"--model", spoken_model(), "--data", spoken_data(), "--limit", "20"};
const std::string kSkipPolicy = spoken_data() + "/skip.yaml";

Answers answers_of(const std::string& out) {
  Answers answers;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) answers.push_back(nlohmann::json::parse(line));
  return answers;
}

// Runs `edgeval serve` in the folder with these lines as its input.
CommandResult serve(const DataFolder& folder, const Arguments& arguments,
                    const std::string& lines) {
  folder.file("lines.jsonl", lines);
  return run_shell(command_line(joined({"serve", "--quiet"}, arguments)) + " < lines.jsonl",
                   folder.path());
}
CommandResult serve_small(const SmallSweep& small, const Arguments& more,
                          const std::string& lines) {
  return serve(small, joined(SmallSweep::inputs(), more), lines);
}

// Compares an answer, or the dense network's figures, with the report of a run.
void expect_answer_of(const nlohmann::json& answer, const nlohmann::json& report,
                      const std::string& first) {
  int metrics = 0;
  for (const auto& [name, metric] : report.at("quality").items()) {
    if (!metric.is_object() || !metric.contains("ci95")) continue;
    ++metrics;
    EXPECT_EQ(answer.at(name), metric.at("value")) << name;
    if (name == first) {
      EXPECT_EQ(answer.at("ci95"), metric.at("ci95")) << name;
    }
  }
  EXPECT_GE(metrics, 2);
  std::uint64_t macs = 0;
  for (const auto& [width, count] : report.at("activity").at("totals").at("macs").items())
    macs += count.get<std::uint64_t>();
  EXPECT_EQ(answer.at("macs").get<std::uint64_t>(), macs);
  EXPECT_EQ(answer.at("energy").size(), report.at("energy").size());
  for (const nlohmann::json& energy : report.at("energy")) {
    const auto name = energy.at("accelerator").get<std::string>();
    EXPECT_EQ(answer.at("energy").at(name), energy.at("joules")) << name;
    EXPECT_EQ(answer.at("seconds").at(name), energy.at("seconds")) << name;
  }
  if (answer.contains("energy_left_out")) {
    EXPECT_EQ(answer.at("energy_left_out"), report.at("energy_left_out"));
  } else {
    EXPECT_TRUE(report.at("energy_left_out").empty());
  }
  EXPECT_EQ(answer.contains("rows"), report.at("activity").contains("decoder"));
  if (answer.contains("rows")) {
    EXPECT_EQ(answer.at("rows"), report.at("activity").at("decoder").at("rows"));
  }
}

TEST(Serve, AnswersWhatARunOfThePointGives) {
  const DataFolder folder;
  const CommandResult served =
      serve(folder, joined(kServedSpeech, {"--policy", kSkipPolicy, "--seed", "5"}),
            "{\"id\": \"half\", \"point\": {\"plan.threshold\": 0.5}}\n"
            "{\"id\": 2, \"point\": {\"operand.type\": \"delta\", \"operand.threshold_x\": 0.1, "
            "\"operand.threshold_h\": 0.1}}\n"
            "{\"id\": null, \"point\": {\"arithmetic.type\": \"int8\", \"layers.lstm1.plan.type\": "
            "\"every_step\"}}\n");
  ASSERT_EQ(served.code, 0) << served.err;
  EXPECT_EQ(served.err, "");
  const Answers answers = answers_of(served.out);
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0].at("ready"), true);
  EXPECT_EQ(answers[0].at("edgeval").get<std::string>() + "\n", edgeval({"--version"}).out);
  EXPECT_EQ(answers[0].at("utterances"), 20);
  EXPECT_EQ(answers[0].at("metrics"), (nlohmann::json{"wer", "cer", "ser"}));
  const auto report_of = [](const Arguments& more) {
    return stored_run(
               joined({"run", "--quiet", "--seed", "5", "--no-reference"}, kServedSpeech, more))
        .report;
  };
  expect_answer_of(answers[0].at("dense"), report_of({}), "wer");
  const std::vector<Arguments> settings{
      {"plan.threshold=0.5"},
      {"operand.type=delta", "operand.threshold_x=0.1", "operand.threshold_h=0.1"},
      {"arithmetic.type=int8", "layers.lstm1.plan.type=every_step"}};
  const nlohmann::json ids{"half", 2, nullptr};
  for (std::size_t p = 0; p < settings.size(); ++p) {
    EXPECT_EQ(answers[p + 1].at("id"), ids[p]);
    expect_answer_of(answers[p + 1],
                     report_of(joined({"--policy", kSkipPolicy, "--set"}, settings[p])), "wer");
  }
}

TEST(Serve, AnswersForTranslations) {
  const DataFolder folder;
  const Arguments reference{"--reference", captions_file("captions.de"), "--hardware", "cpu1"};
  const CommandResult served =
      serve(folder, joined(kCaptions, reference, {"--set", "beam.width=3"}),
            "{\"id\": 1, \"point\": {\"beam.width\": 2}}\n{\"id\": 2, \"point\": {}}\n");
  ASSERT_EQ(served.code, 0) << served.err;
  const Answers answers = answers_of(served.out);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].at("sentences"), 4);
  const auto report_of = [&](const std::string& setting) {
    return stored_run(
               joined({"run", "--quiet", "--no-reference", "--set", setting}, kCaptions, reference))
        .report;
  };
  expect_answer_of(answers[1], report_of("beam.width=2"), "bleu");
  const nlohmann::json of_three = report_of("beam.width=3");
  expect_answer_of(answers[2], of_three, "bleu");
  expect_answer_of(answers[0].at("dense"), of_three, "bleu");
  // Without references there are costs alone.
  const CommandResult costs =
      serve(folder, joined(kCaptions, {"--no-reference"}), "{\"id\": 1, \"point\": {}}\n");
  ASSERT_EQ(costs.code, 0) << costs.err;
  EXPECT_FALSE(answers_of(costs.out).at(1).contains("bleu"));
  EXPECT_GT(answers_of(costs.out).at(1).at("rows"), 0);
}

constexpr const char* kMixedLines =
    "{\"id\": 1, \"point\": {\"operand.threshold_x\": 0.02}}\n"
    "\n"
    "{\"id\": 2, \"point\": {\"operand.threshold_x\": -1}}\n"
    "{\"id\": 3, \"point\": {\"operand.threshold_x\": 0.02}}\n"
    "no JSON\n"
    "{\"id\": 4, \"point\": {\"operand.treshold_x\": 0.5}}\n"
    "{\"id\": 5, \"point\": {\"weights.type\": \"binary\"}}\n"
    "{\"id\": 6, \"point\": {\"profile\": \"other.json\"}}\n"
    "{\"id\": 7, \"point\": {}}";

TEST(Serve, GoesOnBehindBadLines) {
  const SmallSweep small;
  const CommandResult served = serve_small(small, {}, kMixedLines);
  ASSERT_EQ(served.code, 0) << served.err;
  const Answers answers = answers_of(served.out);
  ASSERT_EQ(answers.size(), 9u);
  const auto error_of = [&](std::size_t line) { return answers[line].at("error"); };
  for (const std::size_t good : {1, 3, 6, 8}) EXPECT_TRUE(answers[good].contains("wer")) << good;
  EXPECT_EQ(answers[8].at("id"), 7);
  EXPECT_EQ(answers[2].at("id"), 2);
  EXPECT_EQ(answers[4].at("id"), nullptr);
  EXPECT_NE(error_of(2).get<std::string>().find("threshold_x"), std::string::npos);
  EXPECT_NE(error_of(4).get<std::string>().find("line 5: is no JSON object"), std::string::npos);
  EXPECT_NE(error_of(5).get<std::string>().find("unknown key; did you mean threshold_x?"),
            std::string::npos);
  EXPECT_NE(error_of(7).get<std::string>().find("all points have one profile"), std::string::npos);
  nlohmann::json again = answers[3];
  again["id"] = 1;
  EXPECT_EQ(again, answers[1]);
}

// A process of `edgeval serve` to which a test speaks line by line.
class Conversation {
 public:
  Conversation(const Arguments& arguments, const std::filesystem::path& folder) {
    std::array<int, 2> in{}, out{};
    if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], 0), ::dup2(out[1], 1);
      for (const int end : {in[0], in[1], out[0], out[1]}) ::close(end);
      std::filesystem::current_path(folder);
      std::vector<std::string> words = joined({EDGEVAL_BINARY, "serve", "--quiet"}, arguments);
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execv(EDGEVAL_BINARY, argv.data());
      ::_exit(127);
    }
    ::close(in[0]), ::close(out[1]);
    to_ = in[1], from_ = ::fdopen(out[0], "r");
  }
  Conversation(const Conversation&) = delete;
  ~Conversation() { end(); }

  std::string read() {
    std::string line;
    for (int c = 0; (c = std::fgetc(from_)) != EOF;) {
      line += static_cast<char>(c);
      if (c == '\n') break;
    }
    return line;
  }
  std::string ask(const std::string& line) {
    EXPECT_EQ(::write(to_, line.data(), line.size()), std::ssize(line));
    return read();
  }
  // Closes the pipes and returns the exit code.
  int end() {
    if (child_ < 0) return -1;
    ::close(to_), std::fclose(from_);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t child_ = -1;
  int to_ = -1;
  std::FILE* from_ = nullptr;
};

TEST(Serve, GivesTheSameBytesHoweverLinesComeAndWhateverRuns) {
  const SmallSweep small;
  const auto answers = [](const std::string& out) { return out.substr(out.find('\n') + 1); };
  const auto dense = [](const std::string& out) { return answers_of(out).at(0).at("dense"); };
  const std::string together = serve_small(small, {}, kMixedLines).out;
  EXPECT_EQ(std::ranges::count(answers(together), '\n'), 8);
  for (const Arguments& more :
       {Arguments{"--threads", "1"}, {"--threads", "2", "--batch", "1"}, {"--batch", "2"}}) {
    const CommandResult other = serve_small(small, more, kMixedLines);
    EXPECT_EQ(answers(other.out), answers(together)) << separated(more);
    EXPECT_EQ(dense(other.out), dense(together)) << separated(more);
  }
  Conversation alone(SmallSweep::inputs(), small.path());
  EXPECT_EQ(nlohmann::json::parse(alone.read()).at("ready"), true);
  std::string one_by_one;
  std::istringstream lines(kMixedLines);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) one_by_one += alone.ask(line + "\n");
  // The empty line is not there, so that the lines behind it have other numbers.
  const std::size_t at = one_by_one.find("line 4: ");
  ASSERT_NE(at, std::string::npos) << one_by_one;
  EXPECT_EQ(one_by_one.replace(at, 8, "line 5: "), answers(together));
  EXPECT_EQ(alone.end(), 0);
}

TEST(Serve, EndsWithItsInputAndGreetsFirst) {
  const SmallSweep small;
  const CommandResult none = serve_small(small, {}, "");
  EXPECT_EQ(none.code, 0) << none.err;
  EXPECT_EQ(answers_of(none.out).size(), 1u);
  const CommandResult blank = serve_small(small, {"--no-reference"}, "\n \n\t\r\n");
  EXPECT_EQ(blank.code, 0) << blank.err;
  const Answers greeting = answers_of(blank.out);
  ASSERT_EQ(greeting.size(), 1u);
  EXPECT_FALSE(greeting[0].contains("dense"));
  EXPECT_EQ(greeting[0].at("utterances"), 5);
}

TEST(Serve, LeavesOutAcceleratorsThatCannotPriceAPoint) {
  const SmallSweep small;
  const CommandResult served = serve_small(
      small, {"--hardware", "similarity65"},
      "{\"id\": 1, \"point\": {}}\n"
      "{\"id\": 2, \"point\": {\"arithmetic.type\": \"int8\", \"arithmetic.input_bits\": 5}}\n");
  ASSERT_EQ(served.code, 0) << served.err;
  const Answers answers = answers_of(served.out);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_TRUE(answers[1].at("energy").empty());
  EXPECT_NE(answers[1].at("energy_left_out").at("similarity65").get<std::string>().find("fp32"),
            std::string::npos);
  EXPECT_GT(answers[2].at("energy").at("similarity65"), 0);
  EXPECT_FALSE(answers[2].contains("energy_left_out"));
}

TEST(Serve, MayGiveWhatThePolicyLacks) {
  const SmallSweep small;
  small.file("open.yaml", "operand: {type: delta}\n");
  const std::string point =
      "{\"id\": 1, \"point\": {\"operand.threshold_x\": 0.1, \"operand.threshold_h\": 0.1}}\n";
  const Arguments open{"--model",   "model.safetensors", "--data",
                       "set.jsonl", "--policy",          "open.yaml"};
  small.file("lines.jsonl", "{\"id\": 0, \"point\": {}}\n" + point);
  const CommandResult served =
      run_shell(command_line(joined({"serve"}, open)) + " < lines.jsonl", small.path());
  ASSERT_EQ(served.code, 0) << served.err;
  const Answers answers = answers_of(served.out),
                whole = answers_of(serve_small(small, {}, point).out);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_NE(answers[1].at("error").get<std::string>().find("threshold"), std::string::npos);
  EXPECT_EQ(answers[2], whole.at(1));
  EXPECT_EQ(answers[0].at("dense"), whole.at(0).at("dense"));
  EXPECT_NE(served.err.find("every point must give it"), std::string::npos) << served.err;
}

TEST(Serve, RefusesWhatIsWrongBeforeItGreets) {
  const SmallSweep small;
  const auto refused = [&](const Arguments& more) { return serve_small(small, more, ""); };
  EXPECT_TRUE(is_refusal(refused({"--hardware", "none"}), "unknown accelerator"));
  EXPECT_TRUE(is_refusal(refused({"--profile", "none.json"}), "none.json: no such file"));
  EXPECT_TRUE(is_refusal(refused({"--set", "operand"}), "must be key=value"));
  EXPECT_TRUE(is_refusal(refused({"--set", "plan.typo=1"}), "plan.typo: unknown key"));
  EXPECT_TRUE(is_refusal(refused({"--n-best", "2"}), "--n-best"));
  EXPECT_TRUE(is_refusal(serve(small,
                               joined(kCaptions, {"--reference", captions_file("captions.de"),
                                                  "--reference-perplexity"}),
                               ""),
                         "--reference-perplexity: no answer has its figure"));
  const std::string line = command_line(joined({"serve", "--quiet"}, SmallSweep::inputs()));
  const CommandResult folder = run_shell(line + " < .", small.path());
  EXPECT_EQ(folder.code, 1);
  EXPECT_EQ(folder.err, "edgeval: standard input: cannot be read: Is a directory\n");
}

TEST(Serve, EndsWhenNobodyReadsItsAnswers) {
  const SmallSweep small;
  const std::string line = command_line(joined({"serve", "--quiet"}, SmallSweep::inputs()));
  for (const char* closed : {" >&-", " > /dev/full"}) {
    const CommandResult result = run_shell(line + " < /dev/null" + closed, small.path());
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.err, "edgeval: failed: standard output cannot be written\n");
  }
  // The reader leaves behind the greeting, while a line has yet to come.
  const CommandResult left = run_shell(
      "mkfifo in out; (" + line +
          " < in > out; echo code $? >&2) & exec 3> in 4< out; read greeting <&4; exec 4<&-; "
          "echo '{\"point\": {}}' >&3; exec 3>&-; wait",
      small.path());
  EXPECT_EQ(left.err, "edgeval: failed: standard output cannot be written\ncode 2\n");
}

// The example of docs/formats/serve.md finds a policy, which gives in a run what it has promised.
TEST(Serve, AnswersOptuna) {
  EDGEVAL_NEEDS_PYTHON_MODULES("optuna");
  const DataFolder folder;
  const Arguments inputs = joined(
      kServedSpeech, {"--policy", spoken_data() + "/skip_delta.yaml", "--hardware", "reuse32"});
  const std::string out = folder / "out";
  ASSERT_TRUE(python(concat("'", (source_folder() / "docs/formats/serve_optuna.py").string(),
                            "' --allowed 6 --trials 8 --batch 4 -- '", EDGEVAL_BINARY, "' ",
                            command_line(joined({"serve", "--quiet"}, inputs)).substr(8), " > '",
                            out, "'")));
  const std::string said = read_file(out);
  const std::size_t settings = said.find("--set ");
  ASSERT_NE(settings, std::string::npos) << said;
  Arguments words{"run", "--quiet"};
  std::istringstream rest(said.substr(settings));
  for (std::string word; rest >> word;) words.push_back(word);
  const nlohmann::json report = stored_run(joined(words, inputs)).report;
  const nlohmann::json dense =
      stored_run(joined({"run", "--quiet"}, inputs,
                        {"--set", "plan.type=every_step", "operand.type=as_is"}))
          .report;
  const auto joules = [](const nlohmann::json& of) {
    return of.at("energy").at(0).at("joules").get<double>();
  };
  const auto wer = [](const nlohmann::json& of) {
    return of.at("quality").at("wer").at("value").get<double>();
  };
  std::array<char, 200> expected;
  std::snprintf(expected.data(), expected.size(),
                "takes %.3f of the dense network's energy and "
                "loses %.2f:",
                joules(report) / joules(dense), wer(report) - wer(dense));
  EXPECT_NE(said.find(expected.data()), std::string::npos) << said << expected.data();
}

}  // namespace
}  // namespace edgeval::test
