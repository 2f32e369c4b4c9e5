// Translation in int16 and int8 with the model that ships: formats from the greatest inputs of an fp32 run, BLEU at width 5 beside
// fp32's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <sstream>

#include "datasets/subwords.hpp"
#include "datasets/unpacked.hpp"
#include "eval/bleu.hpp"
#include "eval/statistics.hpp"
#include "host/core/file.hpp"
#include "host/engine/beam_search.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::filesystem::path& path) {
  std::istringstream file(data::read_unpacked(path));
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The greatest magnitude that enters each layer.
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
      all.layers[i].arithmetic =
          Choice{{.input_bits = static_cast<double>(finest_format(static_cast<double>(greatest_.at(i)),
                                                                  static_cast<double>(highest_of(Choice::kBits)), 0))}};
    return all;
  }

 private:
  std::map<std::size_t, float> greatest_;
};

class TestSet {
 public:
  TestSet(const std::filesystem::path& source, const std::filesystem::path& reference)
      : model_(read_translation_model(read_file(kModel), kModel.string())),
        engine_(make_cpu_engine(model_.network, {})),
        reference_(lines_of(reference)) {
    const data::Subwords subwords(model_.source);
    for (const std::string& line : lines_of(source)) {
      std::vector<Index> ids = subwords.encode(line);
      if (model_.source.bos) ids.insert(ids.begin(), *model_.source.bos);
      if (model_.source.eos) ids.push_back(*model_.source.eos);
      sources_.push_back(std::move(ids));
    }
  }

  const Model& network() const { return model_.network; }

  // Sentences `batch` at a time.
  Lines translate(const OperatingPoint& point, std::size_t batch, LayerObserver* observer = nullptr) const {
    const data::Subwords subwords(model_.target);
    const Decoder decoder(model_, point);
    Lines texts;
    for (std::size_t first = 0; first < sources_.size(); first += batch) {
      const std::size_t last = std::min(sources_.size(), first + batch);
      Encoded encoded = encode(model_, *engine_, embedded(first, last), point, observer);
      for (const SearchResult& result : beam_search(decoder, std::move(encoded.keys), encoded.states, {.beam = FixedBeam{5}}, observer))
        texts.push_back(subwords.decode(std::vector<Index>(result.best[0].tokens.begin(), result.best[0].tokens.end())));
    }
    return texts;
  }

  double bleu(const Lines& hypotheses) const {
    const std::vector<Lines> references{reference_};
    return bleu_score(bleu_statistics(references, hypotheses, {}).sum(), {}).value;
  }

 private:
  Ragged<float> embedded(std::size_t first, std::size_t last) const {
    std::vector<Index> lengths;
    for (std::size_t n = first; n < last; ++n) lengths.push_back(static_cast<Index>(sources_[n].size()));
    Ragged<float> all(lengths, model_.source_embedding.cols());
    float* to = all.values.data();
    for (std::size_t n = first; n < last; ++n)
      for (Index id : sources_[n]) to = std::copy_n(model_.source_embedding.row(id), all.cols(), to);
    return all;
  }

  inline static const std::filesystem::path kModel = source_folder() / "datasets/captions/multi30k-en-de.safetensors";

  const TranslationModel model_;
  const std::unique_ptr<Engine> engine_;
  const Lines reference_;
  std::vector<std::vector<Index>> sources_;
};

TEST(IntegerTranslation, IsAsGoodAsInFloats) {
  const std::filesystem::path folder = source_folder() / "datasets" / "captions";
  const TestSet captions(folder / "captions.en", folder / "captions.de");
  GreatestInputs greatest;
  const double of_floats = captions.bleu(captions.translate(dense_point(captions.network()), 72, &greatest));
  const OperatingPoint int16 = greatest.point<Int16>(captions.network()), int8 = greatest.point<Int8>(captions.network());
  const Lines sixteen = captions.translate(int16, 72), eight = captions.translate(int8, 72);
  std::cout << "captions: fp32 " << of_floats << ", int16 " << captions.bleu(sixteen) << ", int8 " << captions.bleu(eight) << "\n";
  EXPECT_NEAR(captions.bleu(sixteen), of_floats, 0.2);
  EXPECT_NEAR(captions.bleu(eight), of_floats, 2);
  EXPECT_EQ(captions.translate(int16, 1), sixteen);
  EXPECT_EQ(captions.translate(int8, 7), eight);

  EDGEVAL_NEEDS_SHARED("data/multi30k/test_2016_flickr.en.gz");  // with the formats of the captions
  const std::filesystem::path shared = shared_folder() / "data/multi30k";
  const TestSet multi30k(shared / "test_2016_flickr.en.gz", shared / "test_2016_flickr.de.gz");
  const double of_int16 = multi30k.bleu(multi30k.translate(int16, 250)), of_int8 = multi30k.bleu(multi30k.translate(int8, 250));
  std::cout << "Multi30k test 2016: int16 " << of_int16 << ", int8 " << of_int8 << "\n";
  EXPECT_NEAR(of_int16, 36.3, 0.2);  // fp32's
  EXPECT_NEAR(of_int8, 36.3, 0.5);
}

}  // namespace
}  // namespace edgeval::test
