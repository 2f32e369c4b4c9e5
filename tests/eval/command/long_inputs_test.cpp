// Inputs with very many parts, or very long ones, take time in proportion to their length. Code
// that took time in proportion to its square needed a minute for these. The limits are of the
// processor's time and some twenty times what is needed. (YAML is bounded in its bytes.)
#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <string>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/names.hpp"
#include "host/import/importer.hpp"
#include "host/import/state_dict/module_list.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
extern const Importer kSafetensorsImporter;
}

namespace edgeval::test {
namespace {

double seconds_of(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

TEST(LongInputs, JsonOfManyValues) {
  std::string list = "[{}", object = "{\"\": []";
  for (int i = 0; i < 200'000; ++i) {
    list += ",{}";
    object += concat(",\"k", i, "\":[]");
  }
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(parse_json(list + "]", "").size(), 200'001u); }), 5);
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(parse_json(object + "}", "").size(), 200'001u); }), 10);
}

TEST(LongInputs, NamesThatNobodyMeant) {
  const std::string name(5'000'000, 'k');
  const std::vector<std::string> known(40, "similarity_skip");
  EXPECT_LT(seconds_of([&] { suggestion(name, known); }), 2);
  EXPECT_LT(seconds_of([&] { suggestion("k", {{name, "ki"}}); }), 2);
  EXPECT_EQ(suggestion("k", {{name, "ki"}}), "; did you mean ki?");
}

// The modules are linear layers with one input and one output.
TEST(LongInputs, AStateDictOfManyModules) {
  Json header;
  std::size_t at = 0;
  const int count = 3000;
  for (int i = 0; i < count; ++i)
    for (const char* tensor : {"weight", "bias"}) {
      Json& entry = header[concat("l", i, ".", tensor)];
      entry = {{"dtype", "F32"}, {"shape", {1, 1}}, {"data_offsets", {at, at + 4}}};
      if (std::string(tensor) == "bias") entry["shape"] = {1};
      at += 4;
    }
  // Nothing leads to this layer, so the order of the others cannot be found.
  header["odd.weight"] = {{"dtype", "F32"}, {"shape", {7, 5}}, {"data_offsets", {at, at + 140}}};
  const std::string text = header.dump();
  std::string file(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(text.size() >> 8 * i);
  file += text + std::string(at + 140, '\0');
  EXPECT_LT(seconds_of([&] {
              auto dict = std::get<StateDict>(kSafetensorsImporter.read({file, "m"}, {}));
              EXPECT_EQ(find_modules(dict.source).chained().size(), count + 1u);
            }),
            10);
}

}  // namespace
}  // namespace edgeval::test
