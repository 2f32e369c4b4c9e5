// A faulty checkpoint is refused in one line that names the file and the reason, and nothing in it
// is run. Faults are pickles that call functions, archives that lie, tensors that reach beyond
// their storage, and networks that edgeval does not know.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "host/import/source/stored_zip.hpp"
#include "tests/support/refused_import.hpp"

namespace edgeval::test {
namespace {

TEST(ImportRefusal, TheGoodFilesOfTheseTestsAreAccepted) {
  EXPECT_EQ(refusal([] { imported(legacy(linear())); }), "accepted");
  EXPECT_EQ(refusal([] { imported(zip_file(zip_members(linear(), storages()))); }), "accepted");
  EXPECT_EQ(refusal([] { imported(with(whole(3))); }), "accepted");
}

TEST(ImportRefusal, WhatWouldCallSomething) {
  const std::string system = global("os", "system"), touch = tuple({text("touch executed")});
  const std::string reduce = system + touch + "R";
  expect_refused({
      {"REDUCE of os.system", with(reduce), "names \"os.system\", which is no plain data"},
      {"the same in a zip", zip_file(zip_members(dict({{"a", reduce}}), {})),
       "data.pkl: pickle, byte"},
      {"the same as the magic number's object", "\x80\x02" + reduce + ".",
       "no checkpoint of PyTorch"},
      {"posix.system", with(global("posix", "system") + touch + "R"), "names \"posix.system\""},
      {"subprocess", with(global("subprocess", "Popen") + touch + "\x81"),
       "names \"subprocess.Popen\""},
      {"eval", with(global("builtins", "eval") + touch + "R"), "names \"builtins.eval\""},
      {"eval of Python 2", with(global("__builtin__", "eval") + touch + "R"),
       "names \"__builtin__.eval\""},
      {"what getattr gives", with(global("builtins", "getattr") + touch + "R" + touch + "R"),
       "REDUCE would call a record of \"builtins.getattr\""},
      {"a module behind a known one", with(global("builtins", "dict.os.system") + touch + "R"),
       "names \"builtins.dict.os"},
      {"torch.load", with(global("torch", "load") + touch + "R"), "names \"torch.load\""},
      {"a name that no module of Python has", with(global("os;x", "y")), "names \"os;x.y\""},
      {"a private module", with(global("_posixsubprocess", "fork_exec") + touch + "R"),
       "names \"_posixsubprocess.fork_exec\""},
      {"a module of Python's own library", with(global("importlib", "import_module") + touch + "R"),
       "names \"importlib.import_module\""},
      {"numpy.load", with(global("numpy", "load") + touch + "R"), "names \"numpy.load\""},
      {"two names in one", with(global("uuid", "UUID pathlib.Path")), "names \"uuid.UUID pathlib"},
      {"a pickle in a pickle", with(global("torch.storage", "_load_from_bytes") + touch + "R"),
       "names \"torch.storage._load_from_bytes\""},
      {"STACK_GLOBAL", with(text("os") + text("system") + "\x93" + touch + "R"),
       "names \"os.system\""},
      {"STACK_GLOBAL of numbers", with(whole(1) + whole(2) + "\x93"),
       "the name of a global is no text"},
      {"a name with a line break", with(text("os\nx") + text("system") + "\x93"),
       "names \"os\\nx.system\""},
      {"a name that is not UTF-8", with(global("os\xff", "system")),
       "the name of a global is not UTF-8"},
      {"a name that does not end", legacy("cos"), "the name of a global does not end"},
      {"INST", with("(" + text("x") + "ios\nsystem\n"),
       "opcode INST, which calls a class by name, is refused"},
      {"OBJ", with("(" + global("torch", "Size") + "o"), "opcode OBJ"},
      {"NEWOBJ_EX", with(global("torch", "Size") + ")}\x92"), "opcode NEWOBJ_EX"},
      {"EXT1", with("\x82\x01"), "opcode EXT1, which calls what a program registered"},
      {"EXT2", with(std::string("\x83\x01\x00", 3)), "opcode EXT2"},
      {"EXT4", with(std::string("\x84\x01\x00\x00\x00", 5)), "opcode EXT4"},
      {"PERSID", with("P1\n"), "opcode PERSID"},
      {"BUILD on a global", with(global("torch", "Size") + "}b"),
       "BUILD would change the global \"torch.Size\""},
      {"BUILD on a dict", with("}}b"), "BUILD would change a dict"},
      {"BUILD twice", with(global("argparse", "Namespace") + ")\x81}b}b"),
       "BUILD for the second time"},
      {"REDUCE of a text", with(text("os.system") + touch + "R"), "REDUCE would call a text"},
      {"REDUCE of a record", with(global("functools", "partial") + ")R" + touch + "R"),
       "REDUCE would call a record of \"functools.partial\""},
      {"REDUCE without a tuple", with(global("torch", "Size") + "]R"), "with a list for arguments"},
      {"NEWOBJ of a number", with(whole(1) + ")\x81"), "NEWOBJ would call a whole number"},
      {"a buffer of protocol 5", with("\x97"), "opcode NEXT_BUFFER of protocol 5"},
      {"text opcodes", with("I1\n"), "opcode of text, from protocol 0"},
      {"an unknown opcode", with("\xff"), "opcode 255 is no opcode of a pickle"},
      {"another persistent id", with(tuple({text("file"), text("/etc/passwd")}) + "Q"),
       "a persistent id of an unknown kind"},
      {"a persistent id that is a text", with(text("storage") + "Q"),
       "a persistent id of an unknown kind"},
      {"a whole module", with(tuple({text("module"), text("m"), text("f"), text("s")}) + "Q"),
       "a persistent id of an unknown kind"},
      {"a storage in place of a class", with(storage_id(kBias) + ")R"),
       "REDUCE would call a storage"},
  });
  EXPECT_FALSE(std::filesystem::exists("executed"));
}

// Returns an opcode such as BINUNICODE or BINBYTES with its count in `bytes` bytes.
std::string claimed(const std::string& opcode, std::uint64_t count, std::size_t bytes) {
  return opcode + little(count).substr(0, bytes);
}

TEST(ImportRefusal, PicklesThatLieAboutThemselves) {
  expect_refused({
      {"a text beyond the file", with(claimed("X", 0xffffffff, 4)),
       "4294967295 bytes are wanted, but the file has"},
      {"a text of 2^63 bytes", with(claimed("\x8d", std::uint64_t{1} << 63, 8)),
       "9223372036854775808 bytes are wanted"},
      {"a text of 2^64 - 1 bytes", with(claimed("\x8d", ~std::uint64_t{0}, 8)),
       "18446744073709551615 bytes are wanted"},
      {"bytes beyond the file", with(claimed("\x8e", ~std::uint64_t{0}, 8)), "bytes are wanted"},
      {"a number beyond the file", with(claimed("\x8b", 0xffffffff, 4)),
       "4294967295 bytes are wanted"},
      {"a frame beyond the file", with(claimed("\x95", ~std::uint64_t{0}, 8)),
       "a frame of 18446744073709551615 bytes"},
      {"a text that is not UTF-8", with(text("\xff\xfe")), "a text is not UTF-8"},
      {"protocol 6", legacy("\x80\x06" + linear()), "protocol 6, 2 to 5 are read"},
      {"a bytearray beyond the file", with(claimed("\x96", ~std::uint64_t{0}, 8)),
       "bytes are wanted"},
      {"a memo that was never set", with("h\x07"), "memo 7 was never set"},
      {"a large memo that was never set", with(claimed("j", 0xfffffffe, 4)),
       "memo 4294967294 was never set"},
      {"a memo of nothing", legacy("q\x01"), "the stack is empty"},
      {"too few for a tuple", legacy(")\x87"), "the stack is empty"},
      {"a pop below the mark", legacy(")(0"), "the stack is empty"},
      {"a tuple without a mark", legacy(")t"), "no mark is set"},
      {"a mark that stays", legacy("(" + linear()), "the pickle ends with values left over"},
      {"a value too many", legacy(")" + linear()), "the pickle ends with values left over"},
      {"no value", legacy(""), "the stack is empty"},
      {"a key without a value", legacy("}(" + text("a") + "u"), "a key has no value"},
      {"items into a tuple", with(")(" + text("a") + "e"), "items are put into a tuple"},
      {"entries into a list", with("]" + text("a") + text("b") + "s"), "items are put into a list"},
      {"more values than a checkpoint has", with("(N" + std::string(5 << 20, '2') + "t"),
       "has more than 4194304 values"},
      {"more marks than a checkpoint has", legacy(std::string(5 << 20, '(')),
       "has more than 4194304 values"},
  });
}

// Returns a file with this object and no storages.
std::string alone(const std::string& object) { return legacy_file(object, {}); }

TEST(ImportRefusal, ValuesThatHoldThemselvesAreNoTensors) {
  // A dict that is its own entry, and a list within a list 100,000 deep.
  expect_refused(
      {{"a dict in itself", alone("}q\x01(" + text("state_dict") + "h\x01u"),
        "no state dict among its entries: \"state_dict\" (a dict)"},
       {"a tensor's arguments in themselves",
        alone(dict({{"fc.weight", global("torch._utils", "_rebuild_parameter") + "]q\x01(h\x01"
                                                                                 "e0)R"}})),
        "a parameter without a tensor"},
       {"deep lists", alone(std::string(100000, ']') + std::string(99999, 'a')),
        "no state dict among its entries"}});
  EXPECT_EQ(refusal([] {
              imported(
                  with("]q\x01h\x01"
                       "a"));
            }),
            "accepted");  // the importer does not look into it
}

TEST(ImportRefusal, TensorsThatDoNotFitTheirStorage) {
  const auto weight = [](const std::function<void(TensorPiece&)>& change) {
    TensorPiece piece = kWeight;
    change(piece);
    return legacy(linear(piece));
  };
  const auto strides = [&](std::vector<std::int32_t> value) {
    return weight([&](TensorPiece& piece) { piece.strides = value; });
  };
  const auto shape = [&](std::vector<std::int32_t> value) {
    return weight([&](TensorPiece& piece) { piece.shape = value; });
  };
  const std::string two_ways =
      tensor({.key = "1", .count = 5, .shape = {5}, .storage = "DoubleStorage"});
  expect_refused({
      {"an offset beyond the end", weight([](auto& piece) { piece.offset = 1; }),
       "reaches beyond its storage of 15"},
      {"a large offset", weight([](auto& piece) { piece.offset = 0x7fffffff; }),
       "reaches beyond its storage"},
      {"a negative offset", weight([](auto& piece) { piece.offset = -1; }),
       "its offset is negative"},
      {"a negative stride", strides({-3, 1}), "its strides holds -3"},
      {"a negative size", shape({-5, 3}), "its shape holds -5"},
      {"a size of 0", shape({0, 3}), "has no elements"},
      {"a stride of 0", strides({0, 1}), "its elements overlap"},
      {"overlapping rows", strides({1, 1}), "its elements overlap"},
      {"rows too far apart", strides({4, 1}), "reaches beyond its storage"},
      {"strides whose product overflows", strides({0x7fffffff, 0x7fffffff}),
       "reaches beyond its storage"},
      {"sizes whose product overflows", shape({0x7fffffff, 0x7fffffff}),
       "reaches beyond its storage"},
      {"fewer strides", strides({3}), "has 2 dimensions, but 1 strides"},
      {"nine dimensions", shape(std::vector<std::int32_t>(9, 1)), "no tuple of at most 8 numbers"},
      {"another shape", shape({3, 5}), "its elements overlap"},
      {"two dtypes",
       legacy(dict(
           {{"a.weight", two_ways}, {"fc.weight", tensor(kWeight)}, {"fc.bias", tensor(kBias)}})),
       "storage \"1\": is described in two ways"},
      {"a negative count", weight([](auto& piece) { piece.count = -15; }),
       "a storage is not described by"},
      {"another count", weight([](auto& piece) { piece.count = 16; }),
       "16 elements are wanted, but it says 15"},
      {"a storage that is not there", weight([](auto& piece) { piece.key = std::string(1, '9'); }),
       "storage \"0\": no tensor wants it"},
      {"whole numbers",
       legacy_file(linear(kWeight, {.key = "1", .count = 5, .shape = {5}, .storage = "IntStorage"}),
                   storages()),
       "is of IntStorage, must be of floats"},
      {"a class that is no storage",
       legacy(linear(kWeight, {.key = "1", .count = 5, .shape = {5}, .storage = "Size"})),
       "torch.Size is no class of storages"},
      {"no tuple",
       alone(dict({{"fc.weight", global("torch._utils", "_rebuild_tensor_v2") + ")R"}})),
       "is not described by storage, offset, shape and strides"},
      {"a number in place of a tensor", alone(dict({{"fc.weight", whole(1)}})),
       "no state dict among its entries: \"fc.weight\" (a whole number)"},
      {"a number in place of a bias",
       legacy(dict({{"fc.bias", whole(1)}, {"fc.weight", tensor(kWeight)}, {"x", tensor(kBias)}})),
       "\"fc.bias\": is a whole number, must be a tensor"},
      {"a number for a name", legacy_file("}" + whole(1) + tensor(kWeight) + "s", {storages()[0]}),
       "is named by a whole number"},
      {"a tensor twice",
       legacy("}(" + text("fc.bias") + tensor(kBias) + text("fc.bias") + tensor(kBias) +
              text("fc.weight") + tensor(kWeight) + "u"),
       "\"fc.bias\": occurs twice"},
      {"not a dict", legacy(tensor(kBias) + tensor(kWeight) + "\x86"),
       "no state dict among its entries: \"0\" (a record of"},
      {"nan",
       legacy_file(linear(), {float_storage("0", std::vector<float>(15, NAN)), storages()[1]}),
       "element 0 is nan as a 32-bit float, must be finite"},
  });
  Tensors shared{{"fc.bias", tensor(kBias)}};
  for (const char* name : {"a", "b", "c", "d"})
    shared.emplace_back(concat(name, ".weight"), tensor(kWeight));
  expect_refused({{"four layers of one storage", legacy(dict(shared)),
                   "share storages more than 2 times over"}});
}

TEST(ImportRefusal, FilesOfFivePicklesThatAreNotWhole) {
  const std::string good = legacy(linear());
  const auto stored = [](const std::vector<StoragePiece>& pieces) {
    return legacy_file(linear(), pieces);
  };
  std::vector<StoragePiece> more = storages(), claims = storages(), wraps = storages(),
                            cut = storages();
  more.push_back(float_storage("2", {1}));
  claims[1].count = std::int64_t{1} << 61;
  cut[1].bytes.resize(12);
  std::string other_protocol = good, big_endian = good;
  other_protocol.replace(other_protocol.find(little(std::int32_t{1001})), 4,
                         little(std::int32_t{1002}));
  big_endian.replace(big_endian.find("\x88"), 1, "\x89");
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  expect_refused({
      {"nothing", "", "no checkpoint of PyTorch"},
      {"text", "hello", "no checkpoint of PyTorch"},
      {"another magic number", "\x80\x02\x8a\x0a" + std::string(10, 'x') + good.substr(14),
       "no checkpoint of PyTorch"},
      {"another protocol of torch", other_protocol, "protocol 1002 of torch.save, 1001 is read"},
      {"a big-endian machine", big_endian, "not written by a little-endian machine"},
      {"a storage cut off", stored(cut), "5 elements of F32 reach beyond the end of the file"},
      {"a storage of 2^61", stored(claims),
       "5 elements are wanted, but it says 2305843009213693952"},
      {"a storage missing", stored({storages()[0]}), "storage \"1\" is missing"},
      {"a storage twice", stored({storages()[0], storages()[0], storages()[1]}),
       "or it is there twice"},
      {"a storage of nobody's", stored(more), "storage \"2\": no tensor wants it"},
      {"bytes behind", good + "x", "1 bytes follow the last storage"},
      {"a tar of torch 0.1", tar, "a tar archive, from torch 0.1.9 or before"},
  });
}

// Such networks can be read, but edgeval has no counterpart of a module.
TEST(ImportRefusal, ModulesThatEdgevalDoesNotHave) {
  const auto piece = [](std::vector<std::int32_t> shape) {
    TensorPiece made{.key = "0",
                     .count = 1,
                     .shape = shape,
                     .strides = std::vector<std::int32_t>(shape.size(), 1)};
    for (const std::int32_t size : shape) made.count *= size;
    for (std::size_t d = shape.size(); d-- > 1;) made.strides[d - 1] = made.strides[d] * shape[d];
    return made;
  };
  int key = 0;
  const auto module =
      [&](const std::vector<std::pair<std::string, std::vector<std::int32_t>>>& shapes) {
        Tensors tensors;
        std::vector<StoragePiece> stored;
        for (const auto& [name, shape] : shapes) {
          TensorPiece made = piece(shape);
          made.key = std::to_string(key++);
          tensors.emplace_back(name, tensor(made));
          stored.push_back(
              float_storage(made.key, std::vector<float>(static_cast<std::size_t>(made.count))));
        }
        return legacy_file(dict(tensors), stored);
      };
  expect_refused({
      {"a plain RNN", module({{"rnn.weight_ih_l0", {2, 3}}, {"rnn.weight_hh_l0", {2, 2}}}),
       "a plain RNN without gates"},
      {"five gates", module({{"rnn.weight_ih_l0", {10, 3}}, {"rnn.weight_hh_l0", {10, 2}}}),
       "10 rows are neither 4 (LSTM) nor 3"},
      {"no recurrent weights", module({{"rnn.weight_ih_l0", {8, 3}}}),
       "\"rnn.weight_hh_l0\" is missing"},
      {"one bias",
       module(
           {{"rnn.weight_ih_l0", {8, 3}}, {"rnn.weight_hh_l0", {8, 2}}, {"rnn.bias_ih_l0", {8}}}),
       "\"rnn.bias_hh_l0\" is missing"},
      {"a bias of another size", module({{"fc.weight", {5, 3}}, {"fc.bias", {4}}}),
       "shape [4], must be [5]"},
      {"a convolution", module({{"conv.weight", {5, 3, 3}}, {"fc.weight", {5, 3}}}),
       "\"conv.weight\": shape [5, 3, 3]: of no module"},
      {"a batch norm",
       module({{"fc.weight", {5, 3}}, {"bn.weight", {5}}, {"bn.running_mean", {5}}}),
       "\"bn.weight\": shape [5]: of no"},
      {"no module", module({{"scale", {1}}}), "no LSTM, GRU or Linear module among its 1 tensors"},
      {"two kinds in one",
       module({{"m.weight_ih_l0", {8, 3}}, {"m.weight_hh_l0", {8, 2}}, {"m.weight", {2, 2}}}),
       "module \"m\": has tensors of two kinds"},
  });
}

// In a good checkpoint one option, name or token is replaced.
TEST(ImportRefusal, OptionsOfOpennmtThatEdgevalDoesNotHave) {
  const std::string good = read_file(import_data("opennmt.pt"));
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string bytes = good;
    const std::size_t at = bytes.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return bytes.replace(at, from.size(), to);
  };
  // Sets the flag that follows the name and the opcode that remembers the name (BINPUT,
  // LONG_BINPUT).
  const auto flag = [&](const std::string& name) {
    std::string bytes = good;
    const std::size_t at = bytes.find('\x89', bytes.find(name));
    EXPECT_NE(at, std::string::npos);
    bytes[at] = '\x88';
    return bytes;
  };
  expect_refused({
      {"a transformer", replaced("brnn", "bcnn"),
       "opt: encoder_type is \"bcnn\", which is not read"},
      {"an SRU", replaced("LSTM", "SRUU"), "opt: rnn_type is \"SRUU\""},
      {"GRU over LSTM's tensors", replaced(text("LSTM"), text("GRU")),
       "of lstm, but opt: rnn_type is gru"},
      {"sparse attention", replaced("softmax", "sofdmax"),
       "opt: global_attention_function is \"sofdmax\""},
      {"copy attention", flag("copy_attn"), "opt: copy_attn is set"},
      {"coverage", flag("coverage_attn"), "opt: coverage_attn is set"},
      {"positions", flag("position_encoding"), "opt: position_encoding is set"},
      {"another attention than the tensors", replaced(text("mlp"), text("dot")),
       "belongs to no part that edgeval has"},
      {"no end of sentence", replaced("</s>", "</t>"), "vocab: tgt has no </s>"},
      {"an unknown tensor", replaced("decoder.attn.v.weight", "decoder.attn.w.weight"),
       "\"decoder.attn.v.weight\" is missing"},
      {"no embedding", replaced("encoder.embeddings", "encoder.embeddinks"),
       "no embedding of the encoder"},
      {"no decoder", replaced("decoder.rnn.weight_ih_l0", "decoder.rnn.weight_ix_l0"),
       "no layers at decoder.rnn"},
      {"no vocabulary", replaced("itos", "itoz"), "vocab: no list of tokens for src"},
  });
}

// Every file is cut at every place, and so is the pickle inside of an otherwise complete zip.
TEST(ImportRefusal, EveryTruncationIsRefused) {
  for (const char* name :
       {"lstm.pt", "gru.pt", "odd.pt", "opennmt.pt", "feeding.pt", "whole.pt", "own.pt"}) {
    const std::string bytes = read_file(import_data(name));
    for (std::size_t size = 0; size < bytes.size(); ++size)
      ASSERT_TRUE(refusal([&] { imported(bytes.substr(0, size)); }).starts_with(concat(kPt, ":")))
          << name << " at " << size;
    if (!bytes.starts_with("PK")) continue;
    std::vector<ZipMember> members;
    std::size_t pickle = 0;
    for (const auto& [member, contents] : stored_members(bytes, name)) {
      if (member.ends_with("data.pkl")) pickle = members.size();
      members.push_back({member, std::string(contents)});
    }
    const std::string whole_pickle = members[pickle].bytes;
    EXPECT_EQ(refusal([&] { imported(zip_file(members)); }), "accepted");
    for (std::size_t size = 0; size < whole_pickle.size(); ++size) {
      members[pickle].bytes = whole_pickle.substr(0, size);
      ASSERT_TRUE(refusal([&] { imported(zip_file(members)); }).starts_with(concat(kPt, ":")))
          << name << " at " << size;
    }
  }
}

TEST(ImportRefusal, AccidentsEitherImportOrAreRefused) {
  std::mt19937_64 random(20261121);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  int good = 0, refused = 0;
  for (const char* name : {"gru.pt", "opennmt.pt", "whole_old.pt"}) {
    const std::string whole_file = read_file(import_data(name));
    for (int i = 0; i < 5000; ++i) {
      std::string bytes = whole_file;
      for (std::size_t n = 1 + below(3); n > 0; --n)
        bytes[below(bytes.size())] = static_cast<char>(below(256));
      try {
        to_safetensors(imported(bytes), {});
        ++good;
      } catch (const Error& error) {
        ASSERT_TRUE(std::string(error.what()).starts_with(concat(kPt, ":"))) << error.what();
        ++refused;
      }
    }
  }
  EXPECT_GT(good, 100);  // changes within weights and unused texts
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace edgeval::test
