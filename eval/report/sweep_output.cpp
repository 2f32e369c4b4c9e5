#include "eval/report/sweep_output.hpp"

#include <algorithm>
#include <limits>

#include "eval/policy/settings.hpp"
#include "eval/report/cost_tables.hpp"
#include "eval/report/csv.hpp"
#include "eval/report/table.hpp"
#include "eval/search/front.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

std::string cell(const std::optional<double>& value) { return value ? shortest(*value) : ""; }
std::string cell(std::uint64_t value) { return std::to_string(value); }

std::map<std::string, std::string> values_of(const std::vector<std::string>& settings) {
  std::map<std::string, std::string> values;
  for (const std::string& setting : settings) {
    const std::size_t equals = find_unquoted(setting, '=');
    values[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return values;
}

}  // namespace

std::string SweepTable::header(const SweepRow& row) const {
  std::vector<std::string> names{"point"};
  names.insert(names.end(), keys_.begin(), keys_.end());
  for (const Metric& metric : row.total.metrics) {
    for (const char* part : {"", "_low", "_high"}) names.push_back(metric.name + part);
    if (!metric.edits) continue;
    for (const char* part : {"_errors", "_substitutions", "_deletions", "_insertions"})
      names.push_back(metric.name + part);
  }
  for (const char* name :
       {"steps", "steps_run", "steps_skipped", "steps_pseudo", "macs", "macs_dense"})
    names.emplace_back(name);
  if (row.total.search)
    for (const char* name : {"rows", "rows_live", "average_beam_width"}) names.emplace_back(name);
  for (const std::string& accelerator : accelerators_)
    for (const char* part : {"_joules", "_joules_dense", "_ratio", "_seconds"})
      names.push_back(accelerator + part);
  return csv_line(names);
}

void SweepTable::add(const SweepRow& row) {
  const PointTotal& total = row.total;
  const bool is_first = lines_.empty();
  if (is_first) csv_ = header(row);
  Line& line = lines_.emplace_back();
  line.point = row.point, line.is_reference = row.is_reference;
  line.settings = values_of(row.settings);
  std::vector<std::string> cells{row.point};
  for (const std::string& key : keys_) {
    const auto value = line.settings.find(key);
    cells.push_back(value == line.settings.end() ? "" : value->second);
  }
  for (const Metric& metric : total.metrics) {
    cells.push_back(cell(metric.value));
    cells.push_back(metric.ci95 ? shortest(metric.ci95->low) : "");
    cells.push_back(metric.ci95 ? shortest(metric.ci95->high) : "");
    if (!metric.edits) continue;
    for (const std::uint64_t count : {metric.edits->errors(), metric.edits->substitutions,
                                      metric.edits->deletions, metric.edits->insertions})
      cells.push_back(cell(count));
  }
  if (!total.metrics.empty()) {
    const Metric& first = total.metrics.front();
    metric_ = first.name, title_ = first.title;
    less_is_better_ = metric_kind(first.name).counts_errors;
    line.value = first.value, line.ci95 = first.ci95;
    const std::optional<double> dense =
        row.dense != nullptr ? row.dense->metrics.front().value : std::nullopt;
    if (first.value && dense) line.change = *first.value - *dense;
  }
  for (const Count count :
       {Count::kSteps, Count::kStepsRun, Count::kStepsSkipped, Count::kStepsPseudo})
    cells.push_back(cell(total.activity.total(count)));
  const std::uint64_t macs = total.activity.macs_executed();
  cells.push_back(cell(macs));
  cells.push_back(cell(row.macs_dense));
  line.macs_ratio =
      row.macs_dense > 0 ? static_cast<double>(macs) / static_cast<double>(row.macs_dense) : 0;
  const auto cost = [&](const std::string& name, double value) {
    if (is_first) cost_names_.push_back(name);
    line.costs.push_back(value);
  };
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();  // is on no front
  for (std::size_t a = 0; a < accelerators_.size(); ++a)
    cost(accelerators_[a] + "_joules", row.pricings[a] ? row.pricings[a]->price.joules : kNone);
  cost("macs", static_cast<double>(macs));
  if (total.search) {
    cells.push_back(cell(total.search->rows));
    cells.push_back(cell(total.search->rows_live));
    cells.push_back(shortest(total.search->average_beam_width()));
    cost("rows", static_cast<double>(total.search->rows));
  }
  for (std::size_t a = 0; a < accelerators_.size(); ++a) {
    const std::optional<Pricing>& pricing = row.pricings[a];
    if (pricing)
      for (const double value : {pricing->price.joules, pricing->dense.joules, pricing->ratio.value,
                                 pricing->price.seconds})
        cells.push_back(shortest(value));
    else
      cells.insert(cells.end(), 4, "");
    line.ratios.push_back(pricing ? pricing->ratio.value : kNone);
    cost(accelerators_[a] + "_seconds", pricing ? pricing->price.seconds : kNone);
  }
  csv_ += csv_line(cells);
}

std::vector<std::size_t> SweepTable::front(std::size_t cost) const {
  std::vector<CostAndError> points;
  for (const Line& line : lines_) {
    const double value = line.value.value_or(std::numeric_limits<double>::quiet_NaN());
    points.push_back({line.costs[cost], less_is_better_ ? value : -value});
  }
  return pareto_front(points);
}

std::string SweepTable::fronts_csv() const {
  const std::string metric = metric_.empty() ? "metric" : metric_;
  std::string csv = csv_line({"cost", "point", "value_of_cost", metric, "against_dense"});
  for (std::size_t cost = 0; cost < cost_names_.size(); ++cost)
    for (const std::size_t place : front(cost)) {
      const Line& line = lines_[place];
      csv += csv_line({cost_names_[cost], line.point, shortest(line.costs[cost]), cell(line.value),
                       cell(line.change)});
    }
  return csv;
}

nlohmann::ordered_json SweepTable::fronts_json() const {
  nlohmann::ordered_json fronts = nlohmann::ordered_json::object();
  for (std::size_t cost = 0; cost < cost_names_.size(); ++cost) {
    nlohmann::ordered_json& points = fronts[cost_names_[cost]] = nlohmann::ordered_json::array();
    for (const std::size_t place : front(cost)) {
      const Line& line = lines_[place];
      nlohmann::ordered_json& point = points.emplace_back();
      point["point"] = line.point;
      point["value_of_cost"] = line.costs[cost];
      point[metric_] = *line.value;  // a point without a value is on no front
      point["against_dense"] = nullptr;
      if (line.change) point["against_dense"] = *line.change;
    }
  }
  return fronts;
}

std::string SweepTable::dense_text() const {
  std::string text;
  for (const Line& line : lines_) {
    if (!line.is_reference) continue;
    text += concat(line.point, ": ", title_, " ", line.value ? fixed(*line.value, 2) : "none",
                   line.value && less_is_better_ ? " %" : "");
    if (!accelerators_.empty() && line.costs[0] == line.costs[0])
      text += concat(", ", si(line.costs[0], "J"), " on ", accelerators_[0]);
    text += "\n";
  }
  return text;
}

std::string SweepTable::front_text(std::size_t most) const {
  if (lines_.empty() || metric_.empty()) return "no reference given, so there is no front\n";
  const std::vector<std::size_t> places = front(0);
  const bool energy = !accelerators_.empty();
  const auto references = std::ranges::count_if(lines_, &Line::is_reference);
  std::vector<std::vector<std::string>> rows{{"point", title_, "95 % interval", "MACs"}};
  if (references > 0) rows[0].insert(rows[0].begin() + 2, "against dense");
  if (energy) rows[0].insert(rows[0].end(), {"energy", "ratio"});
  rows[0].insert(rows[0].end(), keys_.begin(), keys_.end());
  for (std::size_t i = 0; i < places.size() && i < most; ++i) {
    const Line& line = lines_[places[i]];
    std::vector<std::string>& row = rows.emplace_back();
    row = {line.point, fixed(*line.value, 2)};
    if (references > 0)
      row.push_back(line.change ? concat(*line.change < 0 ? "" : "+", fixed(*line.change, 2)) : "");
    row.push_back(line.ci95
                      ? concat("[", fixed(line.ci95->low, 2), ", ", fixed(line.ci95->high, 2), "]")
                      : "");
    row.push_back(fixed(100 * line.macs_ratio, 1) + " %");
    if (energy) row.insert(row.end(), {si(line.costs[0], "J"), fixed(line.ratios[0], 3)});
    for (const std::string& key : keys_) {
      const auto value = line.settings.find(key);
      row.push_back(value == line.settings.end() ? "" : value->second);
    }
  }
  std::string text = dense_text();
  text += concat("the front of ", title_, " against ",
                 energy ? concat("the energy on ", accelerators_[0]) : std::string("MACs"), ", of ",
                 counted(lines_.size() - static_cast<std::size_t>(references), "point"),
                 references > 0 ? " and the dense network:\n" : ":\n", table(rows));
  if (places.size() > most) text += concat(places.size() - most, " more in fronts.csv\n");
  return text +
         paragraph(concat(energy ? "MACs and ratio compare" : "MACs compare",
                          " a point with the same arithmetic and weights without techniques. "
                          "fronts.csv has the fronts against ",
                          separated(cost_names_), "."),
                   0);
}

}  // namespace edgeval
