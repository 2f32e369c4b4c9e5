// What results depend on, for the heads of journals, and how several processes share a machine.
#pragma once

#include <nlohmann/json.hpp>

#include "eval/command/sweep/ranks.hpp"
#include "eval/task/task.hpp"

namespace edgeval {

// Returns the keys of a head that follow from the program, the model, the test set and the task's
// options. With `floats`, products of fp32 are made, whose bits differ from device to device.
nlohmann::ordered_json results_head(Session& session, const Request& request, bool floats);

// Gives the processes of one machine its GPUs in turn, and a share of the processors each, among
// those that are bound to the same ones.
EngineChoice engine_of(EngineChoice choice, const Ranks& ranks);

}  // namespace edgeval
