#include "eval/task/ctc/ctc_session.hpp"

#include "eval/score/text/space_note.hpp"
#include "eval/task/warnings.hpp"
#include "host/engine/ctc.hpp"

namespace edgeval {

CtcSession::CtcSession(std::shared_ptr<const Model> trained, data::TestSet set,
                       const CtcOptions& options, const EngineChoice& choice, MakeEngine make)
    : SpeechSession(std::move(trained), std::move(set), choice, std::move(make)),
      options_(options),
      tokens_(token_texts(this->trained().tokens)) {
  for (const data::Utterance& utterance : this->set().utterances)
    references_.push_back(applied(options_.text, utterance.text));
}

Item CtcSession::item(Index number) const {
  Item item = SpeechSession::item(number);
  item.references = {references_[static_cast<std::size_t>(number)]};
  return item;
}

std::string CtcSession::decode(const BatchResult& result, Index utterance) const {
  const MatrixView<const std::int32_t> best = result.best.sequence(utterance);
  const std::vector<int> ids =
      ctc_collapse({best.data, static_cast<std::size_t>(best.rows)}, trained().blank);
  return applied(options_.text, tokens_to_text(ids, tokens_));
}

void CtcSession::score(PointResult& result) {
  const std::vector<std::string> hypotheses = result.hypotheses();
  result.alignments = align_all(references_, hypotheses, EditCosts::kUnit);
  result.metrics = measure_all(metrics(), {&references_, 1}, hypotheses, {.text = options_.text},
                               options_.seed, result.alignments);
}

std::vector<Metric> CtcSession::measure(std::span<const Index> items,
                                        std::span<const std::string> hypotheses) const {
  std::vector<std::string> references;
  for (const Index n : items) references.push_back(references_[static_cast<std::size_t>(n)]);
  const std::vector<Alignment> aligned = align_all(references, hypotheses, EditCosts::kUnit);
  std::vector<Metric> measured;
  for (const std::string& metric : metrics())
    measured.push_back(
        edgeval::measure(metric, {&references, 1}, hypotheses, {.text = options_.text}, aligned));
  return measured;
}

std::vector<std::string> CtcSession::notes() const {
  std::vector<std::string> notes = SpeechSession::notes();
  if (std::string note = space_note(set().path.string(), references_, "transcript"); !note.empty())
    notes.push_back(std::move(note));
  return notes;
}

std::vector<std::string> CtcSession::warnings(const PointResult& result) const {
  return text_warnings(references_, result.hypotheses(), applied(options_.text, tokens_));
}

nlohmann::ordered_json CtcSession::choices() const {
  return {{"scoring",
           {{"case", case_name(options_.text)}, {"normalize", normal_form_name(options_.text)}}}};
}

}  // namespace edgeval
