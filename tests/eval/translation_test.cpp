// Translation from text to text on the CPU. The model that ships against PyTorch: BLEU as sacrebleu 2.6.0 prints it for
// `datasets/train_translation.py translate` (datasets/captions/README.md). A published OpenNMT-py model imported from its
// checkpoint, Serbo-Croatian spelling to IPA: OpenNMT-py gives 185 exact words of 198 at width 1 and 186 at 2, 5 and 10.
#include "eval/translation_pipeline.hpp"

#include <gtest/gtest.h>

#include "host/model/file.hpp"
#include "tests/support/command.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

// A model with its test set.
class Task {
 public:
  Task(const fs::path& model, const fs::path& source, const fs::path& reference)
      : model_(std::get<TranslationModel>(load_any_model(model))),
        set_(data::open_text_set(source, {reference})),
        translator_(model_, {}) {}

  TranslationOutcome translate(double width, Index batch = 0) const {
    const std::vector<TranslationCandidate> candidates{
        {&translator_, dense_point(model_.network), {.beam = FixedBeam{width}}}};
    return std::move(evaluate(model_, set_, candidates, {.batch = batch, .quiet = true}).outcomes[0]);
  }
  double bleu(double width) const { return translate(width).scores[0].value; }
  // Sentences that are as the reference has them.
  double exact(double width, Index batch = 0) const { return translate(width, batch).scores[2].metric.statistics.sum()[0]; }

 private:
  const TranslationModel model_;
  const data::TextSet set_;
  const Translator translator_;
};

fs::path captions() { return source_folder() / "datasets" / "captions"; }

TEST(Translation, OfTheShippedCaptionsScoresAsInPyTorch) {
  const Task task(captions() / "multi30k-en-de.safetensors", captions() / "captions.en", captions() / "captions.de");
  EXPECT_NEAR(task.bleu(1), 70.6, 0.05);
  EXPECT_NEAR(task.bleu(5), 70.3, 0.05);
  EXPECT_EQ(task.translate(5, 7).hypotheses(), task.translate(5).hypotheses());
}

TEST(Translation, OfMulti30kScoresAsInPyTorch) {
  EDGEVAL_NEEDS_SHARED("data/multi30k/test_2016_flickr.en.gz");
  const fs::path folder = shared_folder() / "data/multi30k";
  const Task task(captions() / "multi30k-en-de.safetensors", folder / "test_2016_flickr.en.gz", folder / "test_2016_flickr.de.gz");
  EXPECT_NEAR(task.bleu(5), 36.3, 0.05);
}

TEST(Translation, OfAnImportedOpenNmtModelIsExactAsOftenAsThere) {
  const fs::path folder = shared_folder() / "data/onmt_ipa";
  EDGEVAL_NEEDS_SHARED("data/onmt_ipa/test_model2_v2_9653b3a0.pt");
  const TemporaryFolder made;
  const fs::path file = made.path() / "ipa.safetensors";
  const CommandResult imported =
      edgeval({"import", "--model", (folder / "test_model2_v2_9653b3a0.pt").string(), "--out", file.string()});
  ASSERT_EQ(imported.code, 0) << imported.err;
  const Task task(file, folder / "test_model2.src", folder / "test_model2.tgt");
  EXPECT_EQ(task.exact(1), 185);
  for (double width : {2.0, 5.0, 10.0}) EXPECT_EQ(task.exact(width), 186) << "width " << width;
  EXPECT_EQ(task.exact(1, 1), 185);
  for (double width : {1.0, 5.0})
    EXPECT_EQ(task.translate(width, 1).hypotheses(), task.translate(width, 198).hypotheses()) << "width " << width;
}

}  // namespace
}  // namespace edgeval::test
