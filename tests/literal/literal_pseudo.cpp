#include "tests/literal/literal_pseudo.hpp"

#include <cmath>
#include <vector>

#include "tests/literal/literal_cells.hpp"
#include "tests/literal/literal_fixed_cells.hpp"

namespace edgeval::test {
namespace {

using Codes = std::vector<std::int64_t>;

std::int64_t within(double value, int bits) {
  const double top = std::ldexp(1, bits - 1);
  return static_cast<std::int64_t>(std::min(std::max(value, -top), top - 1));
}

// Weights [rows, cols] of 16 bits, in the finest format whose greatest code is at most 127 * 256 +
// 127.
struct Weights {
  Index rows, cols;
  int fraction = 0;
  Codes code;

  explicit Weights(const Matrix<float>& weight) : rows(weight.rows()), cols(weight.cols()) {
    double most = 0;
    for (float value : weight.values()) most = std::max(most, std::abs(static_cast<double>(value)));
    while (most > 0 && most * std::ldexp(1, fraction + 1) <= 32639) ++fraction;
    while (most * std::ldexp(1, fraction) > 32639) --fraction;
    for (float value : weight.values())
      code.push_back(within(std::round(std::ldexp(static_cast<double>(value), fraction)), 16));
  }
  std::int64_t w16(Index o, Index i) const { return code[o * cols + i]; }
  std::int64_t w8(Index o, Index i) const {
    return std::min<std::int64_t>(
        127, static_cast<std::int64_t>(std::floor(static_cast<double>(w16(o, i)) / 256 + 0.5)));
  }
};

// One half of z: W with x, or U with h.
struct Half {
  Weights weights;
  int bits;  // fraction bits of the elements
  std::int64_t clip, threshold;
  double delta_step;  // step of the 8-bit differences, in steps of the elements, 1 or more
  // What the memory holds of the elements, and the memory in units of the 16-bit products.
  Codes reference, memory;

  Half(const Matrix<float>& weight, int element_bits, double clip_value, double threshold_value,
       double delta_scale)
      : weights(weight),
        bits(element_bits),
        clip(distance(clip_value)),
        threshold(distance(threshold_value)),
        delta_step(std::max(1.0, std::ldexp(delta_scale, element_bits))),
        reference(weights.cols),
        memory(weights.rows) {}
  std::int64_t distance(double value) const {
    return static_cast<std::int64_t>(std::floor(std::ldexp(value, bits) + 0.5));
  }
  std::int64_t element(double value) const {
    return within(std::round(std::ldexp(value, bits)), 16);
  }

  void add16(Index i, std::int64_t amount, LiteralPseudo& log) {
    for (Index o = 0; o < weights.rows; ++o, ++log.macs16) memory[o] += weights.w16(o, i) * amount;
  }
  void full_step(const std::vector<double>& values, bool moves, LiteralPseudo& log) {
    if (!moves) memory.assign(memory.size(), 0);
    for (Index i = 0; i < weights.cols; ++i) {
      const std::int64_t now = element(values[i]), moved = now - reference[i];
      if (moves && (moved == 0 || std::abs(moved) < threshold)) continue;
      add16(i, moves ? moved : now, log);
      reference[i] = now;
    }
  }
  void pseudo_step(const std::vector<double>& values, LiteralPseudo& log) {
    for (Index i = 0; i < weights.cols; ++i) {
      const std::int64_t difference = element(values[i]) - reference[i];
      const std::int64_t d8 = within(std::round(static_cast<double>(difference) / delta_step), 8);
      if (std::abs(difference) < clip || d8 == 0) continue;
      const auto step = static_cast<std::int64_t>(delta_step);
      for (Index o = 0; o < weights.rows; ++o, ++log.macs8)
        memory[o] += 256 * step * weights.w8(o, i) * d8;
      reference[i] += step * d8;
    }
  }
};

// Decides the mode of each step (docs/techniques.md, "Pseudo-skip"; S as in "Similarity skip").
class Controller {
 public:
  explicit Controller(const SimilaritySkip& skip) : skip_(skip) {}

  StepMode next(const float* x, Index inputs) {
    std::vector<double> now;
    for (Index i = 0; i < inputs; ++i)
      now.push_back(static_cast<double>(within(
          std::floor(std::ldexp(static_cast<double>(x[i]), static_cast<int>(skip_.fraction_bits)) +
                     0.5),
          16)));
    const bool first = before_.empty();
    const double score = first ? 0 : similarity(now);
    before_ = now;
    StepMode mode = StepMode::kRun;
    if (!first && score > skip_.threshold) {
      if (run_ < skip_.max_consecutive) mode = StepMode::kSkip;
    } else if (!first && score > skip_.pseudo_threshold) {
      mode = StepMode::kPseudo;
    }
    run_ = mode == StepMode::kSkip ? run_ + 1 : 0;
    return mode;
  }

 private:
  double similarity(const std::vector<double>& now) const {
    const double unit = std::ldexp(1, static_cast<int>(skip_.shift));
    double active = 0, differing = 0;
    bool silent = true;
    for (std::size_t i = 0; i < now.size(); ++i) {
      silent = silent && before_[i] == 0;
      if (now[i] == 0) continue;
      ++active;
      if (std::floor(now[i] / unit) != std::floor(before_[i] / unit)) ++differing;
    }
    if (active == 0) return silent ? 1 : 0;
    return (active - differing) / active;
  }

  const SimilaritySkip& skip_;
  std::vector<double> before_;
  double run_ = 0;
};

}  // namespace

LiteralPseudo literal_pseudo(const RecurrentLayer& layer, std::size_t direction, int input_bits,
                             const SimilaritySkip& skip, const Delta* delta,
                             MatrixView<const float> input) {
  const RecurrentWeights& weights = layer.weights[direction];
  const double of_x = delta == nullptr ? 0 : delta->threshold_x,
               of_h = delta == nullptr ? 0 : delta->threshold_h;
  const Format x_format{16, input_bits}, cell_format{16, 15};
  const Format h_format = recurrent_format(layer, direction, cell_format);
  Half x(weights.weight_ih, input_bits, skip.pseudo_clip, of_x, skip.delta_scale);
  Half h(weights.weight_hh, h_format.fraction, skip.pseudo_clip, of_h, skip.delta_scale);
  Controller controller(skip);
  LiteralPseudo log{Matrix<float>(input.rows, layer.width()), std::vector<StepMode>(input.rows)};
  const FixedColumns w(weights.weight_ih, 16), u(weights.weight_hh, 16);
  FixedCells cells(layer, direction, {x_format, cell_format, h_format}, w, u);
  LayerActivity projection;
  for (Index k = 0; k < input.rows; ++k) {
    const Index t = layer.directions[direction] == Direction::kForward ? k : input.rows - 1 - k;
    const StepMode mode = log.modes[t] = controller.next(input.row(t), input.cols);
    const std::vector<float> window = literal_window(layer, direction, input, t);
    const std::vector<double> values(window.begin(), window.end());
    std::vector<double> before;
    for (std::int64_t code : cells.h())
      before.push_back(std::ldexp(static_cast<double>(code), -h_format.fraction));
    if (mode == StepMode::kRun) {
      x.full_step(values, delta != nullptr, log);
      h.full_step(before, delta != nullptr, log);
    } else if (mode == StepMode::kPseudo) {
      x.pseudo_step(values, log);
      h.pseudo_step(before, log);
    }
    if (mode != StepMode::kSkip) cells.step(x.memory, h.memory, input.row(t), projection);
    for (Index j = 0; j < layer.width(); ++j) log.output(t, j) = cells.output(j);
  }
  log.macs16 += projection[Count::kMacs16x16];
  return log;
}

}  // namespace edgeval::test
