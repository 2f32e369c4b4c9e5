// The nonlinearity axis: which functions stand in the place of sigmoid and tanh in recurrent layers
// (docs/techniques.md, "Nonlinearity"). A new choice takes a header and a place in the list here.
#pragma once

#include <optional>
#include <type_traits>
#include <variant>

#include "host/technique/nonlinearity/exact.hpp"
#include "host/technique/nonlinearity/hard.hpp"
#include "host/technique/nonlinearity/piecewise_linear.hpp"
#include "host/technique/nonlinearity/range_addressed.hpp"
#include "host/technique/nonlinearity/table.hpp"

namespace edgeval {

// The first is the neutral choice (technique.hpp).
using Nonlinearity = std::variant<Exact, LookupTable, RangeAddressed, PiecewiseLinear, Hard>;

// Returns the tables of a choice; the exact functions have none.
inline std::optional<PiecewiseTables> piecewise_tables(const Nonlinearity& choice) {
  return std::visit(
      [](const auto& technique) -> std::optional<PiecewiseTables> {
        if constexpr (std::is_same_v<std::decay_t<decltype(technique)>, Exact>)
          return std::nullopt;
        else
          return PiecewiseTables(technique.pieces(Curve::kSigmoid), technique.pieces(Curve::kTanh));
      },
      choice);
}

}  // namespace edgeval
