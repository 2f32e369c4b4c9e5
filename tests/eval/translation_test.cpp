// A published OpenNMT-py model, imported from its checkpoint and searched with beams of several widths: Serbo-Croatian
// spelling to IPA. OpenNMT-py gives 185 exact words of 198 at width 1 and 186 at 2, 5 and 10.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "host/core/file.hpp"
#include "host/engine/beam_search.hpp"
#include "tests/support/command.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<int> ids_of(const std::string& line, const Vocabulary& vocabulary) {
  std::map<std::string, int> ids;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) ids[vocabulary.tokens[id]] = static_cast<int>(id);
  std::vector<int> all;
  std::istringstream words(line);
  for (std::string word; words >> word;) all.push_back(ids.contains(word) ? ids[word] : vocabulary.unk);
  return all;
}

TEST(Translation, OfAnImportedOpenNmtModelIsExactAsOftenAsThere) {
  const char* checkpoint = "data/onmt_ipa/test_model2_v2_9653b3a0.pt";
  EDGEVAL_NEEDS_SHARED(checkpoint);
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "ipa.safetensors").string();
  const CommandResult imported = edgeval({"import", "--model", (shared_folder() / checkpoint).string(), "--out", file});
  ASSERT_EQ(imported.code, 0) << imported.err;
  const TranslationModel model = read_translation_model(read_file(file), file);
  const std::vector<std::string> sources = lines_of(shared_folder() / "data/onmt_ipa/test_model2.src");
  const std::vector<std::string> targets = lines_of(shared_folder() / "data/onmt_ipa/test_model2.tgt");
  ASSERT_EQ(sources.size(), 198U);
  const Decoder decoder(model);
  const auto engine = make_cpu_engine(model.encoder, {});
  const auto exact = [&](Index batch, double width) {
    int words = 0;
    for (std::size_t first = 0; first < sources.size(); first += static_cast<std::size_t>(batch)) {
      const std::size_t last = std::min(sources.size(), first + static_cast<std::size_t>(batch));
      std::vector<std::vector<int>> ids;
      std::vector<Index> lengths;
      for (std::size_t n = first; n < last; ++n) {
        ids.push_back(ids_of(sources[n], model.source));
        lengths.push_back(static_cast<Index>(ids.back().size()));
      }
      Ragged<float> embedded(lengths, model.source_embedding.cols());
      Index row = 0;
      for (const std::vector<int>& sentence : ids)
        for (int id : sentence) std::copy_n(model.source_embedding.row(id), embedded.cols(), embedded.values.row(row++));
      const Encoded encoded = encode(decoder, *engine, embedded, dense_point(model.encoder));
      const auto results = beam_search(decoder, encoded.memory, encoded.states, {.beam = FixedBeam{width}});
      for (std::size_t n = first; n < last; ++n)
        words += results[n - first].best[0].tokens == ids_of(targets[n], model.target) ? 1 : 0;
    }
    return words;
  };
  EXPECT_EQ(exact(198, 1), 185);
  for (double width : {2.0, 5.0, 10.0}) EXPECT_EQ(exact(198, width), 186) << "width " << width;
  EXPECT_EQ(exact(1, 1), 185);
  EXPECT_EQ(exact(1, 5), 186);
}

}  // namespace
}  // namespace edgeval::test
