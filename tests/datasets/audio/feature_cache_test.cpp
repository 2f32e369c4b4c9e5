// What the cache gives is what was kept, bit for bit, or nothing: whatever happened to its files,
// whoever else uses its folder, and whether it may be written or not.
#include "datasets/audio/feature_cache.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <set>
#include <vector>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/parallel.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

// A front end of three columns.
FrontendConfig narrow() {
  FrontendConfig config;
  config.mel_bins = 3;
  config.deltas = 0;
  return config;
}

FeatureSource source_of(const std::string& audio) {
  return {.sha256 = edgeval::sha256(audio), .samples = 800};
}

// Features whose bits are random: among them are NaN, infinities and numbers that are not normal.
Matrix<float> random_features(Index frames, Index columns, unsigned seed) {
  std::mt19937 random(seed);
  Matrix<float> features(frames, columns);
  for (float& value : features.values())
    value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  return features;
}

bool same_bits(const std::optional<Matrix<float>>& found, const Matrix<float>& kept) {
  return found && found->rows() == kept.rows() && found->cols() == kept.cols() &&
         std::memcmp(found->data(), kept.data(),
                     static_cast<std::size_t>(kept.size()) * sizeof(float)) == 0;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) files.push_back(entry.path());
  return files;
}

TEST(FeatureCache, GivesTheBitsThatWereKept) {
  const TemporaryFolder folder;
  for (const Index frames : {0, 1, 31, 32, 33, 5000}) {
    const Matrix<float> features = random_features(frames, 3, 1);
    const FeatureSource source = source_of(std::to_string(frames));
    FeatureCache cache(folder.path() / "made", narrow());
    EXPECT_FALSE(cache.find(source, frames));
    cache.keep(source, features);
    EXPECT_EQ(cache.note(), "");
    EXPECT_TRUE(same_bits(cache.find(source, frames), features)) << frames;
    EXPECT_TRUE(
        same_bits(FeatureCache(folder.path() / "made", narrow()).find(source, frames), features));
  }
}

// The checksum is that of
//   python3 -c "import struct, zlib; print(zlib.crc32(struct.pack('<3f', 1, 2, -3)).to_bytes(4,
//   'little').hex())"
TEST(FeatureCache, WritesAHeaderAndLittleEndianFloats) {
  const TemporaryFolder folder;
  FeatureCache cache(folder.path(), narrow());
  Matrix<float> features(1, 3);
  features(0, 0) = 1, features(0, 1) = 2, features(0, 2) = -3;
  cache.keep(source_of("a"), features);
  const fs::path file = cache.file_of(source_of("a"));
  const std::string key = file.filename().string();
  EXPECT_EQ(key.size(), 64u);
  EXPECT_EQ(file, folder.path() / key.substr(0, 2) / key);
  const auto text = [](const char* bytes, std::size_t count) { return std::string(bytes, count); };
  EXPECT_EQ(read_file(file), text("edgefeat\1\0\0\0", 12) + std::string("\x91\x15\xb6\x5f") +
                                 text("\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16) + key +
                                 text("\0\0\x80\x3f\0\0\0\x40\0\0\x40\xc0", 12));
}

TEST(FeatureCache, EveryFieldOfTheFrontEndHasEntriesOfItsOwn) {
  // This does not compile when a field is added for which there is no change below.
  const auto& [type, sample_rate, frame_ms, shift_ms, mel_bins, low_hz, high_hz, preemphasis,
               window, dither, cmvn, cmvn_epsilon, deltas, delta_window, cepstra, lifter, splice,
               subsample] = FrontendConfig();
  using Config = FrontendConfig;
  const std::vector<std::function<void(Config&)>> changes{
      [](Config& c) { c.type = "mfcc"; }, [](Config& c) { c.sample_rate = 8000; },
      [](Config& c) { c.frame_ms = 20; }, [](Config& c) { c.shift_ms = 11; },
      [](Config& c) { c.mel_bins = 41; }, [](Config& c) { c.low_hz = 21; },
      [](Config& c) { c.high_hz = 7999; }, [](Config& c) { c.preemphasis = 0.96; },
      [](Config& c) { c.window = "hann"; }, [](Config& c) { c.dither = 1; },
      [](Config& c) { c.cmvn = "none"; },
      // The nearest number, which "%g" would show as the same.
      [](Config& c) { c.cmvn_epsilon = std::nextafter(c.cmvn_epsilon, 1.0); },
      [](Config& c) { c.deltas = 1; }, [](Config& c) { c.delta_window = 3; },
      [](Config& c) { c.cepstra = 25; }, [](Config& c) { c.lifter = 21; },
      [](Config& c) { c.splice.before = 8; }, [](Config& c) { c.splice.after = 8; },
      [](Config& c) { c.subsample = 1; }};
  EXPECT_EQ(changes.size(), 19u);
  const TemporaryFolder folder;
  FeatureCache cache(folder.path(), {});
  cache.keep(source_of("a"), random_features(2, 120, 1));
  ASSERT_TRUE(cache.find(source_of("a"), 2));
  std::set<fs::path> files{cache.file_of(source_of("a"))};
  for (std::size_t n = 0; n < changes.size(); ++n) {
    FrontendConfig config;
    changes[n](config);
    const FeatureCache other(folder.path(), config);
    EXPECT_FALSE(other.find(source_of("a"), 2)) << n;
    EXPECT_TRUE(files.insert(other.file_of(source_of("a"))).second) << n;
  }
}

TEST(FeatureCache, OtherBytesAndOtherPartsHaveEntriesOfTheirOwn) {
  const TemporaryFolder folder;
  FeatureCache cache(folder.path(), narrow());
  const Matrix<float> features = random_features(2, 3, 1);
  FeatureSource source = source_of("a");
  source.part = {.offset = 1, .duration = 2, .place = "set.jsonl:1"};
  cache.keep(source, features);
  const auto found_with = [&](const std::function<void(FeatureSource&)>& change) {
    FeatureSource other = source;
    change(other);
    return cache.find(other, 2).has_value();
  };
  EXPECT_TRUE(found_with([](FeatureSource&) {}));
  EXPECT_TRUE(found_with([](FeatureSource& s) { s.part.place = "other.jsonl:7"; }));
  EXPECT_FALSE(found_with([](FeatureSource& s) { s.sha256 = edgeval::sha256("b"); }));
  EXPECT_FALSE(found_with([](FeatureSource& s) { s.part.offset = 2; }));
  EXPECT_FALSE(found_with([](FeatureSource& s) { s.part.offset.reset(); }));
  EXPECT_FALSE(found_with([](FeatureSource& s) { s.part.duration = 1; }));
  EXPECT_FALSE(found_with([](FeatureSource& s) { s.part.duration.reset(); }));
  EXPECT_FALSE(found_with([](FeatureSource& s) { s.part = {.offset = 2, .duration = 1}; }));
  EXPECT_FALSE(found_with([](FeatureSource& s) { s.kinds = AudioKinds::kAny; }));
  EXPECT_FALSE(found_with([](FeatureSource& s) { s.samples = 801; }));
}

// The part of an utterance may be left open at either side.
TEST(FeatureCache, AnOffsetAloneIsNoDurationAlone) {
  const FeatureCache cache("unused", narrow());
  FeatureSource offset = source_of("a"), duration = source_of("a");
  offset.part.offset = 1;
  duration.part.duration = 1;
  EXPECT_NE(cache.file_of(offset), cache.file_of(duration));
}

class DamagedEntry : public ::testing::Test {
 protected:
  DamagedEntry() {
    cache_.keep(source_, features_);
    bytes_ = read_file(file_);
  }

  // Expects the entry with these bytes to count as missing, and to be good again once it is made
  // anew.
  void expect_made_anew(const std::string& bytes, const std::string& what) {
    edgeval::write_file(file_, bytes, Sync::kNone);
    ASSERT_FALSE(cache_.find(source_, 2)) << what;
    cache_.keep(source_, features_);
    ASSERT_EQ(cache_.note(), "") << what;
    ASSERT_TRUE(same_bits(cache_.find(source_, 2), features_)) << what;
  }

  TemporaryFolder folder_;
  FeatureCache cache_{folder_.path(), narrow()};
  FeatureSource source_ = source_of("a");
  Matrix<float> features_ = random_features(2, 3, 1);
  fs::path file_ = cache_.file_of(source_);
  std::string bytes_;
};

TEST_F(DamagedEntry, OneFlippedBitAnywhere) {
  ASSERT_EQ(bytes_.size(), 96u + 2 * 3 * 4);
  for (std::size_t at = 0; at < bytes_.size(); ++at)
    for (const char bit : {'\x01', '\x80'}) {
      std::string flipped = bytes_;
      flipped[at] = static_cast<char>(flipped[at] ^ bit);
      expect_made_anew(flipped, concat("byte ", at));
    }
}

TEST_F(DamagedEntry, AnyOtherLength) {
  for (std::size_t length = 0; length < bytes_.size(); ++length)
    expect_made_anew(bytes_.substr(0, length), concat(length, " bytes"));
  expect_made_anew(bytes_ + '\0', "a byte more");
}

TEST_F(DamagedEntry, AForeignFile) {
  expect_made_anew(std::string(bytes_.size(), 'x'), "a text");
  expect_made_anew(std::string(bytes_.size(), '\0'), "zeros");
  cache_.keep(source_of("b"), features_);
  expect_made_anew(read_file(cache_.file_of(source_of("b"))), "the entry of other audio");
}

TEST_F(DamagedEntry, AnotherNumberOfFrames) {
  EXPECT_FALSE(cache_.find(source_, 1));
  EXPECT_FALSE(cache_.find(source_, 3));
  EXPECT_FALSE(cache_.find(source_, 0));
  const Matrix<float> longer = random_features(3, 3, 2);
  cache_.keep(source_, longer);
  EXPECT_FALSE(cache_.find(source_, 2));
  EXPECT_TRUE(same_bits(cache_.find(source_, 3), longer));
}

TEST_F(DamagedEntry, WhatIsNoFile) {
  fs::remove(file_);
  fs::create_directory(file_);
  EXPECT_FALSE(cache_.find(source_, 2));
  fs::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_FALSE(cache_.find(source_, 2));
  fs::remove(file_);
  fs::create_symlink("nowhere", file_);
  EXPECT_FALSE(cache_.find(source_, 2));
}

TEST(FeatureCache, TellsOnceThatItsFolderCannotBeMadeAndWritesNoMore) {
  const TemporaryFolder folder;
  folder.file("taken", "a file");
  const fs::path within = folder.path() / "taken" / "features";
  FeatureCache cache(within, narrow());
  EXPECT_FALSE(cache.find(source_of("a"), 2));
  cache.keep(source_of("a"), random_features(2, 3, 1));
  const std::string note = cache.note();
  EXPECT_TRUE(note.starts_with("features are not kept for later runs: " + within.string())) << note;
  fs::remove(folder.path() / "taken");
  cache.keep(source_of("b"), random_features(2, 3, 1));
  EXPECT_EQ(cache.note(), note);
  EXPECT_FALSE(fs::exists(folder.path() / "taken"));
  EXPECT_FALSE(cache.find(source_of("b"), 2));
}

// A file that may not grow is to a program what a full disk is.
TEST(FeatureCache, LeavesNothingOnADiskThatIsFull) {
  const TemporaryFolder folder;
  FeatureCache cache(folder.path(), narrow());
  cache.keep(source_of("a"), random_features(2, 3, 1));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  cache.keep(source_of("b"), random_features(1000, 3, 1));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(cache.note().find("cannot be written"), std::string::npos) << cache.note();
  EXPECT_EQ(files_in(folder.path()), std::vector{cache.file_of(source_of("a"))});
  EXPECT_TRUE(cache.find(source_of("a"), 2));
}

// Finds and keeps entries in another order for each `seed`; returns whether all that was found was
// right.
bool is_right_throughout(FeatureCache& cache, unsigned seed) {
  constexpr unsigned kEntries = 20;
  std::mt19937 random(seed);
  for (int i = 0; i < 200; ++i) {
    const auto entry = static_cast<unsigned>(random() % kEntries);
    const Matrix<float> features = random_features(40, 3, entry);
    const FeatureSource source = source_of(std::to_string(entry));
    const std::optional<Matrix<float>> found = cache.find(source, 40);
    if (found && !same_bits(found, features)) return false;
    if (!found || i % 3 == 0) cache.keep(source, features);
    if (!same_bits(cache.find(source, 40), features)) return false;  // nobody removes an entry
  }
  return cache.note().empty();
}

TEST(FeatureCache, ProcessesAndThreadsShareAFolder) {
  const TemporaryFolder folder;
  std::vector<pid_t> children;
  for (unsigned seed = 0; seed < 3; ++seed) {
    children.push_back(::fork());
    if (children.back() == 0) {
      FeatureCache own(folder.path(), narrow());
      ::_exit(is_right_throughout(own, seed) ? 0 : 1);
    }
  }
  FeatureCache cache(folder.path(), narrow());
  std::vector<char> right(4);
  parallel_for(4, 4, [&](Index n) {
    right[static_cast<std::size_t>(n)] =
        is_right_throughout(cache, static_cast<unsigned>(n) + 100) ? 1 : 0;
  });
  EXPECT_EQ(right, std::vector<char>(4, 1));
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(files_in(folder.path()).size(), 20u);  // no temporary file is left
}

// Sets variables of the environment, or removes those whose value is null, until the test ends.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  Variable(const Variable&) = delete;
  ~Variable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) const {
    if (value != nullptr)
      ::setenv(name_, value, 1);
    else
      ::unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> old_;
};

TEST(FeatureFolder, IsThatOfTheUserIfThereIsOne) {
  const auto folder = [](const char* cache, const char* home) {
    const Variable first("XDG_CACHE_HOME", cache), second("HOME", home);
    return default_feature_folder().string();
  };
  EXPECT_EQ(folder("/c", "/h"), "/c/edgeval/features");
  EXPECT_EQ(folder(nullptr, "/h"), "/h/.cache/edgeval/features");
  EXPECT_EQ(folder("", "/h"), "/h/.cache/edgeval/features");
  // The XDG Base Directory Specification: "If an implementation encounters a relative path in any
  // of these variables it should consider the path invalid and ignore it."
  EXPECT_EQ(folder("c", "/h"), "/h/.cache/edgeval/features");
  EXPECT_EQ(folder("c", "h"), "");
  EXPECT_EQ(folder(nullptr, nullptr), "");
}

}  // namespace
}  // namespace edgeval::data
