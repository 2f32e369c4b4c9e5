// Shares of a sweep that ran in several folders become one.
#include "eval/search/merge.hpp"

#include <gtest/gtest.h>

#include "eval/search/sweep_journal.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using nlohmann::ordered_json;

const ordered_json kPartsHead{{"sweep", 1}, {"model", "abc"}};
constexpr SweepJournal::Size kPartsSize{3, 2};

BlockResult part_result(double value) { return {{{value, 1}}, {}, {}}; }

class Merge : public ::testing::Test {
 protected:
  std::filesystem::path folder(const std::string& name) const { return temporary_.path() / name; }
  std::filesystem::path journal(const std::string& name, const std::string& file = "1") const {
    return folder(name) / kJournalFolder / (file + ".jsonl");
  }
  // Adds a result to a journal of the folder.
  void add(const std::string& name, Index point, Index block, double value,
           const ordered_json& head = kPartsHead, const std::string& file = "1") const {
    SweepJournal made(folder(name) / kJournalFolder, head, kPartsSize, file);
    made.add(point, block, part_result(value));
  }
  Merged merge(const std::vector<std::string>& names) const {
    std::vector<std::filesystem::path> folders;
    for (const std::string& name : names) folders.push_back(folder(name));
    return merge_journals(folders, journal("all"));
  }

  const TemporaryFolder temporary_;
};

TEST_F(Merge, HasTheResultsOfAllFoldersAndFiles) {
  add("a", 0, 0, 1), add("a", 1, 1, 2), add("a", 2, 0, 3, kPartsHead, "2"), add("b", 2, 1, 4);
  const Merged merged = merge({"a", "b"});
  EXPECT_EQ(merged.results, 4);
  EXPECT_EQ(merged.doubles, 0);
  const SweepJournal all(folder("all") / kJournalFolder, kPartsHead, kPartsSize);
  EXPECT_EQ(all.results(), 4);
  EXPECT_EQ(all.result(0, 0), part_result(1));
  EXPECT_EQ(all.result(1, 1), part_result(2));
  EXPECT_EQ(all.result(2, 0), part_result(3));
  EXPECT_EQ(all.result(2, 1), part_result(4));
}

TEST_F(Merge, LeavesOutDoublesAndTornEnds) {
  add("a", 0, 0, 1), add("a", 1, 1, 2), add("b", 1, 1, 2), add("b", 0, 1, 3);
  std::filesystem::resize_file(journal("b"), std::filesystem::file_size(journal("b")) - 1);
  const Merged merged = merge({"a", "b", "a"});
  EXPECT_EQ(merged.results, 2);
  EXPECT_EQ(merged.doubles, 3);
  EXPECT_EQ(SweepJournal(folder("all") / kJournalFolder, kPartsHead, kPartsSize).results(), 2);
}

TEST_F(Merge, OfPartsThatDoNotFitIsRefusedAndWritesNothing) {
  add("a", 0, 0, 1), add("unequal", 0, 0, 2);
  add("other", 1, 0, 1, {{"sweep", 1}, {"model", "abd"}});
  const auto refused = [&](const std::vector<std::string>& names) {
    const std::string message = refusal([&] { merge(names); });
    EXPECT_FALSE(std::filesystem::exists(folder("all")));
    return message;
  };
  EXPECT_EQ(refused({"a", "unequal"}),
            journal("unequal").string() + " and " + journal("a").string() +
                " have different results of point 1, block 1; remove the one that was made by "
                "another build or device");
  EXPECT_EQ(refused({"a", "other"}), journal("other").string() + " and " + journal("a").string() +
                                         " are of different sweeps: model is \"abd\" and \"abc\"; "
                                         "merge the parts of one");
  EXPECT_EQ(refused({"a", "none"}), folder("none").string() + ": holds no sweep");
  std::filesystem::create_directories(folder("empty") / kJournalFolder);
  EXPECT_EQ(refused({"empty"}), folder("empty").string() + ": its journal is empty");
}

TEST_F(Merge, KnowsHowManyResultsAreMissing) {
  const ordered_json head{{"points", {{"count", 2}}}, {"references", 1}, {"blocks", 2}};
  add("a", 0, 0, 1, head), add("b", 1, 1, 2, head);
  const Merged merged = merge({"a", "b"});
  EXPECT_EQ(merged.results, 2);
  EXPECT_EQ(merged.of, 6);
  add("c", 0, 0, 1);
  EXPECT_EQ(merge_journals({folder("c")}, journal("all of c")).of, 0);
}

TEST_F(Merge, IntoASweepThatIsThereIsRefused) {
  add("a", 0, 0, 1), add("all", 1, 1, 2);
  const std::string before = read_file(journal("all"));
  EXPECT_EQ(refusal([&] { merge({"a"}); }),
            journal("all").string() + ": exists already; name another folder");
  EXPECT_EQ(read_file(journal("all")), before);
}

}  // namespace
}  // namespace edgeval::test
