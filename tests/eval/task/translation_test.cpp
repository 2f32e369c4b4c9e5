// Translates texts on the CPU. For the model that ships, BLEU must be what sacrebleu 2.6.0 prints
// for `datasets/train/train_translation.py translate`, which uses PyTorch
// (datasets/captions/README.md). A published OpenNMT-py model, Serbo-Croatian spelling to IPA, is
// imported from its checkpoint; OpenNMT-py gives 185 exact words of 198 at width 1 and 186 at 2, 5
// and 10.
#include <gtest/gtest.h>

#include "tests/support/translation_task.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

TEST(Translation, OfTheShippedCaptionsScoresAsInPyTorch) {
  const TranslationTask task(captions() / "multi30k-en-de.safetensors", captions() / "captions.en",
                             captions() / "captions.de");
  EXPECT_NEAR(task.bleu(1), 70.6, 0.05);
  EXPECT_NEAR(task.bleu(5), 70.3, 0.05);
  EXPECT_EQ(task.translate(5, 7).hypotheses(), task.translate(5).hypotheses());
}

TEST(Translation, OfMulti30kScoresAsInPyTorch) {
  EDGEVAL_NEEDS_SHARED("data/multi30k/test_2016_flickr.en.gz");
  const fs::path folder = shared_folder() / "data/multi30k";
  const TranslationTask task(captions() / "multi30k-en-de.safetensors",
                             folder / "test_2016_flickr.en.gz", folder / "test_2016_flickr.de.gz");
  EXPECT_NEAR(task.bleu(5), 36.3, 0.05);
}

TEST(Translation, OfAnImportedOpenNmtModelIsExactAsOftenAsThere) {
  const fs::path folder = shared_folder() / "data/onmt_ipa";
  EDGEVAL_NEEDS_SHARED("data/onmt_ipa/test_model2_v2_9653b3a0.pt");
  const TemporaryFolder made;
  const fs::path file = imported_ipa(made.path());
  const TranslationTask task(file, folder / "test_model2.src", folder / "test_model2.tgt");
  EXPECT_EQ(task.exact(1), 185);
  for (double width : {2.0, 5.0, 10.0}) EXPECT_EQ(task.exact(width), 186) << "width " << width;
  EXPECT_EQ(task.exact(1, 1), 185);
  for (double width : {1.0, 5.0})
    EXPECT_EQ(task.translate(width, 1).hypotheses(), task.translate(width, 198).hypotheses())
        << "width " << width;
}

}  // namespace
}  // namespace edgeval::test
