// Features that a cache gives are those that would be computed, and all that is refused without a
// cache is refused with one.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstring>
#include <set>

#include "eval/task/batches.hpp"
#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/speech_task.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

class CachedFeatures : public ::testing::Test {
 protected:
  CachedFeatures() {
    model_.tokens = {"", "a", "b", " ", "c"};
    // An utterance that is shorter than a frame, one of three frames, and parts of one file.
    add("a.wav", {.samples = 399});
    add("b.flac", {.samples = 720, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16});
    for (const data::AudioPart& part :
         {data::AudioPart{.offset = 0.5, .duration = 0.25}, data::AudioPart{.offset = 0.5},
          data::AudioPart{}, data::AudioPart{.duration = 0.25}})
      add("long.wav", {.samples = 16000}, part);
  }

  void add(const std::string& name, const Wav& wav, const data::AudioPart& part = {}) {
    set_.utterances.push_back(
        {"u" + std::to_string(set_.utterances.size()), folder_.audio(name, wav), "a b", "", part});
  }

  struct Made {
    std::vector<std::string> features;  // bytes of each utterance's
    std::string hash;                   // of the set
    bool operator==(const Made&) const = default;
  };

  // Makes the features of all utterances as a run does. `change` happens between the reading of the
  // headers and that of the files.
  Made made(data::FeatureCache* cache, const std::function<void()>& change = {}) const {
    const data::FeatureExtractor extractor(model_.frontend);
    const BatchPlan plan = plan_batches(set_, model_, extractor, 0);
    if (change) change();
    data::AudioReader audio(set_, model_.frontend.sample_rate);
    Made made;
    std::vector<Index> all;
    for (Index n = 0; n < std::ssize(set_.utterances); ++n) all.push_back(n);
    const Ragged<float> features = batch_features(audio, all, plan, extractor, 2, cache);
    for (const Index n : all) {
      const auto own = features.sequence(n);
      made.features.emplace_back(reinterpret_cast<const char*>(own.data),
                                 static_cast<std::size_t>(own.rows * own.cols) * sizeof(float));
    }
    made.hash = audio.sha256();
    return made;
  }
  Made made_with_cache() const {
    data::FeatureCache cache(kept(), model_.frontend);
    return made(&cache);
  }

  // The place of each entry on the disk, which is another once an entry was made anew.
  std::set<ino_t> entries() const {
    std::set<ino_t> numbers;
    for (const auto& entry : fs::recursive_directory_iterator(kept())) {
      struct stat status {};
      if (::stat(entry.path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
        numbers.insert(status.st_ino);
    }
    return numbers;
  }

  // The source of an utterance's features, with the length that its header promises.
  data::FeatureSource source(std::size_t n) const {
    const data::Utterance& utterance = set_.utterances[n];
    return {sha256(read_file(utterance.audio)), utterance.part, set_.kinds,
            data::audio_extent(utterance.audio, 16000, utterance.part).samples};
  }

  fs::path kept() const { return folder_ / "kept"; }

  DataFolder folder_;
  data::TestSet set_;
  Model model_ = random_model({.inputs = 4, .lstm = {{.cells = 3}}, .outputs = 5}, 5);
};

TEST_F(CachedFeatures, AreTheSameBitsColdAndWarmAndWithoutACache) {
  const Made computed = made(nullptr);
  EXPECT_EQ(computed.hash, hash_of(set_));
  EXPECT_EQ(computed.features[1].size(), 3 * 4 * sizeof(float));
  EXPECT_FALSE(fs::exists(kept()));
  EXPECT_TRUE(made_with_cache() == computed);
  const std::set<ino_t> cold = entries();
  EXPECT_EQ(cold.size(), set_.utterances.size());
  EXPECT_TRUE(made_with_cache() == computed);
  EXPECT_EQ(entries(), cold);
}

TEST_F(CachedFeatures, AreNotComputedAgain) {
  made_with_cache();
  data::FeatureCache cache(kept(), model_.frontend);
  Matrix<float> other(3, 4);
  std::ranges::fill(other.values(), 7.0F);
  cache.keep(source(1), other);
  EXPECT_EQ(made_with_cache().features[1],
            std::string(reinterpret_cast<const char*>(other.data()), 3 * 4 * sizeof(float)));
}

TEST_F(CachedFeatures, AreMadeAnewWhereTheNumberOfFramesIsNotThePlans) {
  const Made computed = made_with_cache();
  data::FeatureCache cache(kept(), model_.frontend);
  cache.keep(source(1), Matrix<float>(2, 4));
  EXPECT_TRUE(made_with_cache() == computed);
  EXPECT_TRUE(cache.find(source(1), 3));
}

TEST_F(CachedFeatures, AreThoseOfAFileThatHasChangedSince) {
  const Made before = made_with_cache();
  std::string bytes = read_file(folder_ / "long.wav");
  for (std::size_t at = 100; at < bytes.size(); at += 40) bytes[at] ^= 1;
  folder_.file("long.wav", bytes);
  const Made after = made_with_cache();
  EXPECT_TRUE(after == made(nullptr));
  EXPECT_EQ(after.hash, hash_of(set_));
  EXPECT_NE(after.hash, before.hash);
  for (const std::size_t n : {2, 3, 4, 5})
    EXPECT_TRUE(after.features[n] != before.features[n]) << n;
  for (const std::size_t n : {0, 1}) EXPECT_TRUE(after.features[n] == before.features[n]) << n;
}

TEST_F(CachedFeatures, OfAFileThatIsExchangedAreThoseOfTheNewFileAndItsHash) {
  const Made before = made_with_cache();
  std::string bytes = read_file(folder_ / "long.wav");
  bytes[bytes.size() / 2] ^= 1;
  const auto exchange = [&] { folder_.file("long.wav", bytes); };
  data::FeatureCache cache(kept(), model_.frontend);
  const Made after = made(&cache, exchange);
  EXPECT_EQ(after.hash, hash_of(set_));
  EXPECT_TRUE(after == made(nullptr));
  EXPECT_TRUE(after.features[4] != before.features[4]);
}

// The file that comes in between has an entry, and as many frames.
TEST_F(CachedFeatures, OfAnotherLengthThanPlannedAreRefusedAlthoughTheyAreKept) {
  const Wav longer{.samples = 721, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16};
  const std::string planned = read_file(folder_ / "b.flac");
  folder_.audio("b.flac", longer);
  made_with_cache();
  ASSERT_TRUE(data::FeatureCache(kept(), model_.frontend).find(source(1), 3));
  folder_.file("b.flac", planned);
  data::FeatureCache cache(kept(), model_.frontend);
  for (data::FeatureCache* each : {static_cast<data::FeatureCache*>(nullptr), &cache})
    EXPECT_EQ(refusal([&] {
                folder_.file("b.flac", planned);
                made(each, [&] { folder_.audio("b.flac", longer); });
              }),
              (folder_ / "b.flac").string() + ": changed while it was being read");
}

TEST_F(CachedFeatures, OfDamagedAudioAreRefusedEachTime) {
  made_with_cache();
  const std::set<ino_t> before = entries();
  std::string flac = read_file(folder_ / "b.flac");
  flac[flac.size() / 2] ^= 1;
  folder_.file("b.flac", flac);
  const std::string without = refusal([&] { made(nullptr); });
  EXPECT_NE(without.find("damaged"), std::string::npos) << without;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(refusal([&] { made_with_cache(); }), without);
  EXPECT_EQ(entries(), before);
}

// With --any-audio other kinds of files are read, too.
TEST_F(CachedFeatures, OfAKindThatIsNotAskedForAreRefusedAlthoughTheyAreKept) {
  set_.utterances.clear();
  add("c.au", {.samples = 800, .format = SF_FORMAT_AU | SF_FORMAT_PCM_16});
  set_.kinds = data::AudioKinds::kAny;
  const Made any = made_with_cache();
  EXPECT_TRUE(made_with_cache() == any);
  const std::string other = read_file(folder_ / "c.au");
  set_.kinds = data::AudioKinds::kChecked;
  EXPECT_NE(refusal([&] { made_with_cache(); }), "accepted");
  folder_.audio("c.au");
  data::FeatureCache cache(kept(), model_.frontend);
  EXPECT_NE(refusal([&] { made(&cache, [&] { folder_.file("c.au", other); }); }), "accepted");
}

TEST_F(CachedFeatures, ASessionTellsOnceThatNoneCanBeKept) {
  folder_.file("taken", "");
  const auto run = [&](const fs::path& folder) {
    auto session = std::make_unique<CtcSession>(
        borrowed(model_), set_, CtcOptions{},
        EngineChoice{.device = "cpu", .threads = 2, .batch = 2, .feature_folder = folder});
    const Evaluation evaluation = evaluate(*session, points_of({dense_point(model_)}));
    return std::pair(std::move(session), evaluation.points[0].hypotheses());
  };
  const auto without = run({}), kept_ones = run(kept()), unkept = run(folder_ / "taken/features");
  EXPECT_EQ(kept_ones.second, without.second);
  EXPECT_EQ(unkept.second, without.second);
  EXPECT_TRUE(without.first->late_notes().empty());
  EXPECT_TRUE(kept_ones.first->late_notes().empty());
  EXPECT_EQ(entries().size(), set_.utterances.size());
  ASSERT_EQ(unkept.first->late_notes().size(), 1u);
  EXPECT_TRUE(unkept.first->late_notes()[0].starts_with("features are not kept"));
  EXPECT_EQ(unkept.first->notes(), without.first->notes());
}

}  // namespace
}  // namespace edgeval::test
