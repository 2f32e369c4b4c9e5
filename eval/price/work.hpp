// Figures of the work done that mean the same across precisions, derived from the counts; beside
// those of the dense network.
//
//   - macs_norm16: mac16 + mac8 / 3, three 8-bit multipliers in the place of one of 16 bits (P1,
//     section IV, 65 nm)
//   - weight_bits_fetched: sum over the widths b of b weight_words.b, as a batch-1 chip fetches
//   them
//   - macs_of_nonzeros: MACs whose x or h is not 0, as a chip makes them that passes over zeros
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "host/core/activity.hpp"
#include "host/engine/engine.hpp"

namespace edgeval {

// None when some MACs are of other widths than 16 and 8 bits.
std::optional<double> macs_norm16(const Activity& activity);
std::uint64_t weight_bits_fetched(const Activity& activity);
// Of a run without pseudo-skips whose operand was as_is everywhere.
std::uint64_t macs_of_nonzeros(const Activity& activity);

// dense: the activity of the dense network beside it, null if it did not run; its zeros are then
// not known.
nlohmann::ordered_json work_to_json(const Activity& activity, const OperatingPoint& point,
                                    const Activity* dense);

}  // namespace edgeval
