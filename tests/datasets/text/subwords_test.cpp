// Encodes text to ids and decodes it: on small vocabularies by hand, and on tricky text and
// Multi30k as datasets/train/translation/subwords.py does. These tests need a Python, the one named
// by EDGEVAL_PYTHON or python3.
#include "datasets/text/subwords.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using data::Subwords;
using data::words_of;
using Strings = std::vector<std::string>;
using Ids = std::vector<Index>;

const TextConfig kPunctuation{.lowercase = true, .split = "punctuation", .merges = {}};

// Returns a vocabulary in which "low" and "er▁" are pieces; "lo" remains when "w" ends the word.
VocabularyConfig lower_config() {
  VocabularyConfig config;
  config.text = kPunctuation;
  config.text.merges = {{"l", "o"}, {"e", "r▁"}, {"lo", "w"}, {"￭", ".▁"}};
  config.tokens = {"<pad>", "<unk>", "<s>", "</s>", "l",   "o",   "w",
                   "w▁",    "e",     "r▁",  "lo",   "er▁", "low", "￭.▁"};
  config.unk = 1;
  config.pad = 0;
  config.eos = 3;
  return config;
}

TEST(Words, AreCutAtSpacesOfAllKinds) {
  EXPECT_EQ(words_of(" a\t b\u00a0\u00a0c\r", {}), (Strings{"a", "b", "c"}));
  EXPECT_EQ(words_of("", {}), Strings{});
  EXPECT_EQ(words_of(" \u00a0 ", {}), Strings{});
}

TEST(Words, KeepMarksThatSeparateNothing) {
  EXPECT_EQ(words_of("a▁b c￭d", {}), (Strings{"a▁b", "c￭d"}));
  TextConfig text{.lowercase = false, .split = "punctuation", .merges = {}};
  EXPECT_EQ(words_of("a▁b c￭d", text), (Strings{"a▁b", "c", "d"}));
  text = {.lowercase = false, .split = "space", .merges = {{}}};
  EXPECT_EQ(words_of("a▁b c￭d", text), (Strings{"a", "b", "c￭d"}));
}

TEST(Words, OfPunctuationAreJoinedToWhatStoodBefore) {
  EXPECT_EQ(words_of("Dogs' (3), x--y", kPunctuation),
            (Strings{"dogs", "￭'", "(", "￭3", "￭)", "￭,", "x", "￭-", "￭-", "￭y"}));
}

TEST(Words, AreLoweredInLatin1Only) {
  EXPECT_EQ(words_of("AZ ÀÖ ØÞ ×÷ ßÿ ŸĀ ΑЖ", kPunctuation),
            (Strings{"az", "àö", "øþ", "×÷", "ßÿ", "ŸĀ", "ΑЖ"}));
}

TEST(Subwords, MergeTheFirstLearnedPairFirst) {
  const Subwords subwords(lower_config());
  EXPECT_EQ(subwords.encode("Lower low."), (Ids{12, 11, 10, 7, 13}));
  EXPECT_EQ(subwords.encode("llolow"), (Ids{4, 10, 10, 7}));
  EXPECT_EQ(subwords.encode("  "), Ids{});
}

TEST(Subwords, OfUnknownCharactersAreUnknownAndSpecialTokensAreNoText) {
  VocabularyConfig config = lower_config();
  const Subwords subwords(config);
  EXPECT_EQ(subwords.encode("löw"), (Ids{4, 1, 7}));
  config.text = {};
  EXPECT_EQ(Subwords(config).encode("</s> low <unk>"), (Ids{1, 12, 1}));
}

TEST(Subwords, BecomeTextAgain) {
  const Subwords subwords(lower_config());
  EXPECT_EQ(subwords.decode(Ids{12, 11, 10, 7, 13, 3}), "lower low.");
  EXPECT_EQ(subwords.decode(Ids{10, 1, 13, 12}), "lo<unk>. low");
  EXPECT_EQ(subwords.decode(Ids{13, 10, 7}), ". low");
  EXPECT_EQ(subwords.decode(Ids{0, 3}), "");
  VocabularyConfig config = lower_config();
  config.text = {};
  EXPECT_EQ(Subwords(config).decode(Ids{12, 1, 3, 4}), "low <unk> l");
}

// Tests that Python and edgeval encode `text` alike, with a vocabulary that Python learns from
// `training`.
class SubwordsInPython : public ::testing::Test {
 protected:
  void SetUp() override {
    if (python("--version").code != 0) GTEST_SKIP() << "no Python; set EDGEVAL_PYTHON";
  }

  static CommandResult python(const std::string& arguments) {
    const char* named = std::getenv("EDGEVAL_PYTHON");
    return run_shell(std::string(named != nullptr ? named : "python3") + " " + arguments);
  }

  static CommandResult subwords(const std::string& arguments) {
    return python("-B datasets/train/translation/subwords.py " + arguments);
  }

  static Subwords read(const std::string& json) {
    const nlohmann::json side = nlohmann::json::parse(json);
    VocabularyConfig config;
    config.text.lowercase = side["text"]["lowercase"];
    config.text.split = side["text"]["split"];
    config.text.merges = side["text"]["merges"].get<decltype(config.text.merges)::value_type>();
    config.tokens = side["tokens"].get<Strings>();
    config.unk = side["unk"];
    config.pad = side["pad"].get<Index>();
    return Subwords(config);
  }

  static std::string ours(const Subwords& vocabulary, std::string_view text) {
    std::string lines;
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(end + 1)) {
      const Ids ids = vocabulary.encode(text.substr(0, end));
      for (std::size_t i = 0; i < ids.size(); ++i)
        lines.append(i == 0 ? "" : " ").append(std::to_string(ids[i]));
      lines.append("\t").append(vocabulary.decode(ids)).append("\n");
    }
    return lines;
  }

  void expect_same(const std::filesystem::path& training, const std::filesystem::path& text,
                   const std::string& how) const {
    const std::string side = (folder_.path() / "side").string();
    const CommandResult learned =
        subwords("learn " + how + " < " + quoted(training.string()) + " > " + quoted(side));
    ASSERT_EQ(learned.code, 0) << learned.err;
    const CommandResult applied = subwords("apply " + quoted(side) + " < " + quoted(text.string()));
    ASSERT_EQ(applied.code, 0) << applied.err;
    EXPECT_TRUE(applied.out == ours(read(read_file(side)), read_file(text))) << how;
  }

  TemporaryFolder folder_;
};

TEST_F(SubwordsInPython, AreTheSameOnTrickyText) {
  const std::string text =
      "Ein Mann, der läuft -- \"schnell\"; ¿qué?\n\n   \n \t a  \u00a0 b\r\n"
      "ÄÖÜ äöü ẞß ŒœŸ ΑΒΓ жЖ 日本語。テスト １２３\n"
      "emoji 👩‍👩‍👧 🇩🇪 e\u0301 \u200b zero\n￭joined ▁marked￭ <s> </s><unk> "
      "<pad>\n"
      "a.b.c...d (((x))) 1,000.50 e-mail@x_y.de #tag `'`'\nnananana bananas aaaaaaa\n"
      "\u0085next\u2028line\u000bvertical\u000cform\n";
  const auto file = folder_.file("text", text);
  const auto half = folder_.file("half", text.substr(0, text.find("emoji")));
  for (const std::string how : {"40 lowercase punctuation", "40 as_is punctuation",
                                "1000 lowercase space", "0 as_is space"}) {
    expect_same(file, file, how);
    expect_same(half, file, how);
  }
}

TEST_F(SubwordsInPython, AreTheSameOnMulti30k) {
  EDGEVAL_NEEDS_SHARED("data/multi30k/test_2016_flickr.lc.norm.tok.de");
  const auto folder = shared_folder() / "data/multi30k";
  expect_same(folder / "val.lc.norm.tok.de", folder / "test_2016_flickr.lc.norm.tok.de",
              "1500 as_is space");
  for (const std::string name : {"val.de", "test_2016_flickr.de", "val.en", "test_2016_flickr.en"})
    ASSERT_EQ(run_shell("gzip -dc " + quoted((folder / (name + ".gz")).string()) + " > " +
                        quoted((folder_.path() / name).string()))
                  .code,
              0);
  expect_same(folder_.path() / "val.de", folder_.path() / "test_2016_flickr.de",
              "1500 as_is punctuation");
  expect_same(folder_.path() / "val.en", folder_.path() / "test_2016_flickr.en",
              "1500 lowercase punctuation");
}

}  // namespace
}  // namespace edgeval::test
