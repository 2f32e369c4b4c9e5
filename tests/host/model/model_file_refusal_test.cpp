// A faulty model file is refused in one line with the file's name and the reason, and never makes
// the reader crash.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/model/file.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFile = "broken.safetensors";

// The model in which every case below changes one thing: 3 features -> a BiLSTM of 2 cells -> 5
// tokens.
Model small_model() {
  return random_model(
      {.inputs = 3, .lstm = {{.cells = 2, .directions = kBothDirections}}, .outputs = 5}, 1);
}

std::string with_json(const std::function<void(Json&)>& change) {
  const Model model = small_model();
  Json json = Json::parse(model_json(model));
  change(json);
  return safetensors_bytes(json.dump(), model_tensors(model));
}

std::string with_json_text(std::string_view text) {
  return safetensors_bytes(text, model_tensors(small_model()));
}

std::string with_tensors(const std::function<void(std::vector<TensorBytes>&)>& change) {
  const Model model = small_model();
  std::vector<TensorBytes> tensors = model_tensors(model);
  change(tensors);
  return safetensors_bytes(model_json(model), tensors);
}

FileParts small_parts() { return unframed(model_bytes(small_model())); }

std::string with_header(const std::function<void(Json&)>& change) {
  const FileParts parts = small_parts();
  Json header = Json::parse(parts.header);
  change(header);
  return framed(header.dump(), parts.data);
}

// Replaces the first `from` in the text of the header by `to`.
std::string with_header_text(std::string_view from, std::string_view to) {
  FileParts parts = small_parts();
  const std::size_t at = parts.header.find(from);
  if (at == std::string::npos)
    throw std::logic_error("the header does not hold " + std::string(from));
  return framed(parts.header.replace(at, from.size(), to), parts.data);
}

std::string with_length(std::uint64_t length) {
  std::string file = model_bytes(small_model());
  for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(length >> 8 * i);
  return file;
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(ModelFileRefusal, AMissingFileAndAFolderAreRefusedByName) {
  EXPECT_EQ(refusal([] { load_model("no/such.safetensors"); }),
            "no/such.safetensors: no such file");
  const std::string folder = source_folder().string();
  EXPECT_NE(refusal([&] { load_model(folder); }).find(folder + ": is a folder"), std::string::npos);
}

struct Broken {
  std::string what;
  std::string bytes;
  std::string reason;  // words of the message
};

void set(std::vector<TensorBytes>& tensors, std::size_t element, float value) {
  TensorBytes& tensor = tensors.front();
  tensor.bytes.replace(4 * element, 4, float_tensor("", {1}, std::array{value}).bytes);
}

std::vector<Broken> broken_containers() {
  const std::string good = model_bytes(small_model());
  const auto offsets = [](const char* tensor, const Json& begin, const Json& end) {
    return with_header([&](Json& header) { header[tensor]["data_offsets"] = {begin, end}; });
  };
  const auto shape = [](const Json& value) {
    return with_header([&](Json& header) { header["output.weight"]["shape"] = value; });
  };
  const auto dtype = [](const Json& value) {
    return with_header([&](Json& header) { header["output.weight"]["dtype"] = value; });
  };
  // In the small model lstm1.forward.weight_ih, [8, 3], fills bytes 0 to 96, and .weight_hh,
  // [8, 2], bytes 96 to 160.
  return {
      {"empty", "", "0 bytes are too short"},
      {"seven bytes", good.substr(0, 7), "7 bytes are too short"},
      {"only the length", good.substr(0, 8), "reaches beyond the end"},
      {"header cut", good.substr(0, 100), "reaches beyond the end"},
      {"data cut", good.substr(0, good.size() - 1), "do not lie within"},
      {"data too long", good + '\0', "1 bytes after the last tensor"},
      {"length 0", with_length(0), "does not start with {"},
      {"length 2^63", with_length(std::uint64_t{1} << 63), "header length 9223372036854775808"},
      {"length 2^64 - 1", with_length(~std::uint64_t{0}), "header length 18446744073709551615"},
      {"length one too long", with_length(good.size() - 7), "reaches beyond the end"},
      {"length one too short", with_length(small_parts().header.size() - 1), "not valid JSON"},
      {"header a list", framed("[]", ""), "does not start with {"},
      {"header with a byte order mark", framed("\xEF\xBB\xBF{}", ""), "does not start with {"},
      {"header not UTF-8", with_header_text("\"output.bias\"", "\"output\xFF\""), "UTF-8"},
      {"header not JSON", with_header_text(":", ";"), "not valid JSON at byte"},
      {"text after the header", framed(small_parts().header + "{}", small_parts().data),
       "not valid JSON"},
      {"zero byte behind the header",
       framed(small_parts().header + '\0' + "this is no JSON", small_parts().data),
       "which is a zero byte"},
      {"lone surrogate", with_header_text("output.bias", "\\ud800"), "not valid JSON"},
      {"header nests deep", framed("{\"a\":" + repeated("[", 100000), ""), "nests deeper than 16"},
      {"number of 400 digits", framed("{\"a\":1" + repeated("0", 400) + "}", ""), "too large"},
      {"tensor twice", with_header_text("lstm1.forward.weight_hh", "lstm1.forward.weight_ih"),
       "duplicate key \"lstm1.forward.weight_ih\""},
      {"tensor twice, once escaped",
       with_header_text("lstm1.forward.weight_hh", "lstm1.forward.weight_i\\u0068"),
       "duplicate key \"lstm1.forward.weight_ih\""},
      {"entry key twice",
       with_header_text("\"dtype\":\"F32\"", "\"dtype\":\"F32\",\"dtype\":\"F32\""),
       "duplicate key \"dtype\""},
      {"entry no object", with_header([](Json& h) { h["output.bias"] = 3; }), "must be an object"},
      {"unknown entry key", with_header([](Json& h) { h["output.bias"]["shapes"] = 3; }),
       "tensor \"output.bias\": unknown key \"shapes\"; did you mean shape?"},
      {"no dtype", with_header([](Json& h) { h["output.bias"].erase("dtype"); }),
       "\"dtype\" is missing"},
      {"dtype I64", dtype("I64"), "dtype \"I64\" is not read; F32, F16 and BF16 are"},
      {"dtype unknown", dtype("F31"), "dtype \"F31\" is not read"},
      {"dtype a number", dtype(32), "must be a text"},
      {"dtype too small for the data", dtype("F16"), "does not fill its 80 bytes"},
      {"shape no list", shape(20), "must be an array"},
      {"shape negative", shape({-5, -4}), "dimension -5 of the shape"},
      {"shape fractional", shape({5.0, 4}), "dimension 5.0 of the shape"},
      {"shape with a zero", shape({5, 0}), "dimension 0 of the shape"},
      {"shape overflows", shape({std::uint64_t{1} << 32, std::uint64_t{1} << 32}), "overflows"},
      {"shape overflows in bytes", shape({std::uint64_t{1} << 62}), "does not fill its 80 bytes"},
      {"dimension above 63 bits", shape({~std::uint64_t{0}}), "overflows"},
      {"nine dimensions", shape({5, 4, 1, 1, 1, 1, 1, 1, 1}), "9 dimensions"},
      {"shape smaller than the data", shape({5, 3}), "does not fill its 80 bytes"},
      {"shape larger than the data", shape({5, 5}), "does not fill its 80 bytes"},
      {"three offsets", with_header([](Json& h) {
         h["output.bias"]["data_offsets"] = {0, 4, 8};
       }),
       "two whole numbers"},
      {"negative offset", offsets("output.bias", -4, 16), "two whole numbers"},
      {"offsets reversed", offsets("lstm1.forward.weight_ih", 96, 0), "do not lie within"},
      {"offset beyond the end", offsets("output.bias", 400, 4000000000), "do not lie within"},
      {"offset above 63 bits", offsets("output.bias", 0, ~std::uint64_t{0}), "do not lie within"},
      {"overlap", offsets("lstm1.forward.weight_hh", 92, 156), "they overlap"},
      {"gap at the start", offsets("lstm1.forward.weight_ih", 4, 100), "a gap"},
      {"gap between", with_header([](Json& h) { h.erase("lstm1.forward.weight_hh"); }), "a gap"},
      {"metadata no object", with_header([](Json& h) { h["__metadata__"] = "x"; }),
       "__metadata__ must be"},
      {"metadata no text", with_header([](Json& h) { h["__metadata__"]["x"] = 1; }),
       "\"x\" must be a text"},
      {"no metadata", with_header([](Json& h) { h.erase("__metadata__"); }),
       "no \"edgeval\" in __metadata__"},
  };
}

std::vector<Broken> broken_tensors() {
  const auto rename = [](std::size_t tensor, const std::string& name) {
    return with_tensors([&](auto& tensors) { tensors[tensor].name = name; });
  };
  const auto half = [](char low, char high) {
    return with_tensors([&](auto& tensors) {
      tensors.back().dtype = "F16";
      tensors.back().bytes = std::string(8, '\0') + low + high;
    });
  };
  return {
      {"NaN", with_tensors([](auto& tensors) { set(tensors, 3, NAN); }),
       "\"lstm1.forward.weight_ih\": element 3 is nan"},
      {"infinity", with_tensors([](auto& tensors) { set(tensors, 23, -INFINITY); }),
       "element 23 is -inf"},
      {"infinity in F16", half('\x00', '\x7C'), "\"output.bias\": element 4 is inf"},
      {"NaN in F16", half('\x01', '\xFC'), "\"output.bias\": element 4 is"},
      {"tensor missing", with_tensors([](auto& tensors) { tensors.pop_back(); }),
       "tensor \"output.bias\" is missing"},
      {"tensor unused", with_tensors([](auto& tensors) {
         tensors.push_back(float_tensor("extra", {1}, std::array{1.0f}));
       }),
       "tensor \"extra\": no layer uses it"},
      {"tensor misnamed", rename(0, "lstm1.forward.weight_ij"),
       "\"lstm1.forward.weight_ih\" is missing"},
      {"tensor with a line break in its name", rename(0, "a\nb"), "is missing"},
      {"unused tensor with a line break in its name", with_tensors([](auto& tensors) {
         tensors.push_back(float_tensor("a\nb", {1}, std::array{1.0f}));
       }),
       "tensor \"a\\nb\": no layer uses it"},
      {"unused tensor with a very long name", with_tensors([](auto& tensors) {
         tensors.push_back(float_tensor(repeated("long", 100000), {1}, std::array{1.0f}));
       }),
       "longlon...\": no layer uses it"},
      {"transposed", with_tensors([](auto& tensors) {
         tensors[0].shape = {3, 8};
       }),
       "\"lstm1.forward.weight_ih\": shape [3, 8], must be [8, 3]"},
      {"bias as a matrix", with_tensors([](auto& tensors) {
         tensors.back().shape = {1, 5};
       }),
       "\"output.bias\": shape [1, 5], must be [5]"},
      {"peepholes", with_tensors([](auto& tensors) {
         tensors.push_back(float_tensor("lstm1.forward.peephole", {3, 2}, std::array<float, 6>{}));
       }),
       "layer \"lstm1\": tensor peephole is there for one direction only"},
      {"projection", with_tensors([](auto& tensors) {
         tensors.push_back(
             float_tensor("lstm1.backward.weight_hr", {1, 2}, std::array<float, 2>{}));
       }),
       "layer \"lstm1\": tensor weight_hr is there for one direction only"},
  };
}

std::vector<Broken> broken_graphs() {
  const auto set = [](const char* key, const Json& value) {
    return with_json([&](Json& json) { json[key] = value; });
  };
  const auto layer = [](std::size_t i, const char* key, const Json& value) {
    return with_json([&](Json& json) { json["layers"][i][key] = value; });
  };
  const auto frontend = [](const char* key, const Json& value) {
    return with_json([&](Json& json) { json["frontend"][key] = value; });
  };
  return {
      {"edgeval not JSON", with_json_text("{"), "edgeval: not valid JSON"},
      {"edgeval empty", with_json_text(""), "edgeval: not valid JSON"},
      {"edgeval with a zero byte behind", with_json_text(model_json(small_model()) + '\0' + "{}"),
       "which is a zero byte"},
      {"edgeval a list", with_json_text("[]"), "must be an object"},
      {"edgeval nests deep", with_json_text(repeated("{\"a\":", 100000)), "nests deeper than 16"},
      {"edgeval repeats a key", with_json_text("{\"format\": 1, \"format\": 1}"),
       "duplicate key \"format\""},
      {"format missing", with_json([](Json& json) { json.erase("format"); }),
       "\"format\" is missing"},
      {"format 2", set("format", 2), "format is 2, must be 1"},
      {"format a text", set("format", "1"), "format is string, must be a whole number"},
      {"task unknown", set("task", "ctcc"), "unknown task \"ctcc\"; did you mean ctc?"},
      {"task translation", set("task", "translation"), "is a translation model"},
      {"unknown key", set("token", 1), "unknown key \"token\"; did you mean tokens?"},
      {"name a number", set("name", 1), "name is number, must be a text"},
      {"tokens no list", set("tokens", "abc"), "tokens is string, must be an array"},
      {"token no text", set("tokens", {"a", "b", 3, "d", "e"}), "tokens[2] is number"},
      {"no tokens", set("tokens", Json::array()), "tokens is empty"},
      {"too few tokens", set("tokens", {"a", "b"}), "gives 5 values, but there are 2 tokens"},
      {"blank negative", set("blank", -1), "blank is -1, must lie in [0, 4]"},
      {"blank too high", set("blank", 5), "blank is 5, must lie in [0, 4]"},
      {"blank above 63 bits", set("blank", ~std::uint64_t{0}),
       "blank is 18446744073709551615, must lie"},
      {"blank fractional", set("blank", 0.5), "blank is 0.5, must be a whole number"},
      {"layers no list", set("layers", Json::object()), "layers is object, must be an array"},
      {"no layers", set("layers", Json::array()), "layers is empty"},
      {"layer no object", set("layers", {1}), "layers[0]: is number, must be an object"},
      {"layer embedding", layer(0, "type", "embedding"),
       "layers[0]: type embedding is not supported yet by this version"},
      {"layer unknown", layer(0, "type", "lstmm"), "unknown type \"lstmm\"; did you mean lstm?"},
      {"layer key misspelt", layer(0, "cels", 2),
       "layers[0]: unknown key \"cels\"; did you mean cells?"},
      {"key of another type of layer", layer(1, "direction", "both"), "unknown key \"direction\""},
      {"layer name empty", layer(0, "name", ""), "is empty or holds control characters"},
      {"layer name with a line break", layer(0, "name", "a\nb"), "holds control characters"},
      {"layer name twice", layer(1, "name", "lstm1"), "name \"lstm1\" belongs to an earlier layer"},
      {"layer name nobody's", layer(1, "name", "out"), "tensor \"out.weight\" is missing"},
      {"first layer's inputs", layer(0, "inputs", 4), "inputs is 4, but the front end gives 3"},
      {"inputs do not chain", layer(1, "inputs", 2),
       "inputs is 2, but layer \"lstm1\" before it gives 4"},
      {"one direction left out", layer(0, "direction", "forward"),
       "inputs is 4, but layer \"lstm1\" before it gives 2"},
      {"direction unknown", layer(0, "direction", "forwards"), "did you mean forward?"},
      {"cells 0", layer(0, "cells", 0), "cells is 0, must lie in [1, 16777216]"},
      {"cells negative", layer(0, "cells", -2), "cells is -2, must lie"},
      {"cells of 2^24", layer(0, "cells", 1 << 24), "shape [8, 3], must be [67108864, 3]"},
      {"cells of 2^62", layer(0, "cells", std::int64_t{1} << 62),
       "cells is 4611686018427387904, must lie"},
      {"cells too large for a number", layer(0, "cells", 1e300),
       "cells is 1e+300, must be a whole number"},
      {"outputs of 2^24", layer(1, "outputs", 1 << 24), "shape [5, 4], must be [16777216, 4]"},
      {"activation unknown", layer(1, "activation", {{"type", "relux"}}), "did you mean relu?"},
      {"activation a text", layer(1, "activation", "relu"),
       "activation: is string, must be an object"},
      {"relu with a limit", layer(1, "activation", {{"type", "relu"}, {"limit", 1}}),
       "unknown key \"limit\""},
      {"clipped relu without a limit", layer(1, "activation", {{"type", "clipped_relu"}}),
       "\"limit\" is missing"},
      {"clipped relu at 0", layer(1, "activation", {{"type", "clipped_relu"}, {"limit", 0}}),
       "limit is 0, must lie"},
      {"front end unknown", frontend("type", "fbanks"),
       "unknown type \"fbanks\"; did you mean fbank?"},
      {"front end of other keys", frontend("type", "mfcc"), "frontend: unknown key \"delta"},
      {"front end key misspelt", frontend("mel_bin", 3),
       "unknown key \"mel_bin\"; did you mean mel_bins?"},
      {"front end key missing", with_json([](Json& json) { json["frontend"].erase("deltas"); }),
       "\"deltas\" is missing"},
      {"sample rate 0", frontend("sample_rate", 0), "sample_rate is 0, must lie"},
      {"frame of no length", frontend("frame_ms", 0), "frame_ms is 0, must lie"},
      {"shift negative", frontend("shift_ms", -10), "shift_ms is -10, must lie"},
      {"a billion mel bins", frontend("mel_bins", 1000000000), "mel_bins is 1000000000, must lie"},
      {"low above high", frontend("low_hz", 8000), "low_hz is 8000, must be below high_hz"},
      {"above Nyquist", frontend("high_hz", 8001), "high_hz is 8001, must lie in [0, 8000]"},
      {"pre-emphasis", frontend("preemphasis", 1.5), "preemphasis is 1.5, must lie"},
      {"window", frontend("window", "hamming"), "unknown window \"hamming\"; known: povey"},
      {"dither", frontend("dither", 1), "dither is 1, must be 0"},
      {"cmvn", frontend("cmvn", "speaker"), "unknown cmvn \"speaker\""},
      {"cmvn epsilon", frontend("cmvn_epsilon", 0), "cmvn_epsilon is 0, must lie"},
      {"deltas", frontend("deltas", 3), "deltas is 3, must lie in [0, 2]"},
      {"delta window", frontend("delta_window", 0), "delta_window is 0, must lie"},
  };
}

std::vector<Broken> broken_mfcc() {
  const auto frontend = [](const std::function<void(Json&)>& change) {
    return with_json([&](Json& json) {
      Json& mfcc = json["frontend"];
      mfcc["type"] = "mfcc";
      mfcc.erase("deltas");
      mfcc.erase("delta_window");
      mfcc.update({{"cepstra", 1}, {"lifter", 22}, {"splice", {1, 1}}, {"subsample", 2}});
      change(mfcc);
    });
  };
  const auto set = [&](const char* key, const Json& value) {
    return frontend([&](Json& mfcc) { mfcc[key] = value; });
  };
  const auto without = [&](const char* key) {
    return frontend([&](Json& mfcc) { mfcc.erase(key); });
  };
  EXPECT_NO_THROW(read_model(frontend([](Json&) {}), kFile));
  return {
      {"deltas with mfcc", set("deltas", 0), "frontend: unknown key \"deltas\""},
      {"cepstra missing", without("cepstra"), "\"cepstra\" is missing"},
      {"lifter missing", without("lifter"), "\"lifter\" is missing"},
      {"splice missing", without("splice"), "\"splice\" is missing"},
      {"subsample missing", without("subsample"), "\"subsample\" is missing"},
      {"no cepstra", set("cepstra", 0), "cepstra is 0, must lie in [1, 3]"},
      {"more cepstra than bins", set("cepstra", 4), "cepstra is 4, must lie in [1, 3]"},
      {"cepstra do not chain", set("cepstra", 2), "inputs is 3, but the front end gives 6"},
      {"lifter negative", set("lifter", -1), "lifter is -1, must lie"},
      {"lifter fractional", set("lifter", 0.5), "lifter is 0.5, must be a whole number"},
      {"splice a number", set("splice", 9), "splice is number, must be an array"},
      {"splice of one", set("splice", {9}), "splice must be two whole numbers"},
      {"splice of three", set("splice", {9, 9, 9}), "splice must be two whole numbers"},
      {"splice negative", set("splice", {-1, 9}), "splice must be two whole numbers"},
      {"splice fractional", set("splice", {1.5, 9}), "splice must be two whole numbers"},
      {"splice a text", set("splice", {"1", 9}), "splice must be two whole numbers"},
      {"splice too far", set("splice", {1, 101}), "splice must be two whole numbers"},
      {"splice above 63 bits", set("splice", {1, ~std::uint64_t{0}}), "splice must be two"},
      {"subsample 0", set("subsample", 0), "subsample is 0, must lie in [1, 100]"},
  };
}

TEST(ModelFileRefusal, EveryBrokenFileIsRefusedInOneLineWithTheReason) {
  std::vector<Broken> all = broken_containers();
  for (auto more : {broken_tensors(), broken_graphs(), broken_mfcc()})
    all.insert(all.end(), more.begin(), more.end());
  for (const Broken& broken : all) {
    SCOPED_TRACE(broken.what);
    const std::string message = refusal([&] { read_model(broken.bytes, kFile); });
    EXPECT_TRUE(message.starts_with(concat(kFile, ":"))) << message;
    EXPECT_NE(message.find(broken.reason), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 400u) << message;
  }
}

TEST(ModelFileRefusal, ABrokenFileOnDiskIsRefusedByItsPath) {
  const std::string path = ::testing::TempDir() + "edgeval_model_file_test.safetensors";
  write_file(path, with_length(3));
  EXPECT_TRUE(refusal([&] { load_model(path); }).starts_with(path + ": header: not valid JSON"));
  std::filesystem::remove(path);
}

// Damages a good file: cuts it, flips bits, or changes or inserts a character in the header.
class Accident {
 public:
  explicit Accident(std::uint64_t seed) : random_(seed) {}

  std::string operator()(FileParts parts) {
    static constexpr std::string_view kJson = "{}[]\",:0123456789-.eE\\u ";
    switch (below(5)) {
      case 0: {
        std::string file = framed(parts.header, parts.data);
        return file.substr(0, below(file.size()));
      }
      case 1: {
        std::string file = framed(parts.header, parts.data);
        for (std::size_t n = 1 + below(4); n > 0; --n)
          file[below(file.size())] ^= static_cast<char>(1U << below(8));
        return file;
      }
      case 2:
        parts.header[below(parts.header.size())] = kJson[below(kJson.size())];
        break;
      case 3:
        parts.header.insert(below(parts.header.size()), 1, kJson[below(kJson.size())]);
        break;
      default: {  // replaces a digit
        std::size_t at = below(parts.header.size());
        at = parts.header.find_first_of("0123456789", at);
        if (at != std::string::npos) parts.header[at] = static_cast<char>('0' + below(10));
      }
    }
    return framed(parts.header, parts.data);
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::mt19937_64 random_;
};

TEST(ModelFileRefusal, AccidentsEitherLoadOrAreRefused) {
  const FileParts parts = small_parts();
  Accident accident(20240607);
  int loaded = 0;
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string bytes = accident(parts);
    try {
      const Model model = read_model(bytes, kFile);
      ASSERT_EQ(model.outputs(), static_cast<Index>(model.tokens.size()));
      ++loaded;
    } catch (const Error& error) {
      ASSERT_TRUE(std::string(error.what()).starts_with(concat(kFile, ":"))) << error.what();
      ++refused;
    } catch (const std::exception& other) {
      FAIL() << "accident " << i << ": " << other.what();
    }
  }
  EXPECT_GT(loaded, 100);  // bits flipped in weights, digits replaced by themselves
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace edgeval::test
