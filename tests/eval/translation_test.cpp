// Translation from text to text on the CPU. The model that ships against PyTorch: BLEU as sacrebleu 2.6.0 prints it for
// `datasets/train_translation.py translate` (datasets/captions/README.md). A published OpenNMT-py model imported from its
// checkpoint, Serbo-Croatian spelling to IPA: OpenNMT-py gives 185 exact words of 198 at width 1 and 186 at 2, 5 and 10.
#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>
#include <sstream>

#include "datasets/subwords.hpp"
#include "datasets/unpacked.hpp"
#include "eval/bleu.hpp"
#include "eval/statistics.hpp"
#include "host/core/file.hpp"
#include "host/engine/beam_search.hpp"
#include "tests/support/command.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::filesystem::path& path) {
  std::istringstream file(data::read_unpacked(path));
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class Translator {
 public:
  explicit Translator(const std::filesystem::path& path)
      : model_(read_translation_model(read_file(path), path.string())),
        source_(model_.source),
        target_(model_.target),
        point_(dense_point(model_.network)),
        decoder_(model_, point_),
        engine_(make_cpu_engine(model_.network, {})) {}

  Lines translate(const Lines& sources, double width, std::size_t batch) {
    Lines texts;
    for (std::size_t first = 0; first < sources.size(); first += batch) {
      const std::size_t last = std::min(sources.size(), first + batch);
      const Ragged<float> embedded = embed({sources.begin() + static_cast<Index>(first), sources.begin() + static_cast<Index>(last)});
      Encoded encoded = encode(model_, *engine_, embedded, point_);
      for (const SearchResult& result :
           beam_search(decoder_, std::move(encoded.keys), encoded.states, {.beam = FixedBeam{width}}))
        texts.push_back(target_.decode(std::vector<Index>(result.best[0].tokens.begin(), result.best[0].tokens.end())));
    }
    return texts;
  }

 private:
  Ragged<float> embed(const Lines& lines) const {
    std::vector<std::vector<Index>> sentences;
    std::vector<Index> lengths;
    for (const std::string& line : lines) {
      std::vector<Index> ids = source_.encode(line);
      if (model_.source.bos) ids.insert(ids.begin(), *model_.source.bos);
      if (model_.source.eos) ids.push_back(*model_.source.eos);
      lengths.push_back(static_cast<Index>(ids.size()));
      sentences.push_back(std::move(ids));
    }
    Ragged<float> embedded(lengths, model_.source_embedding.cols());
    Index row = 0;
    for (const std::vector<Index>& ids : sentences)
      for (Index id : ids) std::copy_n(model_.source_embedding.row(id), embedded.cols(), embedded.values.row(row++));
    return embedded;
  }

  const TranslationModel model_;
  const data::Subwords source_, target_;
  const OperatingPoint point_;
  const Decoder decoder_;
  const std::unique_ptr<Engine> engine_;
};

double bleu(const Lines& reference, const Lines& hypotheses) {
  const std::vector<Lines> references{reference};
  return bleu_score(bleu_statistics(references, hypotheses, {}).sum(), {}).value;
}

std::filesystem::path captions() { return source_folder() / "datasets" / "captions"; }

TEST(Translation, OfTheShippedCaptionsScoresAsInPyTorch) {
  Translator translator(captions() / "multi30k-en-de.safetensors");
  const Lines source = lines_of(captions() / "captions.en"), reference = lines_of(captions() / "captions.de");
  EXPECT_NEAR(bleu(reference, translator.translate(source, 1, 72)), 70.6, 0.05);
  EXPECT_NEAR(bleu(reference, translator.translate(source, 5, 72)), 70.3, 0.05);
  EXPECT_EQ(translator.translate(source, 5, 7), translator.translate(source, 5, 72));
}

TEST(Translation, OfMulti30kScoresAsInPyTorch) {
  EDGEVAL_NEEDS_SHARED("data/multi30k/test_2016_flickr.en.gz");
  Translator translator(captions() / "multi30k-en-de.safetensors");
  const std::filesystem::path folder = shared_folder() / "data/multi30k";
  const Lines hypotheses = translator.translate(lines_of(folder / "test_2016_flickr.en.gz"), 5, 250);
  EXPECT_NEAR(bleu(lines_of(folder / "test_2016_flickr.de.gz"), hypotheses), 36.3, 0.05);
}

TEST(Translation, OfAnImportedOpenNmtModelIsExactAsOftenAsThere) {
  const char* checkpoint = "data/onmt_ipa/test_model2_v2_9653b3a0.pt";
  EDGEVAL_NEEDS_SHARED(checkpoint);
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "ipa.safetensors";
  const CommandResult imported = edgeval({"import", "--model", (shared_folder() / checkpoint).string(), "--out", file.string()});
  ASSERT_EQ(imported.code, 0) << imported.err;
  Translator translator(file);
  const Lines source = lines_of(shared_folder() / "data/onmt_ipa/test_model2.src");
  const Lines target = lines_of(shared_folder() / "data/onmt_ipa/test_model2.tgt");
  ASSERT_EQ(source.size(), 198U);
  const auto exact = [&](double width, std::size_t batch) {
    const Lines texts = translator.translate(source, width, batch);
    return std::ranges::count_if(std::views::iota(std::size_t{0}, texts.size()), [&](std::size_t n) { return texts[n] == target[n]; });
  };
  EXPECT_EQ(exact(1, 198), 185);
  for (double width : {2.0, 5.0, 10.0}) EXPECT_EQ(exact(width, 198), 186) << "width " << width;
  EXPECT_EQ(exact(1, 1), 185);
  EXPECT_EQ(exact(5, 1), 186);
}

}  // namespace
}  // namespace edgeval::test
