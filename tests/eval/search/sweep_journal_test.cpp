// The journal of a sweep: results come back from all files of a folder, and files that do not fit
// are refused.
#include "eval/search/sweep_journal.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/refusal.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using nlohmann::ordered_json;

const ordered_json kHead{
    {"sweep", 1},        {"model", "abc"}, {"data", {{"sha256", "123"}, {"utterances", 6}}},
    {"device", nullptr}, {"block", 4},     {"seed", 0}};
constexpr SweepJournal::Size kSize{3, 2};

BlockResult result_of(double value) {
  BlockResult result{{{value, 2, 1e-300}, {0, 0.1 + 0.2, -1}}, {}, {}};
  result.counts.emplace_back().fill(3);
  result.counts.emplace_back()[1] = 18446744073709551615u;
  return result;
}

class SweepJournalTest : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name) const { return folder() / (name + ".jsonl"); }
  std::filesystem::path folder() const { return temporary_.path() / "journal"; }

  SweepJournal journal(const ordered_json& head = kHead, SweepJournal::Size size = kSize) const {
    return {folder(), head, size};
  }
  // Adds results to the file with this name, as a process that knows of no other.
  void add(const std::string& name, Index point, Index block, const BlockResult& result) const {
    const TemporaryFolder alone;
    SweepJournal made(alone.path(), kHead, kSize);
    made.open(name);
    made.add(point, block, result);
    std::filesystem::create_directories(folder());
    std::filesystem::copy_file(alone.path() / (name + ".jsonl"), file(name));
  }

  const TemporaryFolder temporary_;
};

TEST_F(SweepJournalTest, IsEmptyBeforeAnythingRan) {
  const SweepJournal none = journal();
  EXPECT_TRUE(none.is_empty());
  EXPECT_FALSE(std::filesystem::exists(folder()));  // reading makes nothing
  for (Index point = 0; point < 3; ++point)
    for (Index block = 0; block < 2; ++block) EXPECT_FALSE(none.has(point, block));
}

TEST_F(SweepJournalTest, GivesBackWhatWasAddedInThisProcessAndALaterOne) {
  BlockResult search = result_of(7);
  search.search = SearchCounts{1, 2, 3, 4};
  BlockResult nothing_ran = result_of(8);
  nothing_ran.counts.clear();
  const auto expect_all = [&](const SweepJournal& found) {
    EXPECT_EQ(found.results(), 3);
    EXPECT_EQ(found.result(2, 1), result_of(0.1));
    EXPECT_EQ(found.result(0, 1), search);
    EXPECT_EQ(found.result(1, 0), nothing_ran);
    EXPECT_TRUE(found.has(2, 1) && found.has(0, 1) && found.has(1, 0));
    EXPECT_FALSE(found.has(0, 0) || found.has(1, 1) || found.has(2, 0));
  };
  {
    SweepJournal made = journal();
    made.open("1");
    made.add(2, 1, result_of(0.1));
    EXPECT_EQ(made.result(2, 1), result_of(0.1));
    made.add(0, 1, search);
    made.add(1, 0, nothing_ran);
    expect_all(made);
  }
  expect_all(journal());
  SweepJournal later = journal();
  later.open("1");
  later.add(0, 0, result_of(9));
  EXPECT_EQ(later.result(0, 0), result_of(9));
  EXPECT_EQ(journal().result(0, 0), result_of(9));
}

TEST_F(SweepJournalTest, HasALineForTheHeadAndForEachResult) {
  BlockResult result{{{1, 0.5}, {2, 0}}, {}, SearchCounts{5, 6, 7, 8}};
  result.counts.emplace_back().fill(0);
  add("1", 2, 0, result);
  std::ifstream text(file("1"));
  std::string head, line;
  ASSERT_TRUE(std::getline(text, head) && std::getline(text, line));
  EXPECT_EQ(ordered_json::parse(head).at("entry"), (ordered_json{{"head", kHead}}));
  std::string zeros;
  for (std::size_t i = 0; i < kCounts; ++i) zeros += i == 0 ? "0" : ",0";
  EXPECT_EQ(line.substr(line.find("\"entry\":")),
            "\"entry\":{\"point\":3,\"block\":1,\"statistics\":[[1,0.5],[2,0]],\"counts\":[[" +
                zeros + "]],\"search\":[5,6,7,8]}}");
  EXPECT_FALSE(std::getline(text, line));
}

TEST_F(SweepJournalTest, OfAnotherHeadIsRefusedWithTheKeyThatDiffers) {
  add("1", 0, 0, result_of(1));
  for (const auto& [key, value] : kHead.items()) {
    ordered_json other = kHead;
    other[key] = "other";
    EXPECT_EQ(refusal([&] { journal(other); }),
              file("1").string() + ": is of another sweep: " + key + " was " + value.dump() +
                  " and is now \"other\"; name another --out, or sweep as before");
    other.erase(key);
    EXPECT_NE(refusal([&] { journal(other); }).find(": is of another sweep: its head has other"),
              std::string::npos);
    ordered_json more = kHead;
    more["new"] = 5;
    EXPECT_NE(refusal([&] { journal(more); }).find(": new was null and is now 5;"),
              std::string::npos);
  }
  EXPECT_EQ(refusal([&] { journal(); }), "accepted");
}

TEST_F(SweepJournalTest, WithoutAHeadIsRefused) {
  std::filesystem::create_directories(folder());
  for (const char* entry : {"5", "{}", R"({"point":1,"block":1,"statistics":[],"counts":[]})"}) {
    std::filesystem::remove(file("1"));
    Journal(file("1"), [](std::string_view, std::uint64_t) {}).append(entry);
    EXPECT_NE(refusal([&] { journal(); }).find(": is of another sweep: "), std::string::npos)
        << entry;
  }
}

TEST_F(SweepJournalTest, OfSeveralFilesHasTheResultsOfAll) {
  add("1", 0, 0, result_of(1));
  add("2", 1, 1, result_of(2));
  const SweepJournal both = journal();
  EXPECT_EQ(both.results(), 2);
  EXPECT_EQ(both.result(0, 0), result_of(1));
  EXPECT_EQ(both.result(1, 1), result_of(2));
}

TEST_F(SweepJournalTest, TakesAResultOnceThatTwoFilesHaveAlike) {
  add("1", 1, 1, result_of(0.1));
  add("2", 1, 1, result_of(0.1));
  EXPECT_EQ(journal().results(), 1);
  EXPECT_EQ(journal().result(1, 1), result_of(0.1));
}

TEST_F(SweepJournalTest, RefusesResultsThatTwoFilesHaveNotAlike) {
  add("1", 1, 1, result_of(0.1));
  add("2", 1, 1, result_of(0.1 + 1e-16));
  const std::string message = refusal([&] { journal(); });
  EXPECT_NE(message.find(" have different results of point 2, block 2; remove the one that was "
                         "made by another build or device"),
            std::string::npos)
      << message;
  for (const char* name : {"1", "2"})
    EXPECT_NE(message.find(file(name).string()), std::string::npos) << message;
}

TEST_F(SweepJournalTest, RefusesResultsThatTheSweepDoesNotHave) {
  add("1", 2, 1, result_of(1));
  const auto refused = [&](SweepJournal::Size size) {
    return refusal([&] { journal(kHead, size); });
  };
  const std::string message =
      file("1").string() + ": has point 3, block 2, which this sweep does not have";
  EXPECT_EQ(refused({2, 2}), message);
  EXPECT_EQ(refused({3, 1}), message);
  EXPECT_EQ(refused({3, 2}), "accepted");
}

TEST_F(SweepJournalTest, IsOpenForOneProcess) {
  SweepJournal first = journal();
  first.open("1");
  SweepJournal second = journal();
  EXPECT_NE(refusal([&] { second.open("1"); }).find("another edgeval writes to it"),
            std::string::npos);
  second.open("2");
}

TEST_F(SweepJournalTest, AHeadThatWasTornIsWrittenAgain) {
  add("1", 0, 0, result_of(1));
  const std::string text = read_file(file("1"));
  for (const std::size_t kept : {0, 1, 30}) {
    std::ofstream(file("1"), std::ios::trunc | std::ios::binary) << text.substr(0, kept);
    SweepJournal again = journal();
    EXPECT_TRUE(again.is_empty());
    again.open("1");
    again.add(0, 0, result_of(1));
    EXPECT_EQ(again.result(0, 0), result_of(1));
    EXPECT_EQ(read_file(file("1")), text);
  }
}

}  // namespace
}  // namespace edgeval::test
