// A token of an OpenNMT-py checkpoint has the id, and so the row of an embedding, that stoi gave it
// in training, wherever else its text stands in itos. Another test is about the token from which
// decoding starts. Row r of every embedding here is {r, r + 1/2}, so that a row tells its number.
#include <gtest/gtest.h>

#include "datasets/text/subwords.hpp"
#include "host/model/translation.hpp"
#include "tests/support/refused_import.hpp"

namespace edgeval::test {
namespace {

using Strings = std::vector<std::string>;
using Ids = std::vector<std::int32_t>;

std::string list(const Strings& texts) {
  std::string all = "](";
  for (const std::string& item : texts) all += text(item);
  return all + "e";
}

using Stoi = std::vector<std::pair<std::string, std::int32_t>>;

std::string pickled_ids(const Stoi& stoi) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& [token, id] : stoi) entries.emplace_back(token, whole(id));
  return dict(entries);
}

// torchtext's Vocab, whose stoi is a dict or a defaultdict.
std::string vocab(const Strings& itos, const std::string& stoi) {
  return global("torchtext.vocab", "Vocab") + ")\x81" +
         dict({{"itos", list(itos)}, {"stoi", stoi}}) + "b";
}
std::string defaultdict(const Stoi& stoi) {
  const std::string entries = pickled_ids(stoi);
  return global("collections", "defaultdict") + tuple({global("__builtin__", "int")}) + "R" +
         entries.substr(1);
}

struct Checkpoint {
  std::string source, target;  // pickled vocabularies
  std::int32_t sources = 0, targets = 0;
  std::vector<std::pair<std::string, std::string>> vocab_entries = {}, options = {};

  std::string bytes() const {
    std::vector<StoragePiece> stored;
    const auto tensor_of_shape = [&](std::vector<std::int32_t> shape) {
      TensorPiece piece{.key = std::to_string(stored.size()), .count = shape[0], .shape = shape};
      if (shape.size() == 2) {
        piece.count *= shape[1];
        piece.strides = {shape[1], 1};
      }
      std::vector<float> values;
      for (std::int32_t r = 0; r < shape[0]; ++r)
        for (std::int32_t c = 0; c < piece.count / shape[0]; ++c)
          values.push_back(static_cast<float>(r) + 0.5F * static_cast<float>(c));
      stored.push_back(float_storage(piece.key, values));
      return tensor(piece);
    };
    Tensors model;
    for (const auto& [part, tokens] : {std::pair{"encoder", sources}, {"decoder", targets}}) {
      model.emplace_back(concat(part, ".embeddings.make_embedding.emb_luts.0.weight"),
                         tensor_of_shape({tokens, 2}));
      for (const char* name : {"weight_ih_l0", "weight_hh_l0"})
        model.emplace_back(concat(part, ".rnn.", name), tensor_of_shape({8, 2}));
      for (const char* name : {"bias_ih_l0", "bias_hh_l0"})
        model.emplace_back(concat(part, ".rnn.", name), tensor_of_shape({8}));
    }
    model.emplace_back("decoder.attn.linear_out.weight", tensor_of_shape({2, 4}));
    const std::string generator =
        dict({{"0.weight", tensor_of_shape({targets, 2})}, {"0.bias", tensor_of_shape({targets})}});
    auto vocabularies = vocab_entries;
    vocabularies.emplace_back("src", source);
    vocabularies.emplace_back("tgt", target);
    auto all_options = options;
    all_options.emplace_back("global_attention", text("dot"));
    return legacy_file(dict({{"model", dict(model)},
                             {"generator", generator},
                             {"vocab", dict(vocabularies)},
                             {"opt", dict(all_options)}}),
                       stored);
  }
};

TranslationModel read(const Imported& all) {
  return read_translation_model(to_safetensors(all, {}), "m.safetensors");
}

// Returns the number of the row that the checkpoint's embedding had for this word.
float row_of_word(const TranslationModel& model, const std::string& word) {
  const std::vector<Index> ids = data::Subwords(model.source).encode(word);
  EXPECT_EQ(ids.size(), 1u);
  return model.source_embedding.row(ids.at(0))[0];
}

// Special tokens stand twice, as the first torchtext wrote them for OpenNMT-py.
const Strings kTwice{"<unk>",   "<blank>", "<s>",  "</s>", "<unk>",
                     "<blank>", "<s>",     "</s>", "a",    "b"};
const Stoi kTwiceIds{{"<unk>", 4}, {"<blank>", 5}, {"<s>", 6}, {"</s>", 7}, {"a", 8}, {"b", 9}};

TEST(ImportVocabulary, SpecialTokensThatStandTwiceHaveTheIdsOfStoi) {
  for (const std::string& stoi : {pickled_ids(kTwiceIds), defaultdict(kTwiceIds)}) {
    const Imported all =
        imported(Checkpoint{vocab(kTwice, stoi), vocab(kTwice, stoi), 10, 10}.bytes());
    const TranslationModel model = read(all);
    EXPECT_EQ(model.target.bos, 6);
    EXPECT_EQ(model.target.eos, 7);
    EXPECT_EQ(model.target.unk, 4);
    EXPECT_EQ(model.target.pad, 5);
    EXPECT_EQ(model.source.unk, 4);
    EXPECT_EQ(model.source.pad, 5);
    EXPECT_EQ(model.target_embedding.row(*model.target.bos)[0], 6);
    EXPECT_EQ(row_of_word(model, "a"), 8);
    EXPECT_EQ(row_of_word(model, "unheard"), 4);
    EXPECT_EQ(row_of_word(model, "<unk>"), 4);
    EXPECT_EQ(row_of_word(model, "<s>"), 6);
    EXPECT_EQ(all.repeated_tokens.size(), 8u);
    EXPECT_EQ(all.repeated_tokens[0].dump(),
              R"({"side":"source","token":"</s>","ids":[3,7],"id":7})");
    ASSERT_EQ(all.notes.size(), 8u);
    EXPECT_EQ(all.notes[0],
              "source: token \"</s>\" stands 2 times, first as 3, last as 7; its id is 7, as stoi "
              "says");
  }
}

// The stoi of this vocabulary gives the first places of special tokens and of a word.
TEST(ImportVocabulary, StoiCountsWhereItGivesTheFirstPlace) {
  const Strings itos{"<unk>", "<blank>", "<s>", "</s>", "a", "b", "a", "</s>"};
  const std::string stoi = pickled_ids(
      {{"<unk>", 0}, {"<blank>", 1}, {"<s>", 2}, {"</s>", 3}, {"a", 4}, {"b", 5}, {"gone", 0}});
  const Imported all = imported(Checkpoint{vocab(itos, stoi), vocab(itos, stoi), 8, 8}.bytes());
  const TranslationModel model = read(all);
  EXPECT_EQ(model.target.eos, 3);
  EXPECT_EQ(model.target_embedding.row(3)[0], 3);
  EXPECT_EQ(row_of_word(model, "a"), 4);
  EXPECT_EQ(row_of_word(model, "b"), 5);
  EXPECT_EQ(row_of_word(model, "</s>"), 3);
  // A target token takes its row and bias in the generator from the same place as its embedding.
  const data::Subwords target(model.target);
  const Index a = target.encode("a").at(0);
  EXPECT_EQ(model.target_embedding.row(a)[0], 4);
  EXPECT_EQ(model.linear(model.generator).weight.row(a)[0], 4);
  EXPECT_EQ(model.linear(model.generator).bias.row(0)[a], 4);
  EXPECT_EQ(all.ways.front().done, "as it is, rows of repeated tokens exchanged");
}

TEST(ImportVocabulary, WithoutStoiTheLastPlaceCounts) {
  const Checkpoint checkpoint{list(kTwice), list(kTwice), 10, 10};
  const Imported all = imported(checkpoint.bytes());
  const TranslationModel model = read(all);
  EXPECT_EQ(model.target.bos, 6);
  EXPECT_EQ(model.target.eos, 7);
  EXPECT_EQ(row_of_word(model, "nothing"), 4);
  EXPECT_NE(all.notes[0].find("its id is 7, its last place"), std::string::npos) << all.notes[0];
}

TEST(ImportVocabulary, APlainVocabularyHasNothingToSay) {
  const Strings itos{"<unk>", "<blank>", "<s>", "</s>", "a"};
  const Imported all = imported(Checkpoint{list(itos), list(itos), 5, 5}.bytes());
  EXPECT_TRUE(all.notes.empty());
  EXPECT_TRUE(all.repeated_tokens.empty());
  EXPECT_EQ(all.ways.front().done, "as it is");
}

TEST(ImportVocabulary, ManyRepeatedTokensAreCounted) {
  Strings itos{"<unk>", "<blank>", "<s>", "</s>"};
  for (int i = 0; i < 14; ++i) itos.push_back(concat("w", i % 7));
  const Imported all =
      imported(Checkpoint{list(itos), list({"<unk>", "<s>", "</s>"}), 18, 3}.bytes());
  EXPECT_EQ(all.repeated_tokens.size(), 7u);
  ASSERT_EQ(all.notes.size(), 6u);
  EXPECT_EQ(all.notes.back(), "source: 2 more tokens stand several times");
}

// OpenNMT-py 3: {"src": [...], "tgt": [...], "decoder_start_token": "</s>"}.
TEST(ImportVocabulary, DecodingStartsFromTheCheckpointsOwnToken) {
  const Strings itos{"<unk>", "<blank>", "<s>", "</s>", "a"};
  Checkpoint checkpoint{list(itos), list(itos), 5, 5};
  checkpoint.vocab_entries = {{"data_task", text("seq2seq")},
                              {"decoder_start_token", text("</s>")}};
  checkpoint.options = {{"decoder_start_token", text("a")}};
  const Imported all = imported(checkpoint.bytes());
  const TranslationModel model = read(all);
  EXPECT_EQ(model.target.bos, 3);
  EXPECT_EQ(model.target.eos, 3);
  EXPECT_EQ(all.notes, Strings{"decoding starts from \"</s>\", the checkpoint's "
                               "decoder_start_token"});

  checkpoint.vocab_entries.clear();
  EXPECT_EQ(read(imported(checkpoint.bytes())).target.bos, 4);

  checkpoint.options = {{"decoder_start_token", text("<blank>")}};
  const TranslationModel from_pad = read(imported(checkpoint.bytes()));
  EXPECT_EQ(from_pad.target.bos, 1);
  EXPECT_EQ(from_pad.target.pad, std::nullopt);

  checkpoint.options = {{"decoder_start_token", text("<s>")}};
  const Imported usual = imported(checkpoint.bytes());
  EXPECT_EQ(read(usual).target.bos, 2);
  EXPECT_TRUE(usual.notes.empty());
}

TEST(ImportVocabulary, WhatCannotBeMeantIsRefused) {
  const Strings itos{"<unk>", "<blank>", "<s>", "</s>", "a"};
  const auto with_stoi = [&](const std::string& stoi) {
    return Checkpoint{vocab(itos, stoi), list(itos), 5, 5}.bytes();
  };
  const auto with_entry = [&](const std::string& key, const std::string& value) {
    Checkpoint checkpoint{list(itos), list(itos), 5, 5};
    checkpoint.vocab_entries = {{key, value}};
    return checkpoint.bytes();
  };
  Checkpoint language_model{list(itos), list(itos), 5, 5};
  language_model.options = {{"model_task", text("lm")}};
  expect_refused({
      {"an id of another token", with_stoi(pickled_ids({{"a", 2}})),
       "vocab: src: stoi of \"a\" is 2, where itos has \"<s>\""},
      {"an id beyond the end", with_stoi(pickled_ids({{"a", 5}})),
       "vocab: src: stoi of \"a\" is 5, where itos has nothing"},
      {"a negative id", with_stoi(pickled_ids({{"a", -1}})),
       "stoi of \"a\" is -1, where itos has nothing"},
      {"a text for an id", with_stoi(dict({{"a", text("4")}})), "stoi of \"a\" is a text"},
      {"a list for a stoi", with_stoi(list(itos)), "stoi is a list, must be a dict"},
      {"a start that is no token", with_entry("decoder_start_token", text("<start>")),
       "vocab: tgt has no <start>"},
      {"a start that is a number", with_entry("decoder_start_token", whole(2)),
       "vocab: decoder_start_token is a whole number, must be a text"},
      {"a language model", language_model.bytes(), "opt: model_task is \"lm\""},
      {"a language model's vocabulary", with_entry("data_task", text("lm")),
       "vocab: data_task is \"lm\""},
  });
}

}  // namespace
}  // namespace edgeval::test
