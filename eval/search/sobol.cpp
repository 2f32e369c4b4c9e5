#include "eval/search/sobol.hpp"

#include <boost/random/sobol.hpp>
#include <utility>

#include "host/core/error.hpp"

namespace edgeval {

struct SobolSequence::Engine {
  boost::random::sobol sequence;
};

std::size_t SobolSequence::most_dimensions() {
  return boost::random::default_sobol_table::max_dimension;
}

SobolSequence::SobolSequence(std::vector<std::uint64_t> shift) : shift_(std::move(shift)) {
  EDGEVAL_ASSERT(!shift_.empty() && shift_.size() <= most_dimensions());
  engine_ = std::make_unique<Engine>(Engine{boost::random::sobol(shift_.size())});
}

SobolSequence::~SobolSequence() = default;

std::vector<double> SobolSequence::next() {
  std::vector<double> point;
  point.reserve(shift_.size());
  for (const std::uint64_t shift : shift_) {
    const std::uint64_t digits = (is_first_ ? 0 : engine_->sequence()) ^ shift;
    point.push_back(static_cast<double>(digits >> 11) * 0x1p-53);
  }
  is_first_ = false;
  return point;
}

}  // namespace edgeval
