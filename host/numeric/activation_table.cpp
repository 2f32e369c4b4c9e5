#include "host/numeric/activation_table.hpp"

namespace edgeval {
namespace {

// e^-x for 0 <= x <= 32, by halving x to below 2^-5, the series to the ninth power and squaring back.
double exp_of_minus(double x) {
  int halvings = 0;
  for (; x > 0.03125; x /= 2) ++halvings;
  double term = 1, sum = 1;
  for (int k = 1; k <= 9; ++k) {
    term *= -x / k;
    sum += term;
  }
  for (; halvings > 0; --halvings) sum *= sum;
  return sum;
}

using Table = std::array<TableEntry, kTableSegments>;

template <class Function>
Table make_table(Function function) {
  Table table;
  const auto knot = [&](int k) {
    return static_cast<std::uint32_t>(function(static_cast<double>(k) / kSegmentsPerUnit) * (1 << kKnotBits) + 0.5);
  };
  for (int k = 0; k < kTableSegments; ++k)
    table[static_cast<std::size_t>(k)] = TableEntry{knot(k) << kRiseBits | (knot(k + 1) - knot(k))};
  return table;
}

}  // namespace

const ActivationTables& activation_tables() {
  static const Table sigmoid = make_table([](double z) { return 1 / (1 + exp_of_minus(z)); });
  static const Table tanh = make_table([](double z) {
    const double e = exp_of_minus(2 * z);
    return (1 - e) / (1 + e);
  });
  static const ActivationTables tables{sigmoid.data(), tanh.data()};
  return tables;
}

}  // namespace edgeval
