// Journals give back what was added to them, whatever a kill, a full disk or damage does to the
// file.
#include "eval/search/journal.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <stdexcept>

#include "tests/support/refusal.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Texts = std::vector<std::string>;

const Texts kEntries{R"({"a":1})", "[]", R"("x y")"};
// The second checksum is what `python3 -c 'import zlib; print("%08x" %
// zlib.crc32(b"{\"a\":1}[]"))'` prints: of the first entry and its own.
const std::string kText =
    "{\"crc\":\"561bacaf\",\"entry\":{\"a\":1}}\n"
    "{\"crc\":\"fbb3a2d7\",\"entry\":[]}\n"
    "{\"crc\":\"c920de08\",\"entry\":\"x y\"}\n";

Texts texts_of(const std::filesystem::path& file) {
  Texts entries;
  const std::string text = read_file(file);
  read_journal(file, [&](std::string_view entry, std::uint64_t place) {
    EXPECT_EQ(text.substr(place, entry.size()), entry);
    entries.emplace_back(entry);
  });
  return entries;
}

void append(const std::filesystem::path& file, const Texts& entries) {
  Journal journal(file, [](std::string_view, std::uint64_t) {});
  for (const std::string& entry : entries) journal.append(entry);
}

// A journal with these bytes; unlike TemporaryFolder::file it replaces one that was there.
class JournalTest : public ::testing::Test {
 protected:
  std::filesystem::path holding(const std::string& text) const {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << text;
    return file_;
  }
  // Returns the lines of kText one by one, with their line breaks.
  static Texts lines() {
    Texts lines;
    for (std::size_t begin = 0; begin < kText.size();) {
      const std::size_t end = kText.find('\n', begin) + 1;
      lines.push_back(kText.substr(begin, end - begin));
      begin = end;
    }
    return lines;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "inner" / "1.jsonl";
};

TEST_F(JournalTest, GivesBackWhatWasAdded) {
  append(file_, kEntries);  // makes the folder, too
  EXPECT_EQ(read_file(file_), kText);
  EXPECT_EQ(texts_of(file_), kEntries);
  append(file_, {"4"});
  EXPECT_EQ(texts_of(file_), (Texts{kEntries[0], kEntries[1], kEntries[2], "4"}));
}

TEST_F(JournalTest, SaysHowManyBytesALineHas) {
  Journal journal(file_, [](std::string_view, std::uint64_t) {});
  for (std::size_t i = 0; i < kEntries.size(); ++i)
    EXPECT_EQ(journal.append(kEntries[i]), lines()[i].size());
}

TEST_F(JournalTest, AnEmptyFileIsAJournalWithoutEntries) {
  append(file_, {});
  EXPECT_EQ(texts_of(file_), Texts{});
  const auto none = folder_.path() / "none.jsonl";
  EXPECT_EQ(refusal([&] { read_journal(none, [](std::string_view, std::uint64_t) {}); }),
            none.string() + ": cannot be read");
}

TEST_F(JournalTest, ALineTornAtAnyByteIsCutOffAndTheJournalGoesOn) {
  append(file_, {});  // makes the folder
  const std::size_t last = lines()[2].size();
  for (std::size_t kept = 0; kept < last; ++kept) {
    holding(kText.substr(0, kText.size() - last + kept));
    EXPECT_EQ(texts_of(file_), (Texts{kEntries[0], kEntries[1]})) << kept;
    append(file_, {kEntries[2]});
    ASSERT_EQ(read_file(file_), kText) << kept;
  }
}

TEST_F(JournalTest, ATornFirstLineLeavesNothing) {
  append(file_, {});
  for (std::size_t kept = 0; kept < lines()[0].size(); ++kept) {
    holding(kText.substr(0, kept));
    append(file_, kEntries);
    ASSERT_EQ(read_file(file_), kText) << kept;
  }
}

TEST_F(JournalTest, ADamagedByteIsRefusedWithItsLine) {
  append(file_, {});
  std::size_t begin = 0;
  for (std::size_t n = 0; n < lines().size(); begin += lines()[n++].size())
    for (std::size_t at = begin; at + 1 < begin + lines()[n].size(); ++at)  // not its break
      for (const char damage : {'\x01', '\x20'}) {
        std::string text = kText;
        text[at] = static_cast<char>(text[at] ^ damage);
        holding(text);
        const std::string cure =
            n == 0 ? "remove it"
                   : "cut it off before that line (head -n " + std::to_string(n) + ")";
        EXPECT_EQ(refusal([&] { texts_of(file_); }),
                  file_.string() + ": line " + std::to_string(n + 1) +
                      " is damaged or of another journal; restore the file from a copy, or " +
                      cure + ", and --resume runs anew what it lacks")
            << at;
        EXPECT_NE(refusal([&] { append(file_, {"4"}); }), "accepted") << at;
        ASSERT_EQ(read_file(file_), text) << at;  // nothing was cut
      }
}

TEST_F(JournalTest, ALineOfAnotherJournalIsRefused) {
  append(file_, {R"({"a":2})", "[]"});
  const std::string other = read_file(file_);
  holding(lines()[0] + other.substr(other.find('\n') + 1));
  EXPECT_NE(refusal([&] { texts_of(file_); }).find("line 2 is damaged or of another journal"),
            std::string::npos);
}

TEST_F(JournalTest, OtherLineBreaksAreRefusedAndNothingIsCut) {
  append(file_, {});
  std::string text;
  for (const std::string& line : lines()) text += line.substr(0, line.size() - 1) + "\r\n";
  holding(text);
  EXPECT_NE(refusal([&] { append(file_, {"4"}); }).find("line 1 is damaged"), std::string::npos);
  EXPECT_EQ(read_file(file_), text);
}

TEST_F(JournalTest, ZerosAtTheEndAreATornTail) {
  append(file_, {});
  holding(lines()[0] + std::string(50, '\0') + lines()[1] + lines()[2]);
  EXPECT_NE(refusal([&] { texts_of(file_); }), "accepted");
  holding(lines()[0] + std::string(4096, '\0'));  // as some file systems leave it at a power cut
  EXPECT_EQ(texts_of(file_), Texts{kEntries[0]});
}

TEST_F(JournalTest, APipeIsNoJournal) {
  append(file_, {});
  const auto pipe = folder_.path() / "inner" / "pipe.jsonl";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto none = [](std::string_view, std::uint64_t) {};
  EXPECT_EQ(refusal([&] { read_journal(pipe, none); }),
            pipe.string() + ": is no file; a journal is wanted");
  EXPECT_NE(refusal([&] { append(pipe, {}); }).find("cannot be opened"), std::string::npos);
}

TEST_F(JournalTest, ASecondWriterIsRefused) {
  append(file_, kEntries);
  const auto none = [](std::string_view, std::uint64_t) {};
  {
    Journal first(file_, none);
    EXPECT_EQ(refusal([&] { Journal second(file_, none); }),
              file_.string() + ": another edgeval writes to it; wait until that one ends");
    EXPECT_EQ(texts_of(file_), kEntries);  // reading is allowed
    first.append("4");
  }
  append(file_, {"5"});
  EXPECT_EQ(texts_of(file_).size(), 5u);
}

TEST_F(JournalTest, ALinkIsNotFollowed) {
  append(file_, {});
  std::filesystem::create_symlink(file_, folder_.path() / "link.jsonl");
  EXPECT_NE(refusal([&] { append(folder_.path() / "link.jsonl", {}); }).find("cannot be opened"),
            std::string::npos);
}

// Lets no file grow beyond a size while it lives.
class LargestFile {
 public:
  explicit LargestFile(std::uintmax_t bytes) {
    signal_ = std::signal(SIGXFSZ, SIG_IGN);  // as the program does
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  LargestFile(const LargestFile&) = delete;
  ~LargestFile() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  rlimit before_{};
  void (*signal_)(int) = SIG_DFL;
};

TEST_F(JournalTest, OnAFullDiskKeepsWhatItHas) {
  append(file_, {});
  const std::size_t last = lines()[2].size();
  for (const std::size_t fits : {std::size_t{0}, std::size_t{1}, last / 2, last - 1}) {
    holding(kText.substr(0, kText.size() - last));
    {
      Journal journal(file_, [](std::string_view, std::uint64_t) {});
      std::string message;
      try {
        const LargestFile full(kText.size() - last + fits);
        journal.append(kEntries[2]);
      } catch (const Error&) {
        message = "a mistake of the user's";
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      EXPECT_EQ(message, file_.string() + ": cannot be written: File too large");
    }
    EXPECT_EQ(std::filesystem::file_size(file_), kText.size() - last + fits);
    EXPECT_EQ(texts_of(file_), (Texts{kEntries[0], kEntries[1]})) << fits;
    append(file_, {kEntries[2]});
    EXPECT_EQ(read_file(file_), kText) << fits;
  }
}

}  // namespace
}  // namespace edgeval::test
