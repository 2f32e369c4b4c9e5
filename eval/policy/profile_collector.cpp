#include "eval/policy/profile_collector.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <queue>

namespace edgeval {
namespace {

constexpr double kDifferencePercentile = 99.9;

// Returns the bits of a float, changed so that their order is that of the values. The upper 16 bits
// number 65,536 bins, each at most 0.8 % wide.
std::uint32_t ordered_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}
float from_ordered_bits(std::uint32_t bits) {
  return std::bit_cast<float>((bits & 0x80000000U) != 0 ? bits & 0x7FFFFFFFU : ~bits);
}

// The bin of 0 and the smallest positive values. The bin before it holds -0 and the negative values
// nearest to it.
constexpr std::uint32_t kZero = 0x8000;

// Returns the place of a percentile p among n values in ascending order: ceil(p n / 100), counted
// from 1.
std::uint64_t place_of(double percent, std::uint64_t n) {
  return std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(percent / 100 * static_cast<double>(n))));
}

}  // namespace

// The next two are members of LayerStatistics, which the header declares, so they are not in the
// unnamed namespace.

// Gathers moments, extremes and a histogram of one operand's values.
class Distribution {
 public:
  void add(std::span<const float> values) {
    for (float value : values) {
      ++bins_[ordered_bits(value) >> 16];
      zeros_ += value == 0;
      sum_ += value;
      squares_ += static_cast<double>(value) * value;
      min_ = std::min(min_, value);
      max_ = std::max(max_, value);
    }
    elements_ += values.size();
  }

  OperandProfile finish() const {
    OperandProfile profile;
    profile.elements = elements_;
    profile.zeros = zeros_;
    if (elements_ == 0) return profile;
    profile.min = min_;
    profile.max = max_;
    profile.mean = sum_ / static_cast<double>(elements_);
    profile.standard_deviation = std::sqrt(
        std::max(0.0, squares_ / static_cast<double>(elements_) - profile.mean * profile.mean));
    for (const char* percent : kPercentiles)
      profile.percentiles[percent] = percentile(std::stod(percent));
    return profile;
  }

  std::uint64_t elements() const { return elements_; }
  bool empty() const { return elements_ == 0; }
  double percentile(double percent) const {
    const std::uint64_t place = place_of(percent, elements_);
    std::uint64_t seen = 0;
    for (std::uint32_t bin = 0; bin < bins_.size(); ++bin) {
      seen += bins_[bin];
      if (seen >= place)
        return bin == kZero || bin == kZero - 1
                   ? 0.0F
                   : std::clamp(from_ordered_bits(bin << 16 | 0x8000U), min_, max_);
    }
    return max_;
  }

 private:
  std::vector<std::uint64_t> bins_ = std::vector<std::uint64_t>(65536);
  std::uint64_t elements_ = 0, zeros_ = 0;
  double sum_ = 0, squares_ = 0;
  float min_ = std::numeric_limits<float>::infinity(),
        max_ = -std::numeric_limits<float>::infinity();
};

// Finds the exact 99.99th percentile of magnitudes, keeping only the largest of them.
class TopMagnitudes {
 public:
  // `most` is the greatest number of magnitudes that will be added.
  explicit TopMagnitudes(std::uint64_t most) : keep_(above(most)) {}

  void add(std::span<const float> values) {
    for (float value : values) {
      const float magnitude = std::abs(value);
      if (largest_.size() < keep_) {
        largest_.push(magnitude);
      } else if (magnitude > largest_.top()) {
        largest_.pop();
        largest_.push(magnitude);
      }
    }
  }
  // Returns the magnitude at place ceil(0.9999 n) in ascending order; n magnitudes were added.
  double percentile(std::uint64_t n) const {
    auto largest = largest_;
    while (largest.size() > above(n)) largest.pop();
    return largest.empty() ? 0 : largest.top();
  }

 private:
  // Returns how many of n magnitudes are at the percentile's place or above it.
  static std::uint64_t above(std::uint64_t n) { return n == 0 ? 0 : n - place_of(99.99, n) + 1; }

  std::uint64_t keep_;
  // The largest magnitudes, the smallest of them on top.
  std::priority_queue<float, std::vector<float>, std::greater<>> largest_;
};

namespace {

// Adds |v(t) - v(t - 1)| of every element v of each sequence.
void add_differences(const Ragged<float>& values, Distribution& differences) {
  std::vector<float> row(static_cast<std::size_t>(values.cols()));
  for (Index n = 0; n < values.sequences(); ++n) {
    const MatrixView<const float> sequence = values.sequence(n);
    for (Index t = 1; t < sequence.rows; ++t) {
      for (Index i = 0; i < sequence.cols; ++i)
        row[static_cast<std::size_t>(i)] = std::abs(sequence(t, i) - sequence(t - 1, i));
      differences.add(row);
    }
  }
}

}  // namespace

struct ProfileCollector::LayerStatistics {
  Distribution input, recurrent;
  TopMagnitudes magnitudes;
  Distribution differences = {};
  double difference_p999() const {
    return differences.empty() ? kFromProfile : differences.percentile(kDifferencePercentile);
  }
};

SpreadProfile spread_profile(int width, std::vector<double> spreads) {
  std::ranges::sort(spreads);
  SpreadProfile profile{width, spreads.size(), {}};
  for (const char* percent : kPercentiles)
    profile.percentiles[percent] =
        spreads.empty() ? 0 : spreads[place_of(std::stod(percent), spreads.size()) - 1];
  return profile;
}

ProfileCollector::ProfileCollector(std::shared_ptr<const Model> model, Index frames,
                                   Index decoder_rows)
    : model_(std::move(model)) {
  for (const Layer& layer : model_->layers) {
    const Index most =
        layers_.size() < model_->stack().size() ? frames : std::max(frames, decoder_rows);
    const auto elements = static_cast<std::uint64_t>(most * layer_inputs(layer));
    layers_.push_back({{}, {}, TopMagnitudes(elements)});
  }
}

ProfileCollector::~ProfileCollector() = default;

void ProfileCollector::on_layer(Index layer, const Ragged<float>& input,
                                const Ragged<float>& output) {
  LayerStatistics& statistics = layers_[static_cast<std::size_t>(layer)];
  statistics.input.add(input.values.values());
  statistics.magnitudes.add(input.values.values());
  const Layer& seen = model_->layers[static_cast<std::size_t>(layer)];
  if (layer_recurrent(seen) > 0) statistics.recurrent.add(output.values.values());
  if (layer_axes(seen).no_plan != nullptr) return;  // the differences are for plans
  add_differences(input, statistics.differences);
  add_differences(output, statistics.differences);
}

void ProfileCollector::add(const std::function<void()>& run) {
  std::vector<LayerStatistics> before = layers_;
  try {
    run();
  } catch (...) {
    layers_ = std::move(before);
    throw;
  }
}

Profile ProfileCollector::finish() const {
  Profile profile;
  profile.model_name = model_->name;
  profile.model_sha256 = model_->sha256;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    profile.layers.push_back(
        {.name = layer_name(model_->layers[i]),
         .input = layers_[i].input.finish(),
         .recurrent = layers_[i].recurrent.finish(),
         .input_magnitude_p9999 = layers_[i].magnitudes.percentile(layers_[i].input.elements()),
         .difference_p999 = layers_[i].difference_p999()});
  }
  return profile;
}

}  // namespace edgeval
