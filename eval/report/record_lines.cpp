// Makes utterances.jsonl and hypotheses.txt of a record, with a line for each item of the test set.
#include "eval/report/activity_json.hpp"
#include "eval/report/record.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

void add_references(ordered_json& json, const std::vector<std::string>& references) {
  if (!references.empty()) json["reference"] = references.front();
  if (references.size() > 1)
    json["further_references"] = std::vector(references.begin() + 1, references.end());
}

ordered_json n_best(const Outcome& outcome) {
  ordered_json json = ordered_json::array();
  for (std::size_t i = 0; i < outcome.texts.size(); ++i) {
    const Hypothesis& hypothesis = outcome.search->best[i];
    json.push_back({{"text", outcome.texts[i]},
                    {"score", hypothesis.score},
                    {"log_probability", hypothesis.log_probability},
                    {"tokens", hypothesis.tokens.size()},
                    {"ended", hypothesis.ended}});
  }
  return json;
}

ordered_json line_of(const Record& record, std::size_t n) {
  const Item& item = record.items[n];
  const Outcome& outcome = record.result().items[n];
  ordered_json json{{"id", item.id}};
  if (item.source) json["source"] = *item.source;
  add_references(json, item.references);
  json["hypothesis"] = outcome.texts.front();
  if (outcome.search) json["n_best"] = n_best(outcome);
  if (!record.result().alignments.empty()) json.update(to_json(record.result().alignments[n]));
  json[record.task.length] = item.length;
  if (outcome.search) json["decoder"] = to_json(outcome.search->counts);
  json["activity"] = totals_to_json(outcome.activity);
  json["joules"] = ordered_json::object();
  for (std::size_t i = 0; i < record.pricings.size(); ++i)
    json["joules"][record.pricings[i].accelerator] = record.joules[n][i];
  return json;
}

}  // namespace

std::string record_to_jsonl(const Record& record) {
  std::string lines;
  for (std::size_t n = 0; n < record.items.size(); ++n) lines += line_of(record, n).dump() + "\n";
  return lines;
}

std::string hypotheses_to_text(const Record& record) {
  std::string lines;
  for (const Outcome& outcome : record.result().items)
    lines.append(outcome.texts.front()).append("\n");
  return lines;
}

}  // namespace edgeval
