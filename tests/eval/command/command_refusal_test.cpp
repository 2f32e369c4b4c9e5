// A mistake in any input ends the real program with exit code 1 and one line that names the place.
// Inputs are policies, accelerators, profiles, stored reports, models, test sets and options.
#include "tests/hwmodel/toy_accelerator.hpp"
#include "tests/support/refused_command.hpp"

namespace edgeval::test {
namespace {

struct FileCase {
  std::string bytes;    // content of the file
  std::string message;  // a part of the line
};

TEST_F(Refused, Policies) {
  const std::vector<FileCase> cases{
      {"", "p2.yaml: is empty"},
      {"# nothing\n", "p2.yaml: is empty"},
      {"plan", "p2.yaml: is no map of axes"},
      {"- plan\n", "p2.yaml: is no map of axes"},
      {"plan: {type: every_step}\n---\nplan: {type: every_step}\n",
       "p2.yaml: holds several YAML documents"},
      {"plan: {type: every_step\n", "p2.yaml:2: not YAML"},
      {"plan: *missing\n", "p2.yaml:1: not YAML"},
      {std::string(3000, '['), "p2.yaml:1: not YAML"},
      {"plan: \xff\n", "p2.yaml:1: not UTF-8"},
      {"paln: {type: every_step}\n", "p2.yaml: paln: unknown key; did you mean plan?"},
      {"\"a\\nb\": 1\n", "unknown key"},
      {"plan: {type: every_step}\nplan: {type: every_step}\n", "p2.yaml: plan: given twice"},
      {"operand: {type: delta, threshold_x: 1, threshold_x: 1}\n",
       "operand.threshold_x: given twice"},
      {"plan: every_step\n", "plan: must be a map such as {type: every_step}"},
      {"plan:\n", "plan: must be a map"},
      {"plan: {type: similarity_skop}\n",
       "unknown type 'similarity_skop'; did you mean similarity_skip?"},
      {"plan: {type: [every_step]}\n", "plan.type: must be a name"},
      {"plan: {threshold: 0.5}\n",
       "plan.threshold: unknown key of type every_step; a key of type similarity_skip, which "
       "plan.type must name"},
      {"plan: {type: similarity_skip, treshold: 0.5}\n",
       "plan.treshold: unknown key; did you mean threshold?"},
      {"plan: {type: similarity_skip, threshold: high}\n",
       "plan.threshold: must be a number, is 'high'"},
      {"plan: {type: similarity_skip, threshold: .nan}\n", "plan.threshold: must be a number"},
      {"plan: {type: similarity_skip, threshold: [1]}\n", "plan.threshold: must be a number"},
      {"plan: {type: similarity_skip, shift: 16}\n",
       "plan: shift must be a whole number from 0 to 15"},
      {"plan: {type: similarity_skip, max_consecutive: -1}\n",
       "plan: max_consecutive must be 0 or more"},
      {"plan: {type: similarity_skip, max_consecutive: 1.5}\n", "must be a whole number or .inf"},
      {"plan: {type: similarity_skip, fraction_bits: 0.5}\n",
       "fraction_bits must be a whole number"},
      {"plan: {type: similarity_skip}\n",
       "p2.yaml: plan: similarity_skip wants threshold, which no default suits"},
      {"plan: {type: similarity_skip, threshold: 0.5}\n",
       "layer lstm1, similarity_skip: fraction_bits is not known; name a profile"},
      {"operand: {type: reuse}\n", "layer lstm1, reuse: range is not known; name a profile"},
      {"operand: {type: reuse, clusters: 0}\n",
       "operand: clusters must be a whole number from 1 to 65536"},
      {"operand: {type: reuse, range: 3}\n", "operand.range: must be [min, max]"},
      {"operand: {type: reuse, range: [1, 2, 3]}\n", "operand.range: must be [min, max]"},
      {"operand: {type: reuse, range: [a, 1]}\n", "operand.range: must be a number, is 'a'"},
      {"operand: {type: reuse, range: [2, 1]}\n",
       "operand: range must be [min, max] with min below max"},
      {"operand: {type: reuse, range: [-.inf, 1]}\n", "operand: range must be finite"},
      {"operand: {type: delta, threshold_h: -0.1}\n", "operand: thresholds must be 0 or more"},
      {"arithmetic: {type: int4}\n", "arithmetic.type: unknown type 'int4'"},
      {"operand: {type: dynamic_precision, seed: 1.0e+18}\n",
       "operand: seed must be a whole number from 0 to 1e15"},
      {"operand: {type: dynamic_precision, input_alpha: 1.0e+300}\n",
       "operand: input_alpha must be from 0 to 1e30"},
      {"layers: {lstm3: {plan: {type: every_step}}}\n",
       "p2.yaml: layers.lstm3: model random has no such layer"},
      {"layers: {lstm1: {plans: {type: every_step}}}\n",
       "layers.lstm1.plans: unknown key; did you mean plan?"},
      {"layers: {lstm1: 3}\n", "layers.lstm1: must be a map such as {operand: {type: ...}}"},
      {"layers: [lstm1]\n", "layers: must be a map such as {lstm1: {operand: {type: ...}}}"},
      {"plan: {type: similarity_skip, threshold: 1, pseudo: 0.5}\n",
       "plan.pseudo: must be a map such as {threshold: ...}"},
      {"plan: {type: similarity_skip, foo: 1}\n",
       "known: type, threshold, max_consecutive, shift, fraction_bits, pseudo, delta_scale"},
      {"layers: {output: {plan: {type: similarity_skip, threshold: 1, fraction_bits: 3}}}\n",
       "p2.yaml: layer output is linear"},
      {"layers: {output: {operand: {type: reuse}}}\n",
       "p2.yaml: layer output, reuse: range is not known"},
      // What cannot be is refused before a profile is asked for.
      {"operand: {type: dynamic_precision}\narithmetic: {type: int16, input_bits: 12}\n",
       "int16 has none of them"},
      {"operand: {type: dynamic_precision}\nlayers: {output: {operand: {type: "
       "dynamic_precision}}}\n",
       "a linear layer has not"},
      {"layers: {output: {operand: {type: dynamic_precision}}}\n", "a linear layer has not"},
      {"plan: {type: similarity_skip, threshold: 1, fraction_bits: 3, pseudo: {threshold: 0.5}}\n",
       "int16"},
      {"profile: [a]\n", "profile: must be a file's path"},
      {"profile: none.json\n", "none.json: no such file"},
  };
  for (const FileCase& each : cases) {
    inputs().file("p2.yaml", each.bytes);
    EXPECT_TRUE(is_refusal(inputs().run_with("--policy", "p2.yaml"), each.message))
        << each.bytes.substr(0, 200);
  }
}

TEST_F(Refused, Settings) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"operand", "--set operand: must be key=value"},
      {"=1", "must be key=value"},
      {"operand..type=delta", "operand..type is no key"},
      {"operand.=1", "operand. is no key"},
      {"layers.\"lstm1.operand=1", "a double quote is not closed"},
      {"layers.\"lstm1\"x.operand=1", "is no key"},
      {"operand.type=[", "--set operand.type=[: the value is not YAML"},
      {"operand.type=dleta", "--set: operand.type: unknown type 'dleta'; did you mean delta?"},
      {"operand.type.deep.er=1", "operand.type: must be a name"},
      {"operand=delta", "--set: operand: must be a map"},
      {"plan.threshold=0.5", "--set: plan.threshold: unknown key of type every_step"},
      {"layers.encoder.lstm.1.plan.type=every_step", "layers.encoder.lstm: unknown key"},
  };
  for (const auto& [setting, message] : cases)
    EXPECT_TRUE(is_refusal(inputs().run_with("--set", setting), message)) << setting;
}

// A mistake is laid to the file or to --set, whichever made it.
TEST_F(Refused, SettingsBesideAFile) {
  const auto run = [](const std::string& policy, const std::string& setting) {
    inputs().file("p2.yaml", policy);
    return inputs().run({"run", "--model", "model.safetensors", "--data", "set.jsonl", "--policy",
                         "p2.yaml", "--set", setting});
  };
  const std::string skip = "plan: {type: similarity_skip, threshold: 0.5, fraction_bits: 12}\n";
  EXPECT_TRUE(is_refusal(run(skip, "plan.thresold=0.5"),
                         "edgeval: --set: plan.thresold: unknown key; did you mean threshold?"));
  EXPECT_TRUE(is_refusal(run(skip, "operand.type=foo"), "edgeval: --set: operand.type: unknown"));
  EXPECT_TRUE(is_refusal(run(skip, "layers.lstm1.operand.type=memoized"),
                         "edgeval: --set: layers.lstm1.operand: memoized wants threshold"));
  EXPECT_TRUE(is_refusal(run("plan: {typ: every_step}\n", "operand.type=delta"),
                         "edgeval: p2.yaml: plan.typ: unknown key"));
  EXPECT_TRUE(is_refusal(run("plan: 3\n", "plan.threshold=0.5"), "edgeval: p2.yaml: plan: must"));
  // The file lacks a threshold, which a setting may give.
  const std::string open = "plan: {type: similarity_skip, fraction_bits: 12}\n";
  EXPECT_TRUE(is_refusal(run(open, "operand.type=as_is"), "edgeval: p2.yaml: plan: "));
  EXPECT_TRUE(is_refusal(run(open, "plan.threshold=x"),
                         "edgeval: p2.yaml with --set: plan.threshold: must be a number"));
  EXPECT_EQ(run(open, "plan.threshold=0.5").code, 0);
  EXPECT_TRUE(is_refusal(run(skip, "layers.lstm9.plan.shift=3"),
                         "edgeval: p2.yaml with --set: layers.lstm9: model random has no such"));
}

TEST_F(Refused, Accelerators) {
  const std::vector<FileCase> cases{
      {"", "hw.yaml"},
      {"name: [\n", "hw.yaml:2: not YAML"},
      {"name: x\n", "hw.yaml"},
      {hw::test::toy_with("static_mw: {value: 1,", "static_mw: {value: -1,"), "hw.yaml"},
      {hw::test::toy_with("count: weight_words.32", "count: weight_wrods.32"), "weight_wrods.32"},
      {hw::test::toy_with("times: weights + biases", "times: weights +"), "hw.yaml"},
      {hw::test::toy_with("  steps: a sum\n", "  steps: a sum\n  steps: a sum\n"), "hw.yaml"},
      {hw::test::kToy, "hw.yaml: toy cannot price layer lstm1"},
      {hw::test::toy_with("frequency_hz: 1e6", "frequency_hz: 0"), "hw.yaml"},
      {hw::test::toy_with("frequency_hz: 1e6", "frequency_hz: 1.6"),
       "hw.yaml:4: frequency_hz is 1.6, must lie in [1e3, 1e12]"},
      {hw::test::toy_with("cycles:\n"
                          "  - {count: steps_run, kind: any, times: \"max(outputs, 3) * gates\"}\n"
                          "  - {count: inputs_changed, kind: linear}\n",
                          "cycles: []\n"),
       "cycles is empty"},
  };
  for (const FileCase& each : cases) {
    inputs().file("hw.yaml", each.bytes);
    EXPECT_TRUE(is_refusal(inputs().run_with("--hardware", "hw.yaml"), each.message))
        << each.bytes.substr(0, 200);
  }
  EXPECT_TRUE(is_refusal(inputs().run_with("--hardware", "reuse23"), "did you mean reuse32?"));
  EXPECT_TRUE(is_refusal(inputs().run_with("--hardware", "none.yaml"), "none.yaml: no such file"));
  EXPECT_TRUE(is_refusal(inputs().run({"energy", "--report", "made/report.json", "--hardware",
                                       "reuse32", "--hardware", "reuse32"}),
                         "an accelerator named reuse32 was given before"));
}

// The refusal comes before the long work begins: there is no progress and no folder of results.
TEST_F(Refused, AcceleratorsThatCannotPriceSkippedStepsOrZeros) {
  std::string priced = hw::test::kToy;
  for (const char* count :
       {"inputs_zero", "recurrent_inputs_zero", "score_comparisons", "score_quantizations",
        "operand_quantizations", "operand_comparisons", "operand_subtractions"})
    priced.append("  ").append(count).append(": left out\n");
  const auto without = [&](const std::string& count) {
    const std::size_t begin = priced.find("\n  " + count + ":");
    return std::string(priced).erase(begin, priced.find('\n', begin + 1) - begin);
  };
  const Arguments run{"run",      "--model", "model.safetensors", "--data",  "set.jsonl",
                      "--policy", "p.yaml",  "--hardware",        "hw.yaml", "--out",
                      "unmade"};
  for (const std::string count : {"steps_skipped", "inputs_zero", "recurrent_inputs_zero"}) {
    inputs().file("hw.yaml", without(count));
    EXPECT_TRUE(is_refusal(inputs().run(run), " " + count + " ("));
    EXPECT_FALSE(std::filesystem::exists(inputs() / "unmade"));
  }
  std::string timeless = priced;
  const std::size_t cycles = timeless.find("\ncycles:");
  timeless.replace(cycles, timeless.find("\nfree:") - cycles,
                   "\ncycles:\n  - {count: steps_pseudo}");
  inputs().file("hw.yaml", timeless);
  EXPECT_TRUE(is_refusal(inputs().run(run), "hw.yaml: no rule of cycles counts any work"));
}

TEST_F(Refused, FilesThatAreDevicesOrPipes) {
  EXPECT_TRUE(is_refusal(inputs().run_with("--policy", "/dev/zero"), "is a device or pipe"));
  EXPECT_TRUE(is_refusal(inputs().run_with("--model", "/dev/zero"), "is a device or pipe"));
  const CommandResult piped = run_shell(
      "cat p.yaml | edgeval run --model model.safetensors --data set.jsonl --policy /dev/stdin",
      inputs().path());
  EXPECT_TRUE(is_refusal(piped, "/dev/stdin: is a device or pipe"));
  inputs().file("ref", "u1 a b\nu2 c\n");
  const CommandResult score =
      run_shell("cat ref | edgeval score --reference ref --hypothesis /dev/stdin", inputs().path());
  EXPECT_EQ(score.code, 0) << score.err;
}

TEST_F(Refused, Profiles) {
  const auto with = [](const std::function<void(Json&)>& change) {
    return changed("profile.json", change);
  };
  const auto layer = [&](const std::function<void(Json&)>& change) {
    return with([&](Json& json) { change(json["layers"]["lstm1"]); });
  };
  const std::vector<FileCase> cases{
      {"", "p.json: not valid JSON"},
      {"[]", "p.json: is array, must be an object"},
      {read_file(inputs() / "profile.json").substr(0, 900), "p.json: not valid JSON"},
      {"{\"schema\": 1, \"schema\": 1}", "duplicate key"},
      {"\xff", "p.json:1: not UTF-8"},
      {with([](Json& json) { json["schema"] = 2; }), "schema is 2, must be 1"},
      {with([](Json& json) { json.erase("schema"); }), "\"schema\" is missing"},
      {with([](Json& json) { json["layer"] = 1; }), "unknown key \"layer\"; did you mean layers?"},
      {with([](Json& json) { json["model"]["sha256"] = "00"; }),
       "other weights; make one for model.safetensors"},
      {with([](Json& json) { json["model"] = "m"; }), "model: is string, must be an object"},
      {with([](Json& json) { json["layers"].erase("lstm2"); }), "\"lstm2\" is missing"},
      {with([](Json& json) { json["layers"]["lstm9"] = json["layers"]["lstm1"]; }),
       "has no layer \"lstm9\""},
      {layer([](Json& json) { json["fraction_bits"] = json["fraction_bits"].get<int>() + 1; }),
       "fraction_bits contradicts input_magnitude_p9999"},
      {layer([](Json& json) { json["fraction_bits"] = 2.5; }), "must be a whole number"},
      {layer([](Json& json) { json["range"][0] = -77; }), "range contradicts min and max"},
      {layer([](Json& json) { json["range"] = "wide"; }), "range is string, must be an array"},
      {layer([](Json& json) { json["input_magnitude_p9999"] = -1; }),
       "input_magnitude_p9999 is -1"},
      {layer([](Json& json) { json["input"]["max"] = json["input"]["min"].get<double>() - 1; }),
       "max is"},
      {layer([](Json& json) { json["input"]["elements"] = -1; }), "elements is -1"},
      {layer([](Json& json) { json["input"]["zeros"] = 1000000000000; }), "zeros is 1000000000000"},
      {layer([](Json& json) { json["input"]["mean"] = 99; }), "mean is 99"},
      {layer([](Json& json) { json["input"]["percentiles"]["50"] = 99; }), "50 is 99"},
      {layer([](Json& json) { json["input"]["elements"] = 0; }), "range contradicts"},
      {layer([](Json& json) { json["input"]["mean"] = nullptr; }),
       "mean is null, must be a number"},
      {layer([](Json& json) { json["input"]["percentiles"].erase("50"); }), "\"50\" is missing"},
      {layer([](Json& json) { json["recurrent"] = Json::array(); }), "recurrent: is array"},
  };
  for (const FileCase& each : cases) {
    inputs().file("p.json", each.bytes);
    EXPECT_TRUE(is_refusal(inputs().run_with("--profile", "p.json"), each.message)) << each.message;
  }
}

TEST_F(Refused, StoredReports) {
  const auto with = [](const std::function<void(Json&)>& change) {
    return changed("made/report.json", change);
  };
  const auto layer = [&](const std::function<void(Json&)>& change) {
    return with([&](Json& json) { change(json["activity"]["layers"][1]); });
  };
  const std::vector<FileCase> cases{
      {"", "r.json: not valid JSON"},
      {"null", "r.json: is null, must be an object"},
      {read_file(inputs() / "made/report.json").substr(0, 2500), "r.json: not valid JSON"},
      {std::string(100000, '['), "nests deeper than"},
      {with([](Json& json) { json["schema"] = "1"; }), "schema is string"},
      {with([](Json& json) { json.erase("activity"); }), "\"activity\" is missing"},
      {with([](Json& json) { json["activity"]["layers"] = Json::array(); }),
       "activity: has no layers"},
      {with([](Json& json) { json["activity"]["layers"] = Json::object(); }),
       "layers is object, must be an array"},
      {with([](Json& json) { json["activity"]["layers"][0] = 3; }),
       "layers[0]: is number, must be an object"},
      {with([](Json& json) { json["data"].erase("seconds"); }), "\"seconds\" is missing"},
      {with([](Json& json) { json["data"]["seconds"] = -1; }), "seconds is -1"},
      {layer([](Json& json) { json.erase("name"); }), "layers[1]: key \"name\" is missing"},
      {layer([](Json& json) { json["direction"] = "up"; }), "unknown direction \"up\""},
      {layer([](Json& json) { json["shape"]["kind"] = "gruu"; }),
       "unknown kind \"gruu\"; did you mean gru?"},
      {layer([](Json& json) { json["shape"]["rectified"] = "no"; }),
       "rectified is string, must be true or false"},
      {layer([](Json& json) { json["shape"]["inputs"] = 1LL << 40; }), "inputs is 1099511627776"},
      {layer([](Json& json) { json["shape"]["inputs"] = 7; }), "macs_dense are not those of"},
      {layer([](Json& json) { json["shape"]["extra"] = 7; }), "unknown key \"extra\""},
      {layer([](Json& json) { json["steps"] = -1; }), "steps is -1"},
      {layer([](Json& json) { json["steps"] = json["steps"].get<int>() + 1; }),
       "steps are not the sum"},
      {layer([](Json& json) { json["steps"] = 18446744073709551615ULL; }),
       "steps is 18446744073709551615"},
      {layer([](Json& json) { json["inputs"] = 1.5; }), "inputs is 1.5, must be a whole number"},
      {layer([](Json& json) { json["macs"] = 5; }), "macs: is number, must be an object"},
      {layer([](Json& json) { json["macs"].erase("fp32"); }), "macs: key \"fp32\" is missing"},
      {layer(
           [](Json& json) { json["macs"]["fp32"] = json["macs_dense"].get<std::uint64_t>() + 1; }),
       "more macs than macs_dense"},
      {layer([](Json& json) {
         json["weight_words"] = Json::array({1, 2});
       }),
       "weight_words: is array"},
      {layer([](Json& json) { json.erase("nonlinearities"); }), "\"nonlinearities\" is missing"},
      {layer([](Json& json) { json["nonlinearity"] = 1; }),
       "unknown key \"nonlinearity\"; did you mean nonlinearities?"},
      {layer([](Json& json) { json["macs"]["fp23"] = 1; }), "macs: unknown key \"fp23\""},
      {layer([](Json& json) { json["weight_words"]["33"] = 1; }),
       "weight_words: unknown key \"33\""},
      {layer([](Json& json) { json["macs"]["fp32"] = json["macs"]["fp32"].get<int>() - 1; }),
       "layers[1]: macs.fp32 is "},
      {layer([](Json& json) { json["outputs"] = 1; }),
       "outputs is 1, but its steps, changed elements and shape make "},
      {layer([](Json& json) { json["inputs_zero"] = 1000000; }), "more inputs_zero than inputs"},
      {layer([](Json& json) { json["sequences"] = 0; }), "has steps, but no sequences"},
      {with([](Json& json) { json["activity"]["totals"]["steps"] = 1; }),
       "totals: steps is 1, but the layers' add up to "},
      {with([](Json& json) { json["activity"]["totals"]["stops"] = 1; }),
       "totals: unknown key \"stops\"; did you mean steps?"},
      {with([](Json& json) { json["activity"].erase("totals"); }), "\"totals\" is missing"},
      {with([](Json& json) { json["activity"]["sums"] = 1; }), "unknown key \"sums\""},
  };
  for (const FileCase& each : cases) {
    inputs().file("r.json", each.bytes);
    EXPECT_TRUE(is_refusal(inputs().run({"energy", "--report", "r.json"}), each.message))
        << each.message;
  }
  EXPECT_TRUE(
      is_refusal(inputs().run({"energy", "--report", "none.json"}), "none.json: no such file"));
  EXPECT_TRUE(is_refusal(inputs().run({"energy", "--report", "made"}), "made: is a folder"));
}

TEST_F(Refused, Models) {
  const std::string good = read_file(inputs() / "model.safetensors");
  const FileParts parts = unframed(good);
  std::string renamed = parts.header;
  renamed.replace(renamed.find("weight_hh"), 9, "weight_xx");
  std::string infinite = good;
  infinite.replace(infinite.size() - 4, 4, "\x00\x00\x80\x7f", 4);
  for (const std::string& bytes :
       {std::string(), good.substr(0, 7), good.substr(0, good.size() - 1), good + "x",
        framed(renamed, parts.data), infinite, std::string(64, '\xff')}) {
    inputs().file("m.safetensors", bytes);
    EXPECT_TRUE(is_refusal(inputs().run_with("--model", "m.safetensors"), "m.safetensors"));
    EXPECT_TRUE(
        is_refusal(inputs().run({"profile", "--model", "m.safetensors", "--data", "set.jsonl"}),
                   "m.safetensors"));
  }
  EXPECT_TRUE(is_refusal(inputs().run_with("--model", "none"), "none: no such file"));
  EXPECT_TRUE(
      is_refusal(inputs().run_with("--model", std::string(5000, 'm')), "File name too long"));
}

TEST_F(Refused, TestSets) {
  const std::string a = R"({"id": "a", "audio_filepath": "a.wav", "text": "A"})";
  const std::vector<FileCase> cases{
      {"", "s.jsonl"},
      {"nothing", "s.jsonl:1"},
      {a + "\n" + a, "s.jsonl:2"},
      {R"({"id": "a", "audio_filepath": "a.wav"})", "text"},
      {R"({"id": "a", "audio_filepath": "none.wav", "text": "A"})", "none.wav"},
      {R"({"id": "a", "audio_filepath": "empty.wav", "text": "A"})", "empty.wav"},
      {R"({"id": "a", "audio_filepath": "cut.wav", "text": "A"})", "cut.wav"},
      {R"({"id": "a", "audio_filepath": "noise.wav", "text": "A"})", "noise.wav"},
      {R"({"id": "a", "audio_filepath": "8k.wav", "text": "A"})", "8k.wav"},
      {R"({"id": "a", "audio_filepath": "stereo.wav", "text": "A"})", "stereo.wav"},
      {"{\"id\": \"a\", \"audio_filepath\": \"a.wav\", \"text\": \"\xff\"}", "UTF-8"},
  };
  inputs().audio("8k.wav", {.rate = 8000});
  inputs().audio("stereo.wav", {.channels = 2});
  inputs().file("empty.wav", "");
  inputs().file("noise.wav", std::string(4000, 'n'));
  inputs().file("cut.wav", read_file(inputs() / "a.wav").substr(0, 1000));
  for (const FileCase& each : cases) {
    inputs().file("s.jsonl", each.bytes);
    EXPECT_TRUE(is_refusal(inputs().run_with("--data", "s.jsonl"), each.message)) << each.bytes;
  }
  EXPECT_TRUE(is_refusal(inputs().run_with("--data", "none"), "none"));
  EXPECT_TRUE(is_refusal(inputs().run_with("--split", "train"), "set.jsonl"));
  EXPECT_TRUE(is_refusal(inputs().run_with("--utterance", "zzz"), "zzz"));
}

TEST_F(Refused, Transcripts) {
  inputs().file("ref", "u1 a b\nu2 c\n");
  const std::vector<FileCase> cases{
      {"u1 a\nu1 b\n", "hyp:2"}, {"u7 a\n", "u7"}, {"u1 \xff\n", "UTF-8"}};
  for (const FileCase& each : cases) {
    inputs().file("hyp", each.bytes);
    EXPECT_TRUE(is_refusal(inputs().run({"score", "--reference", "ref", "--hypothesis", "hyp",
                                         "--input-format", "kaldi"}),
                           each.message));
  }
  EXPECT_TRUE(is_refusal(inputs().run({"score", "--reference", "ref", "--hypothesis", "none"}),
                         "none: no such file"));
}

TEST_F(Refused, Options) {
  const std::vector<std::pair<Arguments, std::string>> cases{
      {{},
       "a command is wanted; known: run, sweep, serve, merge, calibrate, profile, similarity, "
       "score, "
       "compare, energy, "
       "import, count, info, man, completion"},
      {{"rum"}, "unknown command rum"},
      {{"--fast"}, "unknown command --fast"},
      {{"run"}, "--model is required; edgeval run --help"},
      {{"run", "--model", "model.safetensors"}, "--data is required"},
      {{"run", "--fast"}, "unknown option or word --fast"},
      {{"energy", "report.json"}, "unknown option or word report.json; edgeval energy --help"},
      {{"profile", "--model"}, "--model"},
      {{"score"}, "--reference is required"},
      {{"info", "--format", "xml"}, "xml not in {text,json}"}};
  for (const auto& [arguments, message] : cases)
    EXPECT_TRUE(is_refusal(inputs().run(arguments), message));
  const std::vector<std::array<std::string, 2>> values{
      {"--device", "tpu"},      {"--device", "gpu:"},
      {"--device", "gpu:-1"},   {"--device", "gpu:1x"},
      {"--device", "gpu:0,"},   {"--device", "gpu:,0"},
      {"--device", "gpu:0;1"},  {"--device", "gpu:0,1,0"},
      {"--device", "gpu:some"}, {"--gpu-memory", "24"},
      {"--gpu-memory", "1M"},   {"--gpu-memory", "24GB"},
      {"--threads", "-1"},      {"--threads", "two"},
      {"--batch", "-3"},        {"--limit", "0"},
      {"--limit", "1.5"},       {"--limit", "010"},
      {"--limit", "0x2"},       {"--limit", "1e1"},
      {"--seed", "-1"},         {"--seed", "99999999999999999999"},
      {"--text-budget", "010"}, {"--text-budget", "99999999999999999999"},
      {"--format", "yaml"}};
  for (const auto& [option, value] : values)
    EXPECT_TRUE(is_refusal(inputs().run_with(option, value), option));
  EXPECT_TRUE(is_refusal(inputs().run_with("--device", "gpu:0,1,0"), "names GPU 0 twice"));
  EXPECT_EQ(inputs().run_with("--gpu-memory", "24G").code, 0);
  Arguments observing{"profile",  "--model", "model.safetensors", "--data", "set.jsonl",
                      "--device", "gpu:0,1"};
  const std::string one = "--device gpu:0,1: what passes between layers is seen on one GPU";
  EXPECT_TRUE(is_refusal(inputs().run(observing), one));
  observing.front() = "similarity";
  observing.insert(observing.end(), {"--profile", "profile.json"});
  EXPECT_TRUE(is_refusal(inputs().run(observing), one));
  EXPECT_EQ(inputs().run_with("--seed", "9223372036854775807").code, 0);
  EXPECT_TRUE(is_refusal(inputs().run_with("--policy", ""),
                         "--policy is empty"));  // an unset variable of a script
}

}  // namespace
}  // namespace edgeval::test
