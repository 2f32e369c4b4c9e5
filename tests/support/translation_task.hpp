// Evaluates a translation model on its test set as `edgeval run` does.
#pragma once

#include "eval/command/evaluate.hpp"
#include "eval/task/translation/translation_session.hpp"
#include "host/core/error.hpp"
#include "host/model/file.hpp"
#include "tests/support/command.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {

// A model with its test set, or the first `limit` sentences of that.
class TranslationTask {
 public:
  TranslationTask(const std::filesystem::path& model, const std::filesystem::path& source,
                  const std::filesystem::path& reference, const std::string& device = "cpu",
                  Index limit = 0)
      : model_(std::get<std::shared_ptr<const TranslationModel>>(load_any_model(model))),
        set_(data::open_text_set(source, {reference}, limit)),
        device_(device) {}

  PointResult translate(double width, Index batch = 0) const {
    return translate(dense_point(model_->network), width, batch);
  }
  PointResult translate(const OperatingPoint& layers, double width, Index batch = 0) const {
    TranslationSession session(model_, set_, {}, {.device = device_, .batch = batch});
    const Point point{AsTrained{}, layers, SearchOptions{.beam = FixedBeam{width}}};
    return std::move(evaluate(session, {point}).points[0]);
  }
  double bleu(double width) const { return translate(width).metrics[0].value.value(); }
  // Returns the number of sentences with the words of their reference.
  double exact(double width, Index batch = 0) const {
    return translate(width, batch).metrics[2].statistics.sum()[0];
  }

 private:
  const std::shared_ptr<const TranslationModel> model_;
  const data::TextSet set_;
  const std::string device_;
};

inline std::filesystem::path captions() { return source_folder() / "datasets" / "captions"; }

// Imports the OpenNMT-py checkpoint of shared/data/onmt_ipa into a folder, and returns the model
// file.
inline std::filesystem::path imported_ipa(const std::filesystem::path& into) {
  const std::filesystem::path file = into / "ipa.safetensors";
  const CommandResult imported = edgeval(
      {"import", "--model", (shared_folder() / "data/onmt_ipa/test_model2_v2_9653b3a0.pt").string(),
       "--out", file.string()});
  if (imported.code != 0) throw Error(imported.err);
  return file;
}

}  // namespace edgeval::test
