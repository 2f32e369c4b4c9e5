// Derives figures of the work done from the counts of an activity. They can be compared across
// precisions:
//
//   - macs_norm16 is mac16 + mac8 / 3, since three 8-bit multipliers take the place of one of 16
//     bits (P1, section IV, 65 nm).
//   - weight_bits_fetched is the sum over the widths b of b times weight_words.b, as a chip with
//     batch 1 fetches the weights.
//   - macs_of_nonzeros is the number of MACs whose x or h is not 0, as a chip makes them that skips
//     zeros.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "host/core/activity.hpp"
#include "host/engine/engine.hpp"

namespace edgeval {

// Returns nothing when some MACs have other widths than 16 and 8 bits.
std::optional<double> macs_norm16(const Activity& activity);
std::uint64_t weight_bits_fetched(const Activity& activity);
// Holds for a run without pseudo-skips in which every layer's operand was as_is.
std::uint64_t macs_of_nonzeros(const Activity& activity);

// Returns the object "work" of reports: every figure for the policy and for the dense network.
// `dense` is the activity of the dense network, or null when it did not run, so that its zeros are
// not known.
nlohmann::ordered_json work_to_json(const Activity& activity, const OperatingPoint& point,
                                    const Activity* dense);

}  // namespace edgeval
