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
  SweepJournal opened(const std::string& name, const ordered_json& head = kHead) const {
    return {folder(), head, kSize, name};
  }
  // Adds results to the file with this name, as a process that knows of no other.
  void add(const std::string& name, Index point, Index block, const BlockResult& result) const {
    const TemporaryFolder alone;
    SweepJournal made(alone.path(), kHead, kSize, name);
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
    SweepJournal made = opened("1");
    made.add(2, 1, result_of(0.1));
    EXPECT_EQ(made.result(2, 1), result_of(0.1));
    made.add(0, 1, search);
    made.add(1, 0, nothing_ran);
    expect_all(made);
  }
  expect_all(journal());
  SweepJournal later = opened("1");
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
  const auto expect_refused = [&](const ordered_json& head, const std::string& why) {
    EXPECT_EQ(refusal([&] { journal(head); }), file("1").string() +
                                                   ": is of another sweep: " + why +
                                                   "; name another --out, or sweep as before");
  };
  for (const auto& [key, value] : kHead.items()) {
    const std::string was = key + " was " + (value.is_null() ? "none" : value.dump());
    ordered_json other = kHead;
    other[key] = "other";
    expect_refused(other, was + " and is now \"other\"");
    ordered_json more = kHead;
    more["new"] = 5;
    expect_refused(more, "new was none and is now 5");
    if (value.is_null()) continue;
    other.erase(key);
    expect_refused(other, was + " and is now none");
  }
  EXPECT_EQ(refusal([&] { journal(); }), "accepted");
}

TEST_F(SweepJournalTest, SaysAllThatDiffersBetweenHeads) {
  const std::string a(64, 'a'), b(64, 'b');
  const ordered_json head{{"policy", a},
                          {"profile", nullptr},
                          {"points", {{"count", 20}, {"sha256", a}}},
                          {"data", {{"sha256", a}, {"utterances", 6}}},
                          {"block", 2}};
  EXPECT_EQ(head_difference(head, head), "");
  const auto changed = [&](const std::vector<std::pair<std::string, ordered_json>>& changes) {
    ordered_json other = head;
    for (const auto& [place, value] : changes) other[ordered_json::json_pointer(place)] = value;
    return head_difference(head, other);
  };
  EXPECT_EQ(changed({{"/policy", b}, {"/block", 3}}),
            "not the same policy, block was 2 and is now 3");
  EXPECT_EQ(changed({{"/points/sha256", b}}), "not the same points");
  EXPECT_EQ(changed({{"/points/sha256", b}, {"/points/count", 5}}),
            "points.count was 20 and is now 5");
  EXPECT_EQ(changed({{"/data/sha256", b}, {"/profile", b}}),
            "profile was none and is now bbbbbbbb..., not the same data");
  EXPECT_EQ(head_difference(head, {{"block", 2}}, {" is ", " and "}),
            "policy is aaaaaaaa... and none, points is {\"count\":20,\"sha256\":\"" + a +
                "\"} and none, data is {\"sha256\":\"" + a + "\",\"utterances\":6} and none");
  EXPECT_EQ(head_difference(head, 5), "it has no head");
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
  SweepJournal first = opened("1");
  EXPECT_NE(refusal([&] { opened("1"); }).find("another edgeval writes to it"), std::string::npos);
  // A process with another name takes what there is, and both may add.
  first.add(0, 0, result_of(1));
  SweepJournal second = opened("2");
  EXPECT_EQ(second.result(0, 0), result_of(1));
  second.add(1, 1, result_of(2)), first.add(2, 1, result_of(3));
  EXPECT_EQ(journal().results(), 3);
}

TEST_F(SweepJournalTest, TakesInWhatOthersHaveAddedSince) {
  SweepJournal one = opened("1"), two = opened("2");
  two.add(1, 0, result_of(3));
  EXPECT_FALSE(one.has(1, 0));
  one.refresh();
  EXPECT_EQ(one.result(1, 0), result_of(3));
  two.add(2, 1, result_of(4));
  add("3", 0, 0, result_of(5));
  one.refresh();
  EXPECT_EQ(one.results(), 3);
  EXPECT_EQ(one.result(2, 1), result_of(4));
  EXPECT_EQ(one.result(0, 0), result_of(5));
  // The line that another process is just writing is taken in once it is whole.
  const TemporaryFolder alone;
  SweepJournal made(alone.path(), kHead, kSize, "3");
  made.add(0, 0, result_of(5));
  const auto bytes = std::filesystem::file_size(alone.path() / "3.jsonl");
  made.add(0, 1, result_of(6));
  std::ifstream whole(alone.path() / "3.jsonl", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(whole)), std::istreambuf_iterator<char>());
  const auto append = [&](const std::string& part) {
    std::ofstream(file("3"), std::ios::binary | std::ios::app) << part;
    one.refresh();
  };
  append(text.substr(bytes, 20));
  EXPECT_EQ(one.results(), 3);
  append(text.substr(bytes + 20));
  EXPECT_EQ(one.result(0, 1), result_of(6));
}

TEST_F(SweepJournalTest, OfAnotherSweepIsNotOpenedUnderAnyName) {
  EXPECT_FALSE(opened("1").was_there());
  ordered_json other = kHead;
  other["seed"] = 1;
  const std::string before = read_file(file("1"));
  for (const char* name : {"1", "2"})
    EXPECT_EQ(refusal([&] { opened(name, other); }),
              file("1").string() +
                  ": is of another sweep: seed was 0 and is now 1; name another "
                  "--out, or sweep as before");
  EXPECT_EQ(read_file(file("1")), before);
  EXPECT_FALSE(std::filesystem::exists(file("2")));
  EXPECT_TRUE(opened("2").was_there());
}

TEST_F(SweepJournalTest, HasNoResultThatWasNotAdded) {
  EXPECT_EQ(refusal([&] { journal().result(2, 1); }),
            folder().string() + ": has no result of point 3, block 2; go on with --resume");
}

TEST_F(SweepJournalTest, RefusesTwoResultsInOneFileWithACure) {
  add("1", 1, 0, result_of(1)), add("2", 1, 0, result_of(2));
  const std::string first = read_file(file("1")), second = read_file(file("2"));
  const std::string heads = first.substr(0, first.find('\n') + 1);
  std::filesystem::remove(file("2"));
  std::ofstream(file("1"), std::ios::app | std::ios::binary) << second.substr(heads.size());
  EXPECT_EQ(refusal([&] { journal(); }),
            file("1").string() +
                ": has two different results of point 2, block 1; remove its lines that have "
                "\"point\":2,\"block\":1, and --resume runs these items again");
  std::ofstream(file("1"), std::ios::trunc | std::ios::binary) << heads;  // the cure
  EXPECT_EQ(refusal([&] { journal(); }), "accepted");
}

TEST_F(SweepJournalTest, AHeadThatWasTornIsWrittenAgain) {
  add("1", 0, 0, result_of(1));
  const std::string text = read_file(file("1"));
  for (const std::size_t kept : {0, 1, 30}) {
    std::ofstream(file("1"), std::ios::trunc | std::ios::binary) << text.substr(0, kept);
    SweepJournal again = opened("1");
    EXPECT_TRUE(again.is_empty());
    again.add(0, 0, result_of(1));
    EXPECT_EQ(again.result(0, 0), result_of(1));
    EXPECT_EQ(read_file(file("1")), text);
  }
}

}  // namespace
}  // namespace edgeval::test
