// Translates in int16 and int8 with the model that ships. Formats come from the greatest inputs of
// an fp32 run, and BLEU at width 5 is compared with that of fp32.
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <map>
#include <utility>

#include "datasets/text/subwords.hpp"
#include "eval/command/evaluate.hpp"
#include "eval/task/translation/translation_session.hpp"
#include "host/model/file.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/translation_task.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

// Keeps the greatest magnitude that enters each layer.
class GreatestInputs : public LayerObserver {
 public:
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>&) override {
    float& greatest = greatest_[static_cast<std::size_t>(layer)];
    for (float value : input.values.values()) greatest = std::max(greatest, std::abs(value));
  }
  template <class Choice>
  OperatingPoint point(const Model& network) const {
    OperatingPoint all = dense_point(network);
    for (std::size_t i = 0; i < all.layers.size(); ++i)
      all.layers[i].arithmetic = Choice{{.input_bits = static_cast<double>(finest_format(
                                             static_cast<double>(greatest_.at(i)),
                                             static_cast<double>(highest_of(Choice::kBits)), 0))}};
    return all;
  }

 private:
  std::map<std::size_t, float> greatest_;
};

double bleu(const PointResult& result) { return result.metrics[0].value.value(); }

class IntegerTranslation : public testing::Test {
 protected:
  PointResult translate(const data::TextSet& set, const OperatingPoint& layers,
                        Index batch = 0) const {
    TranslationSession session(shared_, set, {}, {.device = "cpu", .batch = batch});
    const Point point{AsTrained{}, layers, SearchOptions{.beam = FixedBeam{5}}};
    return std::move(evaluate(session, {point}).points[0]);
  }

  void observe(const data::TextSet& set, LayerObserver& observer) {
    const data::Subwords subwords(model_.source);
    std::vector<Sentence> sentences;
    for (const std::string& line : set.sources) {
      Sentence& ids = sentences.emplace_back(subwords.encode(line));
      if (model_.source.bos) ids.insert(ids.begin(), *model_.source.bos);
      if (model_.source.eos) ids.push_back(*model_.source.eos);
    }
    translator_.run(sentences, dense_point(model_.network), {.beam = FixedBeam{5}}, &observer);
  }

  const std::shared_ptr<const TranslationModel> shared_ =
      std::get<std::shared_ptr<const TranslationModel>>(
          load_any_model(captions() / "multi30k-en-de.safetensors"));
  const TranslationModel& model_ = *shared_;
  Translator translator_{shared_, {}};
};

TEST_F(IntegerTranslation, IsAsGoodAsInFloats) {
  const data::TextSet set =
      data::open_text_set(captions() / "captions.en", {captions() / "captions.de"});
  GreatestInputs greatest;
  observe(set, greatest);
  const OperatingPoint int16 = greatest.point<Int16>(model_.network),
                       int8 = greatest.point<Int8>(model_.network);
  const PointResult in_fp32 = translate(set, dense_point(model_.network)),
                    in_int16 = translate(set, int16), in_int8 = translate(set, int8);
  const double of_floats = bleu(in_fp32), of_int16 = bleu(in_int16), of_int8 = bleu(in_int8);
  std::cout << "captions: fp32 " << of_floats << ", int16 " << of_int16 << ", int8 " << of_int8
            << "\n";
  EXPECT_NEAR(of_int16, of_floats, 0.2);
  EXPECT_NEAR(of_int8, of_floats, 2);
  const data::TextSet first =
      data::open_text_set(captions() / "captions.en", {captions() / "captions.de"}, 24);
  for (const auto& [point, all] : {std::pair(&int16, &in_int16), {&int8, &in_int8}}) {
    std::vector<std::string> wanted = all->hypotheses();
    wanted.resize(24);
    EXPECT_EQ(translate(first, *point, 7).hypotheses(), wanted);
  }

  EDGEVAL_NEEDS_SHARED("data/multi30k/test_2016_flickr.en.gz");  // with the formats of the captions
  const fs::path folder = shared_folder() / "data/multi30k";
  const auto multi30k = [&](Index limit) {
    return data::open_text_set(folder / "test_2016_flickr.en.gz",
                               {folder / "test_2016_flickr.de.gz"}, limit);
  };
  const data::TextSet some = multi30k(takes_whole_sets() ? 0 : 200);
  const double some_fp32 = bleu(translate(some, dense_point(model_.network))),
               some_int16 = bleu(translate(some, int16)), some_int8 = bleu(translate(some, int8));
  std::cout << "Multi30k test 2016, " << some.sources.size() << " sentences: fp32 " << some_fp32
            << ", int16 " << some_int16 << ", int8 " << some_int8 << "\n";
  EXPECT_NEAR(some_int16, some_fp32, 0.2);
  EXPECT_NEAR(some_int8, some_fp32, takes_whole_sets() ? 0.5 : 1);
}

}  // namespace
}  // namespace edgeval::test
