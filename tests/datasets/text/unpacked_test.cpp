#include "datasets/text/unpacked.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "host/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::data {
namespace {

std::string packed(const std::string& text) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "text.gz").string();
  gzFile file = gzopen(path.c_str(), "wb");
  if (!text.empty()) gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return read_file(path);
}

std::string unpacked(const std::string& bytes, const std::string& name = "file.gz",
                     std::size_t largest = 1 << 28) {
  const test::TemporaryFolder folder;
  return read_unpacked(folder.file(name, bytes), Pipes::kRefused, largest);
}

TEST(Unpacked, PlainTextStaysAndPackedTextIsUnpackedWhateverTheName) {
  EXPECT_EQ(unpacked("a\nb\n", "plain"), "a\nb\n");
  EXPECT_EQ(unpacked(packed("a\nb\n")), "a\nb\n");
  EXPECT_EQ(unpacked(packed("a\nb\n"), "plain"), "a\nb\n");
  EXPECT_EQ(unpacked(packed("")), "");
  EXPECT_EQ(unpacked("", "empty"), "");
}

TEST(Unpacked, MembersOneAfterTheOtherMakeOneText) {
  EXPECT_EQ(unpacked(packed("a\n") + packed("b\n")), "a\nb\n");
}

TEST(Unpacked, LongTextsComeWhole) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + '\n';
  EXPECT_EQ(unpacked(packed(text)), text);
}

void expect_refused(const std::string& bytes, const std::string& part,
                    std::size_t largest = 1 << 28) {
  try {
    unpacked(bytes, "file.gz", largest);
    ADD_FAILURE() << "accepted; " << part << " was wanted";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("file.gz: " + part), std::string::npos) << message;
  }
}

TEST(UnpackedRefusal, WhatIsDamagedOrCutShortIsNamed) {
  const std::string good = packed("the cat sat on the mat\n");
  for (std::size_t length = 2; length < good.size(); ++length)
    expect_refused(good.substr(0, length), "damaged");
  expect_refused(good + "x", "damaged");
  std::string wrong_checksum = good;
  wrong_checksum[good.size() - 6] = static_cast<char>(wrong_checksum[good.size() - 6] ^ 1);
  expect_refused(wrong_checksum, "damaged");
}

TEST(UnpackedRefusal, WhatIsCalledGzButIsNot) {
  expect_refused("plain\n", "is not packed with gzip");
}

TEST(UnpackedRefusal, ASmallFileThatUnpacksWithoutEnd) {
  expect_refused(packed(std::string(1 << 20, 'a')), "unpacks to more than the budget of 0 MiB",
                 1000);
  // A line counts as 512 bytes more than it has.
  EXPECT_EQ(unpacked(packed("\n\n"), "two.gz", 2 * 513), "\n\n");
  expect_refused(packed("\n\n"), "unpacks to more than the budget", 2 * 513 - 1);
  expect_refused(packed("\n") + packed("\n"), "unpacks to more than the budget", 2 * 513 - 1);
}

// A text may take 16 bytes for each byte that it has: a line of 41 bytes may take 656 and takes
// 553, but a line of 21 may take 336 and takes 533.
TEST(Unpacked, PlainTextMayExceedTheBudgetUnlessItsLinesAreShort) {
  const auto lines = [](std::size_t length) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += std::string(length, 'a') + '\n';
    return text;
  };
  EXPECT_EQ(unpacked(lines(40), "plain", 1000), lines(40));
  EXPECT_EQ(unpacked(lines(0), "plain", 51300), lines(0));
  try {
    unpacked(lines(20), "plain", 1000);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("plain: its 100 short lines take more than"),
              std::string::npos);
  }
}

TEST(UnpackedRefusal, DamagedBytesAreRefusedOrReadButNeverMore) {
  const std::string good = packed("the cat sat on the mat\n");
  std::mt19937 random(5);
  for (int trial = 0; trial < 200; ++trial) {
    std::string bytes = good;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes)
      bytes[2 + random() % (bytes.size() - 2)] = static_cast<char>(random());
    try {
      EXPECT_EQ(unpacked(bytes),
                "the cat sat on the mat\n");  // changed in what does not count, such as the date
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace edgeval::data
