#include "host/numeric/softmax.hpp"

#include <array>

#include "host/numeric/precise.hpp"

namespace edgeval {
namespace {

constexpr int kSegments = 1 << kSoftmaxKnotBits;
using SegmentTable = std::array<std::uint32_t, kSegments + 1>;

// ln(1 + x) = 2 (z + z^3 / 3 + ...) with z = x / (2 + x), for 0 <= x <= 1.
double ln_of_one_plus(double x) {
  const double z = x / (2 + x);
  double power = z, sum = 0;
  for (int k = 1; k <= 39; k += 2, power *= z * z) sum += power / k;
  return 2 * sum;
}

template <class Function>
SegmentTable make_table(Function function, int fraction_bits) {
  SegmentTable table;
  for (int k = 0; k <= kSegments; ++k)
    table[static_cast<std::size_t>(k)] = static_cast<std::uint32_t>(
        function(static_cast<double>(k) / kSegments) * power_of_two(fraction_bits) + 0.5);
  return table;
}

}  // namespace

const SoftmaxTables& softmax_tables() {
  static const SegmentTable power =
      make_table([](double r) { return exp_of_minus(r * ln_of_one_plus(1)); }, kExpBits + 1);
  static const SegmentTable logarithm = make_table(ln_of_one_plus, kExpBits);
  static const SoftmaxTables tables{power.data(), logarithm.data()};
  return tables;
}

}  // namespace edgeval
