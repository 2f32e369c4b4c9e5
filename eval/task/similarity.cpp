#include "eval/task/similarity.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "host/body/greatest.hpp"
#include "host/engine/sequence/packing.hpp"

namespace edgeval {
namespace {

// Visits the runs [first, last) of steps with equal S, with the number of redundant steps in each.
// The steps are sorted by falling S.
template <class Steps, class Visit>
void for_each_tie(const Steps& sorted, Visit&& visit) {
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    std::uint64_t redundant = 0;
    for (; last < sorted.size() && sorted[last].score == sorted[first].score; ++last)
      redundant += sorted[last].redundant;
    visit(first, last, redundant);
    first = last;
  }
}

double share(double part, double whole) { return whole > 0 ? part / whole : kNoFigure; }

}  // namespace

SimilarityCollector::SimilarityCollector(std::shared_ptr<const Model> model,
                                         std::vector<SimilaritySkip> plans)
    : model_(std::move(model)), plans_(std::move(plans)) {
  for (std::size_t i = 0; i < model_->layers.size(); ++i)
    if (const auto* layer = std::get_if<RecurrentLayer>(&model_->layers[i]))
      for (std::size_t d = 0; d < layer->directions.size(); ++d)
        series_.push_back({static_cast<Index>(i), d, {}});
}

const RecurrentLayer& SimilarityCollector::layer_of(const Series& series) const {
  return std::get<RecurrentLayer>(model_->layers[static_cast<std::size_t>(series.layer)]);
}

void SimilarityCollector::add_sequence(Series& series, const RecurrentLayer& layer,
                                       const SimilaritySkip& plan, MatrixView<const float> input,
                                       MatrixView<const float> output) {
  const bool backward = layer.directions[series.direction] == Direction::kBackward;
  const std::vector<FrameSimilarity> similarity = frame_similarities(plan.rule(), input);
  const auto frame = [&](Index k) { return backward ? input.rows - 1 - k : k; };
  const auto h = [&](Index k) {
    return output.row(frame(k)) + static_cast<Index>(series.direction) * layer.width();
  };
  for (Index k = 1; k < input.rows; ++k) {
    Step step{static_cast<float>(score_of_frame(similarity.data(), frame(k), backward)),
              false,
              input.rows - 1 - k,
              {}};
    for (Index n = 0; n < std::min<Index>(kMostSkips, step.run + 1); ++n) {
      double sum = 0;
      for (Index j = 0; j < layer.width(); ++j) {
        const double moved = static_cast<double>(h(k + n)[j]) - static_cast<double>(h(k - 1)[j]);
        sum += moved * moved;
      }
      step.moved[static_cast<std::size_t>(n)] =
          static_cast<float>(sum / static_cast<double>(layer.width()));
    }
    series.steps.push_back(step);
  }
}

// Sets `redundant` of the steps that were added last, from the outputs [frames, O] of the last
// layer for the same utterances.
void SimilarityCollector::judge(Series& series, const Ragged<float>& outputs) const {
  const bool backward = layer_of(series).directions[series.direction] == Direction::kBackward;
  for (Index n = 0; n < outputs.sequences(); ++n) {
    const MatrixView<const float> sequence = outputs.sequence(n);
    const auto token = [&](Index k) {
      return first_greatest(sequence.row(backward ? sequence.rows - 1 - k : k), sequence.cols);
    };
    for (Index k = 1; k < sequence.rows; ++k)
      series.steps[series.judged++].redundant = token(k) == token(k - 1);
  }
}

void SimilarityCollector::on_layer(Index layer, const Ragged<float>& input,
                                   const Ragged<float>& output) {
  for (Series& series : series_)
    if (series.layer == layer)
      for (Index n = 0; n < input.sequences(); ++n)
        add_sequence(series, layer_of(series), plans_[static_cast<std::size_t>(layer)],
                     input.sequence(n), output.sequence(n));
  if (layer + 1 == std::ssize(model_->layers))
    for (Series& series : series_) judge(series, output);
}

void SimilarityCollector::add(const std::function<void()>& run) {
  std::vector<std::size_t> before;
  for (const Series& series : series_) before.push_back(series.steps.size());
  try {
    run();
  } catch (...) {
    for (std::size_t i = 0; i < series_.size(); ++i) {
      series_[i].steps.resize(before[i]);
      series_[i].judged = before[i];
    }
    throw;
  }
}

// Returns error(n + 1), where a run counts as similar if all of its steps have S >= cut.
SimilarityFacts::Error SimilarityCollector::error(const Series& series, std::size_t n, double cut) {
  const auto alike = [&](const Step& step) { return static_cast<double>(step.score) >= cut; };
  double sum = 0, sum_similar = 0;
  std::uint64_t runs = 0, similar = 0;
  for (std::size_t i = 0; i < series.steps.size(); ++i) {
    if (series.steps[i].run < static_cast<Index>(n)) continue;
    const auto moved = static_cast<double>(series.steps[i].moved[n]);
    ++runs, sum += moved;
    if (!std::all_of(&series.steps[i], &series.steps[i] + n + 1, alike)) continue;
    ++similar, sum_similar += moved;
  }
  return {share(sum, static_cast<double>(runs)), share(sum_similar, static_cast<double>(similar)),
          similar};
}

SimilarityFacts SimilarityCollector::facts(const Series& series) {
  SimilarityFacts facts;
  std::vector<Step> sorted = series.steps;
  std::ranges::sort(sorted, std::ranges::greater{}, &Step::score);
  facts.steps = sorted.size();
  for (const Step& step : sorted) facts.redundant += step.redundant;
  if (sorted.empty()) return facts;
  const auto all = static_cast<double>(facts.steps),
             redundant = static_cast<double>(facts.redundant);
  const double wanted = kSimilarShare * all;
  double redundant_similar = 0, redundant_above = 0, pairs = 0;
  for_each_tie(sorted, [&](std::size_t first, std::size_t last, std::uint64_t tied_redundant) {
    const auto tied = static_cast<double>(last - first),
               tied_r = static_cast<double>(tied_redundant);
    const double taken = std::clamp(wanted - static_cast<double>(first), 0.0, tied);
    if (taken > 0) facts.cut = static_cast<double>(sorted[first].score);
    redundant_similar += tied_r * taken / tied;
    pairs += (tied - tied_r) * (redundant_above + tied_r / 2);
    redundant_above += tied_r;
  });
  facts.redundant_similar = share(redundant_similar, wanted);
  facts.captured = share(redundant_similar, redundant);
  facts.separation = share(pairs, redundant * (all - redundant));
  for (std::size_t n = 0; n < kMostSkips; ++n) facts.errors[n] = error(series, n, facts.cut);
  return facts;
}

std::vector<SimilarityFacts> SimilarityCollector::finish() const {
  std::vector<SimilarityFacts> all;
  for (const Series& series : series_) {
    const RecurrentLayer& layer = layer_of(series);
    all.push_back(facts(series));
    all.back().layer = layer.name;
    all.back().direction = name(layer.directions[series.direction]);
  }
  return all;
}

nlohmann::ordered_json to_json(const SimilarityFacts& facts) {
  nlohmann::ordered_json json{{"layer", facts.layer},
                              {"direction", facts.direction},
                              {"steps", facts.steps},
                              {"redundant", facts.redundant},
                              {"cut", facts.cut},
                              {"redundant_similar", facts.redundant_similar},
                              {"captured", facts.captured},
                              {"separation", facts.separation},
                              {"errors", nlohmann::ordered_json::array()}};
  for (const SimilarityFacts::Error& error : facts.errors)
    json["errors"].push_back(
        {{"all", error.all}, {"similar", error.similar}, {"runs", error.runs}});
  return json;
}

}  // namespace edgeval
