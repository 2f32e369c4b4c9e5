// Translation from text to text, as `edgeval run` does it, of a model with its test set.
#pragma once

#include "eval/command/common_options.hpp"
#include "eval/task/translation_pipeline.hpp"
#include "host/core/error.hpp"
#include "host/model/file.hpp"
#include "tests/support/command.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {

// A model with its test set.
class TranslationTask {
 public:
  TranslationTask(const std::filesystem::path& model, const std::filesystem::path& source,
                  const std::filesystem::path& reference, const std::string& device = "cpu")
      : model_(std::get<TranslationModel>(load_any_model(model))),
        set_(data::open_text_set(source, {reference})),
        translator_(make_translator(model_, {.device = device})) {}

  TranslationOutcome translate(double width, Index batch = 0) const {
    const std::vector<TranslationCandidate> candidates{
        {&translator_, dense_point(model_.network), {.beam = FixedBeam{width}}}};
    return std::move(
        evaluate(model_, set_, candidates, {.batch = batch, .quiet = true}).outcomes[0]);
  }
  double bleu(double width) const { return translate(width).metrics[0].value.value(); }
  // Sentences that are as the reference has them.
  double exact(double width, Index batch = 0) const {
    return translate(width, batch).metrics[2].statistics.sum()[0];
  }

 private:
  const TranslationModel model_;
  const data::TextSet set_;
  const Translator translator_;
};

inline std::filesystem::path captions() { return source_folder() / "datasets" / "captions"; }

// The OpenNMT-py checkpoint of shared/data/onmt_ipa, imported into a folder.
inline std::filesystem::path imported_ipa(const std::filesystem::path& into) {
  const std::filesystem::path file = into / "ipa.safetensors";
  const CommandResult imported = edgeval(
      {"import", "--model", (shared_folder() / "data/onmt_ipa/test_model2_v2_9653b3a0.pt").string(),
       "--out", file.string()});
  if (imported.code != 0) throw Error(imported.err);
  return file;
}

}  // namespace edgeval::test
