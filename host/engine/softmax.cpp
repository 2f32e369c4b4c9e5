#include "host/engine/softmax.hpp"

#include <cmath>

#include "host/numeric/nonlinear.hpp"
#include "host/numeric/softmax.hpp"

namespace edgeval {
namespace {

float exponential(float x) {
  const ExpParts e = exp_parts(x);
  return e.two_to_n + e.two_to_n * e.q;
}

}  // namespace

void log_softmax(float* z, Index width) {
  const float most = *std::max_element(z, z + width);
  double sum = 0;
  for (Index i = 0; i < width; ++i) sum += static_cast<double>(exponential(z[i] - most));
  const auto shift = static_cast<float>(static_cast<double>(most) + std::log(sum));
  for (Index i = 0; i < width; ++i) z[i] -= shift;
}

void log_softmax(const std::int32_t* z, Index width, float* y) {
  const SoftmaxTables& tables = softmax_tables();
  const auto most = static_cast<std::uint32_t>(*std::max_element(z, z + width));
  std::uint64_t sum = 0;
  for (Index i = 0; i < width; ++i) sum += exp_of_distance(tables, most - static_cast<std::uint32_t>(z[i]));
  const std::int64_t ln = ln_of_sum(tables, sum);
  EDGEVAL_INDEPENDENT
  for (Index i = 0; i < width; ++i) y[i] = log_share(most - static_cast<std::uint32_t>(z[i]), ln);
}

Index softmax(float* scores, Index width) {
  const Index best = std::max_element(scores, scores + width) - scores;
  const float most = scores[best];
  double sum = 0;
  for (Index i = 0; i < width; ++i) sum += static_cast<double>(scores[i] = exponential(scores[i] - most));
  for (Index i = 0; i < width; ++i) scores[i] = static_cast<float>(static_cast<double>(scores[i]) / sum);
  return best;
}

Index softmax(const std::vector<std::int64_t>& scores, int fraction_bits, FixedShares& shares) {
  const SoftmaxTables& tables = softmax_tables();
  const auto most = std::max_element(scores.begin(), scores.end());
  shares.weights.resize(scores.size());
  shares.sum = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    shares.sum += shares.weights[i] = exp_of_distance(tables, score_distance(*most - scores[i], fraction_bits));
  return most - scores.begin();
}

}  // namespace edgeval
