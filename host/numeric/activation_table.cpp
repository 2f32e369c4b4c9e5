#include "host/numeric/activation_table.hpp"

#include "host/numeric/precise.hpp"

namespace edgeval {
namespace {

using Table = std::array<TableEntry, kTableSegments>;

template <class Function>
Table make_table(Function function) {
  Table table;
  const auto knot = [&](int k) {
    return static_cast<std::uint32_t>(
        function(static_cast<double>(k) / kSegmentsPerUnit) * (1 << kKnotBits) + 0.5);
  };
  for (int k = 0; k < kTableSegments; ++k)
    table[static_cast<std::size_t>(k)] = TableEntry{knot(k) << kRiseBits | (knot(k + 1) - knot(k))};
  return table;
}

}  // namespace

const ActivationTables& activation_tables() {
  static const Table sigmoid = make_table(precise_sigmoid);
  static const Table tanh = make_table(precise_tanh);
  static const ActivationTables tables{sigmoid.data(), tanh.data()};
  return tables;
}

}  // namespace edgeval
