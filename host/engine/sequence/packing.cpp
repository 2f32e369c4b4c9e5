#include "host/engine/sequence/packing.hpp"

#include <algorithm>
#include <numeric>

#include "host/core/parallel.hpp"
#include "host/engine/product/dense_product.hpp"

namespace edgeval {
namespace {

using Directions = std::span<const Direction>;

// Returns the plans of one lane, one for each direction.
std::vector<LanePlan> plan_lane(const EveryStep&, MatrixView<const float> input,
                                Directions directions) {
  std::vector<LanePlan> plans;
  for (const Direction direction : directions) {
    LanePlan& plan = plans.emplace_back();
    plan.modes.assign(static_cast<std::size_t>(input.rows), StepMode::kRun);
    plan.live.resize(static_cast<std::size_t>(input.rows));
    if (direction == Direction::kForward)
      std::iota(plan.live.begin(), plan.live.end(), 0);
    else
      std::iota(plan.live.rbegin(), plan.live.rend(), 0);
  }
  return plans;
}

// The similarities of frames do not depend on the direction, but which neighbour counts does.
std::vector<LanePlan> plan_lane(const SimilaritySkip& skip, MatrixView<const float> input,
                                Directions directions) {
  const SimilaritySkip::Rule rule = skip.rule();
  const std::vector<FrameSimilarity> similarity = frame_similarities(rule, input);
  std::vector<LanePlan> plans;
  for (const Direction direction : directions) {
    LanePlan& plan = plans.emplace_back();
    plan.modes.resize(static_cast<std::size_t>(input.rows));
    plan.live.resize(static_cast<std::size_t>(input.rows));
    const bool backward = direction == Direction::kBackward;
    plan.live.resize(static_cast<std::size_t>(decide_lane(
        rule, similarity.data(), input.rows, backward, plan.modes.data(), plan.live.data())));
  }
  return plans;
}

}  // namespace

std::vector<FrameSimilarity> frame_similarities(const SimilaritySkip::Rule& rule,
                                                MatrixView<const float> input) {
  const SerialBlock block;
  Matrix<std::int16_t> q(input.rows, input.cols);
  for (Index t = 0; t < input.rows; ++t)
    quantize_frame(block, rule, input.row(t), input.cols, q.row(t));
  std::vector<FrameSimilarity> similarity(static_cast<std::size_t>(input.rows));
  for (Index t = 0; t < input.rows; ++t)
    similarity[static_cast<std::size_t>(t)] =
        similarity_of_frame(block, rule, std::as_const(q).view(), t);
  return similarity;
}

std::vector<std::vector<LanePlan>> plan_lanes(const Plan& plan, const Ragged<float>& input,
                                              Directions directions, int threads) {
  std::vector<std::vector<LanePlan>> plans(directions.size());
  for (std::vector<LanePlan>& of_direction : plans)
    of_direction.resize(static_cast<std::size_t>(input.sequences()));
  parallel_for(input.sequences(), threads, [&](Index n) {
    std::vector<LanePlan> lane = std::visit(
        [&](const auto& choice) { return plan_lane(choice, input.sequence(n), directions); }, plan);
    for (std::size_t d = 0; d < lane.size(); ++d)
      plans[d][static_cast<std::size_t>(n)] = std::move(lane[d]);
  });
  return plans;
}

std::vector<LanePlan> plan_lanes(const Plan& plan, const Ragged<float>& input, Direction direction,
                                 int threads) {
  return std::move(plan_lanes(plan, input, Directions(&direction, 1), threads).front());
}

std::vector<std::vector<Index>> lane_blocks(const std::vector<LanePlan>& plans,
                                            Index largest_block) {
  std::vector<Index> order(plans.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return plans[static_cast<std::size_t>(a)].running() >
           plans[static_cast<std::size_t>(b)].running();
  });
  std::vector<std::vector<Index>> blocks;
  const Index lanes = static_cast<Index>(order.size());
  if (lanes == 0) return blocks;
  const Index count = (lanes + largest_block - 1) / largest_block;
  const Index size = padded_rows((lanes + count - 1) / count);
  for (Index first = 0; first < lanes; first += size)
    blocks.emplace_back(order.begin() + first, order.begin() + std::min(lanes, first + size));
  return blocks;
}

}  // namespace edgeval
