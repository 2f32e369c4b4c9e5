#include "eval/task/ctc/ctc_session.hpp"

#include <algorithm>

#include "eval/score/text/space_note.hpp"
#include "eval/task/warnings.hpp"
#include "host/core/error.hpp"
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

Point CtcSession::resolve(const Policy& policy, const Profile* profile) {
  Policy of_layers = policy;
  of_layers.beam.reset();
  Point point = SpeechSession::resolve(of_layers, profile);
  if (policy.beam) point.search = {.beam = resolve_beam(policy, profile)};
  return point;
}

Wanted CtcSession::wanted(std::span<const Point> points) const {
  const auto searches = [](const Point& point) { return point.search.has_value(); };
  return {.best = !std::ranges::all_of(points, searches)};
}

std::string CtcSession::text_of(const std::vector<int>& ids) const {
  return applied(options_.text, tokens_to_text(ids, tokens_));
}

Outcome CtcSession::decode(const BatchResult& result, Index utterance) const {
  if (!result.searches.empty())
    return searched(result.searches[static_cast<std::size_t>(utterance)]);
  const MatrixView<const std::int32_t> best = result.best.sequence(utterance);
  return {.texts = {text_of(
              ctc_collapse({best.data, static_cast<std::size_t>(best.rows)}, trained().blank))}};
}

// Returns the outcome of a prefix search.
Outcome CtcSession::searched(const CtcSearch& found) const {
  EDGEVAL_EXPECTS(
      found.overflowed < 0, "an output of frame ", found.overflowed,
      " is infinite or not a number; a beam search needs finite outputs, and the model's weights "
      "or inputs are too large for fp32");
  Outcome outcome{.texts = {text_of(found.ids)}};
  outcome.search =
      SearchResult{.best = {{found.ids, {}, found.score, static_cast<float>(found.score), true}},
                   .counts = {found.frames, found.rows, found.rows, found.beam_width_sum},
                   .activity = {},
                   .spreads = {}};
  return outcome;
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
  std::vector<std::string> warnings =
      text_warnings(references_, result.hypotheses(), applied(options_.text, tokens_));
  if (result.point.search)
    for (std::string& warning : beam_warnings(result.point.search->beam, *result.search()))
      warnings.push_back(std::move(warning));
  return warnings;
}

nlohmann::ordered_json CtcSession::choices() const {
  return {{"scoring",
           {{"case", case_name(options_.text)}, {"normalize", normal_form_name(options_.text)}}}};
}

}  // namespace edgeval
