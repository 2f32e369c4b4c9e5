// State dicts in whatever wrapping: safetensors, any key of a checkpoint, whole modules, pickles of
// other protocols, wrappers' prefixes, weights stored as g and v, tensors under `ignore`. The
// inputs of tests/golden/cases/import hold one network, that of plain.pt, but for fc.bias and for
// weight_norm.pt; those of tests/data/import are by tests/golden/import.py.
#include <gtest/gtest.h>

#include <cmath>

#include "host/import/importer.hpp"
#include "host/model/file.hpp"
#include "tests/support/refused_import.hpp"

namespace edgeval::test {
namespace {

using Floats = std::vector<float>;
using Strings = std::vector<std::string>;

std::filesystem::path case_file(const std::string& name) {
  return source_folder() / "tests/golden/cases/import" / name;
}
const std::string kDescribe = case_file("describe.json").string();

// Imports a case; `ignore` is added to the description that all cases share.
Imported imported_case(const std::string& name, const Strings& ignore = {}) {
  const TemporaryFolder folder;
  OrderedJson describe = OrderedJson::parse(read_file(kDescribe));
  if (!ignore.empty()) describe["ignore"] = ignore;
  return import_file({read_file(case_file(name)), name},
                     {"m", folder.file("d.json", describe.dump())});
}

// Imports what torch.save wrote from this key; the description fits the networks of
// tests/golden/import.py.
Imported imported_key(const std::string& bytes, const std::string& key,
                      const std::string& describe = describe_file()) {
  return import_file({bytes, kPt, key}, {"m", describe});
}

void expect_same(const Imported& a, const Imported& b, const Strings& but = {}) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const Imported::Tensor& tensor : a.tensors) {
    SCOPED_TRACE(tensor.name);
    EXPECT_EQ(tensor_of(b, tensor.name).shape, tensor.shape);
    if (std::find(but.begin(), but.end(), tensor.name) != but.end()) continue;
    EXPECT_EQ(tensor_of(b, tensor.name).values, tensor.values);
  }
}

TEST(ImportCases, SafetensorsHaveTheWeightsOfTheSamePt) {
  const Imported plain = imported_case("plain.pt"), same = imported_case("plain.safetensors");
  EXPECT_EQ(plain.tensors.size(), 14u);
  expect_same(plain, same);
  EXPECT_EQ(same.model, plain.model);
  EXPECT_EQ(same.kind, "PyTorch weights in safetensors");
  ASSERT_EQ(same.notes.size(), 1u);
  EXPECT_NE(same.notes[0].find("order rnn, fc, since a file of safetensors keeps none"),
            std::string::npos);
  EXPECT_TRUE(plain.notes.empty());
}

// In these files fc.bias is less by 0.001 than in plain.pt: torch.load gives -0.1666 for -0.1656.
TEST(ImportCases, ACheckpointUnderAnyKeyAProtocolAndAnIgnoredTensorChangeNothing) {
  const Imported plain = imported_case("plain.pt"), net = imported_case("net_key.pt");
  expect_same(plain, net, {"fc.bias"});
  EXPECT_NEAR(tensor_of(net, "fc.bias").values[0], -0.1666, 5e-5);
  EXPECT_EQ(net.left_out, Strings{"epoch"});
  expect_same(net, imported_case("proto4_legacy.pt"));
  const Imported empty = imported_case("empty_tensor.pt", {"buf"});
  expect_same(net, empty);
  EXPECT_EQ(empty.left_out, Strings{"buf"});
  EXPECT_EQ(refusal([] { imported_case("empty_tensor.pt"); }),
            "empty_tensor.pt: tensor \"buf\": shape [0, 3]: has no elements");
}

TEST(ImportCases, ABiasThatALayerWantsCannotBeIgnoredAlone) {
  EXPECT_EQ(refusal([] {
              import_file({read_file(case_file("plain.pt")), "plain.pt"},
                          {"m", case_file("d_ignbias.json").string()});
            }),
            "plain.pt: tensor \"fc.bias\": is wanted by module \"fc\" and ignored; ignore all of "
            "the module or nothing of it");
  EXPECT_NE(refusal([] {
              imported_case("plain.pt", {"rnn.bias_hh_l1_reverse"});
            }).find("\"rnn.bias_hh_l1_reverse\": is wanted by module \"rnn\" and ignored"),
            std::string::npos);
}

// The values are those of torch._weight_norm(fc.weight_v, fc.weight_g, 0) in torch 1.13, to four
// places.
TEST(ImportCases, WeightNormIsComputed) {
  const Imported all = imported_case("weight_norm.pt");
  const Floats first{-0.3254F, 0.1430F, -0.0065F, 0.3265F, -0.3035F, 0.0341F, -0.0359F, 0.3329F};
  const Floats last{0.0331F, -0.1967F, -0.0521F, 0.0928F, 0.2649F, -0.1320F, -0.2773F, -0.0543F};
  const Floats& weight = tensor_of(all, "fc.weight").values;
  ASSERT_EQ(weight.size(), 40u);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_NEAR(weight[i], first[i], 5.1e-5);
    EXPECT_NEAR(weight[32 + i], last[i], 5.1e-5);
  }
  EXPECT_EQ(all.ways[16].source, "fc.weight_g");
  EXPECT_EQ(all.ways[17].source, "fc.weight_v");
  EXPECT_EQ(all.ways[17].done, "weight norm, g v / |v|");
}

// Both forms of weight_norm are tested, over rows, columns and a whole matrix, in an LSTM's gates
// and in Linear. The weights of torch were computed in double and rounded once, as edgeval does.
TEST(ImportStateDict, WeightNormIsWhatTorchMakesOfIt) {
  const std::string bytes = read_file(import_data("norm.pt"));
  for (const char* form : {"old", "new"}) {
    SCOPED_TRACE(form);
    const Imported plain = imported_key(bytes, concat(form, "_plain"));
    const Imported normed = imported_key(bytes, form);
    EXPECT_EQ(plain.tensors.size(), 9u);
    for (const Imported::Tensor& tensor : plain.tensors) {
      const Floats& values = tensor_of(normed, tensor.name).values;
      ASSERT_EQ(values.size(), tensor.values.size()) << tensor.name;
      for (std::size_t i = 0; i < values.size(); ++i)  // sums in two orders round differently
        EXPECT_LE(std::abs(values[i] - tensor.values[i]), 0x1p-24 * std::abs(values[i]))
            << tensor.name << " " << i;
    }
  }
  const Imported normed = imported_key(bytes, "old"), other = imported_key(bytes, "new_plain");
  EXPECT_NE(tensor_of(normed, "fc.weight").values, tensor_of(other, "fc.weight").values);
}

TEST(ImportStateDict, OtherParametrizationsAreRefusedWithTheCure) {
  const auto fc = [](Tensors more) {
    more.insert(more.begin(), {"fc.bias", tensor(kBias)});
    return legacy(dict(more));
  };
  const std::string weight = tensor(kWeight), vector = tensor(kBias);
  const std::string column = tensor({.key = "1", .count = 5, .shape = {5, 1}, .strides = {1, 1}});
  const std::string start = "fc.parametrizations.weight.";
  const std::string matrix_g =
      tensor({.key = "0", .count = 15, .shape = {3, 5}, .strides = {5, 1}});
  expect_refused({
      {"spectral_norm of old", fc({{"fc.weight_orig", weight}, {"fc.weight_u", vector}}),
       "\"fc.weight_orig\": is the part of a spectral norm; bake it in with "
       "torch.nn.utils.remove_spectral_norm"},
      {"a pruned weight", fc({{"fc.weight_orig", weight}, {"fc.weight_mask", weight}}),
       "is the part of a pruned weight; bake it in with torch.nn.utils.prune.remove"},
      {"orthogonal", fc({{start + "original", weight}, {start + "0.base", weight}}),
       "is no weight_norm; bake it in with torch.nn.utils.parametrize.remove_parametrizations("
       "module, \"weight\")"},
      {"one behind weight_norm",
       fc({{start + "original0", column}, {start + "original1", weight}, {start + "1.u", vector}}),
       "\"fc.parametrizations.weight.1.u\": is the part of a parametrization that is no"},
      {"another g", fc({{"fc.weight_g", matrix_g}, {"fc.weight_v", weight}}),
       "\"fc.weight_g\": shape [3, 5] is no weight norm of \"fc.weight_v\" of shape [5, 3]"},
      {"no norm",
       legacy_file(dict({{"fc.weight_g", column}, {"fc.weight_v", weight}}),
                   {float_storage("0", Floats(15, 0)), storages()[1]}),
       "tensor \"fc.weight\": element 0 is "},
  });
}

// The network of lstm.pt, saved as a whole module and in other wrappings, has the same tensors.
TEST(ImportStateDict, AWholeModuleHasTheTensorsOfItsStateDict) {
  const Imported plain = imported_file("lstm.pt");
  for (const char* name : {"whole.pt", "whole_old.pt"}) {
    SCOPED_TRACE(name);
    const Imported whole = imported_file(name);
    expect_same(plain, whole);
    EXPECT_EQ(whole.ways[2].source, "rnn.bias_ih_l0");
  }
}

TEST(ImportStateDict, WhatIsBesideTheWeightsIsLeftOutByName) {
  const Imported own = imported_file("own.pt");
  expect_same(imported_file("lstm.pt"), own);
  EXPECT_EQ(own.left_out, (Strings{"settings", "optimizer"}));
}

// The state dict holds an object of a class that only the file knows, with opcodes that append to
// the object and build it. The importer looks at none of this.
TEST(ImportStateDict, AnObjectAmongTheTensorsIsLeftOut) {
  const std::string object =
      global("mine.config", "List") + ")\x81(" + whole(1) + text("a") + "e" + "}b";
  const Imported all = imported(legacy(
      dict({{"fc.weight", tensor(kWeight)}, {"fc.bias", tensor(kBias)}, {"fc.config", object}})));
  EXPECT_EQ(all.left_out, Strings{"fc.config"});
  EXPECT_EQ(tensor_of(all, "fc.weight").values, Floats(15, 0.5F));
}

TEST(ImportStateDict, TheStateDictIsFoundWhateverItsKeyIs) {
  const std::string moments =
      dict({{"exp_avg", tensor(kWeight)}, {"step", tensor(kBias)}});  // state of an optimizer
  const std::string optimizer = dict({{"state", "}" + whole(0) + moments + "s"}});
  const auto checkpoint = [&](const std::string& key, const std::string& value) {
    return legacy(dict({{"epoch", whole(3)}, {key, value}, {"optimizer", optimizer}}));
  };
  const Imported plain = imported(legacy(linear()));
  for (const char* key : {"net", "generator", "weights", "state_dict"}) {
    SCOPED_TRACE(key);
    const Imported all = imported(checkpoint(key, linear()));
    expect_same(plain, all);
    EXPECT_EQ(all.left_out, (Strings{"epoch", "optimizer"}));
  }
  const Imported nested = imported(checkpoint("nets", dict({{"g", linear()}, {"n", whole(1)}})));
  expect_same(plain, nested);
  EXPECT_EQ(nested.left_out, (Strings{"epoch", "nets/n", "optimizer"}));
  expect_same(plain, imported(legacy(linear() + whole(1) + "\x86")));  // a tuple
}

TEST(ImportStateDict, SeveralStateDictsAreListedAndOneIsNamed) {
  const std::string other = dict({{"other.weight", tensor(kWeight)}});
  const std::string bytes =
      legacy(dict({{"a", linear()}, {"nets", dict({{"b", other}})}, {"n", whole(1)}}));
  EXPECT_EQ(refusal([&] { imported_key(bytes, ""); }),
            "model.pt: holds 2 state dicts, at \"a\", \"nets/b\"; say which: --state-dict KEY");
  EXPECT_EQ(tensor_of(imported_key(bytes, "a"), "fc.weight").values, Floats(15, 0.5F));
  const Imported b = imported_key(bytes, "nets/b");
  EXPECT_EQ(b.ways[0].source, "other.weight");
  EXPECT_EQ(b.left_out, (Strings{"a", "n"}));
  EXPECT_EQ(refusal([&] { imported_key(bytes, "nets/c"); }),
            "model.pt: --state-dict \"nets/c\": no such entry; did you mean nets/b?");
  EXPECT_EQ(refusal([&] { imported_key(bytes, "nets"); }),
            "model.pt: --state-dict \"nets\": is a dict, must be a state dict or a module");
  EXPECT_EQ(refusal([&] { imported_key(read_file(case_file("plain.safetensors")), "a"); }),
            "--state-dict: model.pt: a file of safetensors is one state dict");
  // The usual name of a state dict is preferred.
  const Imported usual = imported(legacy(dict({{"ema", other}, {"model", linear()}})));
  EXPECT_EQ(usual.left_out, Strings{"ema"});
}

TEST(ImportStateDict, PrefixesOfWrappersFallAway) {
  const TemporaryFolder folder;
  OrderedJson describe = OrderedJson::parse(read_file(describe_file()));
  for (const std::string prefix : {"module.", "model.", "_orig_mod.", "model.module."}) {
    SCOPED_TRACE(prefix);
    const std::string bytes = legacy(
        dict({{prefix + "fc.weight", tensor(kWeight)}, {prefix + "fc.bias", tensor(kBias)}}));
    for (const std::string& from : {std::string("fc"), prefix + "fc"}) {
      describe["layers"] = {{{"from", from}}};
      const Imported all = imported(bytes, folder.file("d.json", describe.dump()));
      EXPECT_EQ(all.model["layers"][0]["name"], "fc");
      EXPECT_EQ(all.ways[0].source, prefix + "fc.weight");
    }
  }
  // A prefix that not all names share stays.
  describe.erase("layers");
  describe["ignore"] = {"criterion."};
  const std::string loss = legacy(dict({{"model.fc.weight", tensor(kWeight)},
                                        {"model.fc.bias", tensor(kBias)},
                                        {"criterion.weight", tensor(kWeight)}}));
  EXPECT_EQ(imported(loss, folder.file("d.json", describe.dump())).model["layers"][0]["name"],
            "fc");
  describe["ignore"] = {"fc.bias"};
  EXPECT_NE(refusal([&] {
              imported(loss, folder.file("d.json", describe.dump()));
            }).find("\"model.fc.bias\": is wanted by module \"model.fc\" and ignored"),
            std::string::npos);
}

// Ignored tensors may be empty, of whole numbers, of an unknown class or beyond their storage,
// since the importer does not look at them.
TEST(ImportStateDict, AnythingMayBeIgnored) {
  const TemporaryFolder folder;
  OrderedJson describe = OrderedJson::parse(read_file(describe_file()));
  describe["ignore"] = {"x."};
  const std::string path = folder.file("d.json", describe.dump());
  const std::vector<std::pair<const char*, TensorPiece>> odd{
      {"empty", {.key = "2", .count = 0, .shape = {0}, .strides = {1}}},
      {"whole numbers", {.key = "2", .count = 1, .storage = "LongStorage"}},
      {"complex", {.key = "2", .count = 1, .storage = "ComplexFloatStorage"}},
      {"unknown", {.key = "2", .count = 1, .storage = "NewStorage"}},
      {"beyond its storage", {.key = "2", .count = 1, .offset = 5}},
      {"overlapping", {.key = "2", .count = 4, .shape = {2, 2}, .strides = {0, 1}}}};
  for (const auto& [what, piece] : odd) {
    SCOPED_TRACE(what);
    const std::string object = dict({{"fc.weight", tensor(kWeight)},
                                     {"fc.bias", tensor(kBias)},
                                     {"x.odd", tensor(piece)},
                                     {"x.none", "N"}});
    const std::size_t size =
        piece.storage == "LongStorage" || piece.storage == "ComplexFloatStorage" ? 8 : 4;
    std::vector<StoragePiece> stored = storages();
    stored.push_back(
        {"2", std::string(size * static_cast<std::size_t>(piece.count), '\0'), piece.count});
    const std::string zip = zip_file(zip_members(object, stored));
    const Imported all = imported(zip, path);
    EXPECT_EQ(all.left_out, (Strings{"x.odd", "x.none"}));
    EXPECT_EQ(tensor_of(all, "fc.bias").values, Floats(5, 0.25F));
    EXPECT_NE(refusal([&] { imported(zip); }).find("\"x.odd\""), std::string::npos);
    if (std::string_view(what) == "unknown") {
      EXPECT_EQ(
          refusal([&] { imported(legacy_file(object, stored), path); }),
          "model.pt: storage \"2\": is a NewStorage, whose end is not known; save it anew with "
          "a later torch");
    } else {
      EXPECT_EQ(imported(legacy_file(object, stored), path).left_out, all.left_out);
    }
  }
}

// Returns a safetensors file with this header and these data.
std::string container(const std::string& header, const std::string& data) {
  return little(static_cast<std::uint64_t>(header.size())) + header + data;
}
std::string floats(const Floats& values) { return float_storage("", values).bytes; }

// HuggingFace writes such files: names are in alphabetical order, and dtypes differ.
TEST(ImportStateDict, ModulesOfSafetensorsAreChainedByTheirWidths) {
  const std::string data = floats(Floats(20, 1)) + floats(Floats(8 * 3, 2)) +
                           floats(Floats(8 * 2, 3)) + std::string(8, '\0');
  const std::string header =
      R"({"__metadata__":{"format":"pt"},)"
      R"("fc.weight":{"dtype":"F32","shape":[5,4],"data_offsets":[0,80]},)"
      R"("rnn.weight_ih_l0":{"dtype":"F32","shape":[8,3],"data_offsets":[80,176]},)"
      R"("rnn.weight_hh_l0":{"dtype":"F32","shape":[8,2],"data_offsets":[176,240]},)"
      R"("rnn.steps":{"dtype":"I64","shape":[],"data_offsets":[240,248]},)"
      R"("rnn.none":{"dtype":"F8_NEW","shape":[0],"data_offsets":[248,248]}})";
  const TemporaryFolder folder;
  OrderedJson describe = OrderedJson::parse(read_file(describe_file()));
  describe["ignore"] = {"rnn.steps", "rnn.none"};
  const std::string path = folder.file("d.json", describe.dump());
  std::string wide = header;
  wide.replace(wide.find("[5,4]"), 5, "[10,2]");
  const Imported all = import_file({container(wide, data), "m.safetensors"}, {"m", path});
  EXPECT_EQ(all.model["layers"][0]["name"], "rnn");
  EXPECT_EQ(all.model["layers"][1]["name"], "fc");
  EXPECT_EQ(tensor_of(all, "rnn.forward.weight_ih").values, Floats(24, 2));
  EXPECT_EQ(all.notes[0],
            "layers are taken in the order rnn, fc, in which their widths fit together; \"layers\" "
            "of the description says another");
  EXPECT_EQ(refusal([&] {
              import_file({container(wide, data), "m.safetensors"}, {"m", describe_file()});
            }).substr(0, 60),
            "m.safetensors: tensor \"rnn.steps\": shape []: of no module th");
  EXPECT_NE(refusal([&] {
              import_file({container(header, data), "m.st"}, {"m"});
            }).find("Found: fc (linear 4 -> 5), rnn (lstm 3 -> 2, 1 layer)"),
            std::string::npos);
}

TEST(ImportStateDict, AModelFileIsNotImported) {
  EXPECT_EQ(refusal([] {
              import_file({to_safetensors(imported_file("lstm.pt"), {}), "m.safetensors"},
                          {"m", describe_file()});
            }),
            "m.safetensors: is a model file of edgeval already; edgeval run --model m.safetensors "
            "takes it");
}

// Modules that hold each other are refused before the walk over them takes long.
TEST(ImportStateDict, ModulesWithinThemselvesAreRefused) {
  // Each module is remembered under a number of its own, which is one character.
  const auto module = [](char number, const std::string& parameters, const std::string& modules) {
    return global("m", "Net") + ")\x81q" + number + "}(" + text("_parameters") + parameters +
           text("_modules") + modules + "ub";
  };
  const std::string cyclic = module('0', "}", "}(" + text("a") + "h0u");
  // Each of 20 modules holds the one before twice, which makes 2^20 modules. Another file has 2^12
  // modules with the same hundred entries.
  std::string doubled = module('0', "}", "}");
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < 100; ++i) entries.emplace_back(std::to_string(i), whole(1));
  std::string wide = module('0', dict(entries), "}");
  for (char i = '0'; i < '0' + 20; ++i) {
    const std::string again = concat(text("b"), "h", i, "u");
    doubled = module(static_cast<char>(i + 1), "}", "}(" + text("a") + doubled + again);
    if (i < '0' + 12) wide = module(static_cast<char>(i + 1), "}", "}(" + text("a") + wide + again);
  }
  expect_refused({{"a module in itself", legacy_file(cyclic, {}), "too deep within each other"},
                  {"modules that double", legacy_file(doubled, {}), "or are too many"},
                  {"tensors that double", legacy_file(wide, {}), "more than 131072 tensors"}});
}

}  // namespace
}  // namespace edgeval::test
