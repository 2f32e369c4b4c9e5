#include "host/engine/sequence/packing.hpp"

#include <algorithm>
#include <numeric>

#include "host/core/parallel.hpp"
#include "host/engine/product/dense_product.hpp"

namespace edgeval {
namespace {

LanePlan every_step(Index steps, Direction direction) {
  LanePlan plan;
  plan.modes.assign(static_cast<std::size_t>(steps), StepMode::kRun);
  plan.live.resize(static_cast<std::size_t>(steps));
  if (direction == Direction::kForward)
    std::iota(plan.live.begin(), plan.live.end(), 0);
  else
    std::iota(plan.live.rbegin(), plan.live.rend(), 0);
  return plan;
}

// The similarities of frames do not depend on the direction, but which neighbour counts does.
LanePlan skipping(const SimilaritySkip::Rule& rule, const std::vector<FrameSimilarity>& similarity,
                  Direction direction) {
  LanePlan plan;
  plan.modes.resize(similarity.size());
  plan.live.resize(similarity.size());
  plan.live.resize(static_cast<std::size_t>(
      decide_lane(rule, similarity.data(), static_cast<Index>(similarity.size()),
                  direction == Direction::kBackward, plan.modes.data(), plan.live.data())));
  return plan;
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

const LanePlanner::Similarities& LanePlanner::similarities(const SimilaritySkip::Rule& rule) {
  const auto [known, is_new] = known_.try_emplace({rule.scale, rule.shift});
  Similarities& lanes = known->second;
  if (!is_new) return lanes;
  lanes.resize(static_cast<std::size_t>(input_.sequences()));
  parallel_for(input_.sequences(), threads_, [&](Index n) {
    lanes[static_cast<std::size_t>(n)] = frame_similarities(rule, input_.sequence(n));
  });
  return lanes;
}

auto LanePlanner::planner(const EveryStep&) {
  return [this](Index n, Direction direction) { return every_step(input_.length(n), direction); };
}
auto LanePlanner::planner(const SimilaritySkip& skip) {
  const Similarities& lanes = similarities(skip.rule());
  return [&lanes, rule = skip.rule()](Index n, Direction direction) {
    return skipping(rule, lanes[static_cast<std::size_t>(n)], direction);
  };
}

std::vector<std::vector<LanePlan>> LanePlanner::plan(const Plan& plan) {
  std::vector<std::vector<LanePlan>> plans(directions_.size());
  for (std::vector<LanePlan>& of_direction : plans)
    of_direction.resize(static_cast<std::size_t>(input_.sequences()));
  std::visit(
      [&](const auto& choice) {
        const auto plan_lane = planner(choice);
        parallel_for(input_.sequences(), threads_, [&](Index n) {
          for (std::size_t d = 0; d < plans.size(); ++d)
            plans[d][static_cast<std::size_t>(n)] = plan_lane(n, directions_[d]);
        });
      },
      plan);
  return plans;
}

std::vector<LanePlan> plan_lanes(const Plan& plan, const Ragged<float>& input, Direction direction,
                                 int threads) {
  return std::move(LanePlanner(input, std::span(&direction, 1), threads).plan(plan).front());
}

std::vector<std::vector<Index>> lane_blocks(std::span<const Index> running, Index largest_block) {
  std::vector<Index> order(running.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return running[static_cast<std::size_t>(a)] > running[static_cast<std::size_t>(b)];
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
