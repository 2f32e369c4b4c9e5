// Nonlinearity: a table of N values over [lo, hi), each f at the middle or at the left end of one
// of N equal intervals; beyond the range the first or the last value holds (Rezk et al. 2020,
// section IV-A4, "look-up tables").
//   index = floor((x - lo) N / (hi - lo)), clamped to 0 ... N - 1
// An evaluation takes one read: the index is z scaled by a constant, which is free for a power of
// 2.
#pragma once

#include <array>
#include <string_view>

#include "host/technique/nonlinearity/pieces.hpp"
#include "host/technique/papers.hpp"

namespace edgeval {

enum class TableOutput : std::uint8_t { kMidpoint, kLeft };
constexpr std::array<std::string_view, 2> names(TableOutput) { return {"midpoint", "left"}; }

struct LookupTable {
  static constexpr const char* kName = "table";
  static constexpr const char* kMeaning = "values at evenly spaced places, one read each (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double entries = 256;
  double range_min = -8;
  double range_max = 8;
  TableOutput output = TableOutput::kMidpoint;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("entries", self.entries, "values in each of both tables");
    visit("range[0]", self.range_min, "where the first interval begins and the last one ends");
    visit("range[1]", self.range_max, "where the last interval ends");
    visit("output", self.output, "midpoint or left: where in its interval a value is taken");
  }

  const char* problem() const {
    if (!is_whole(entries, 1, 65536)) return "entries must be a whole number from 1 to 65536";
    if (!(range_min >= -64 && range_min < range_max && range_max <= 64))
      return "range must be [min, max] with -64 <= min < max <= 64";
    return nullptr;
  }

  LinearPieces pieces(Curve curve) const {
    const int count = static_cast<int>(entries);
    const auto place = [&](double k) { return range_min + k * (range_max - range_min) / entries; };
    const double shift = output == TableOutput::kMidpoint ? 0.5 : 0;
    LinearPieces pieces;
    for (int k = 0; k < count; ++k)
      pieces.push_back({place(k), 0, value_of(curve, place(k + shift))});
    pieces.front().knot = -std::numeric_limits<double>::infinity();
    return pieces;
  }
  NonlinearityCost cost(Curve) const { return {.reads = 1}; }
};

}  // namespace edgeval
