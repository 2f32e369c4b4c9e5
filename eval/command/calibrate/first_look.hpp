// Whether the confirm set of a calibration is new: a confidence holds for the first look alone, and
// for a set that shares nothing with the development set.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "eval/task/session.hpp"

namespace edgeval {

// Returns the folders of journals, in folders beside the calibration's, which show that the data of
// the head were looked at before with its model. Once there is a journal of the confirm set, the
// answer is that which the calibration's folder keeps, so that it stays when others come and go.
// The first process asks, before it opens that journal. Throws Error where a file cannot be
// written.
std::vector<std::string> looked_at_before(const std::string& out,
                                          const nlohmann::ordered_json& head);

// Returns how many items of `confirm` are in `development`, too: with the same id and text of an
// utterance, or the same sentence and reference.
Index shared_items(const Session& development, const Session& confirm);

}  // namespace edgeval
