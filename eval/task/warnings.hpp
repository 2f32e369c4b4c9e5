// Warns of what makes the figures of a run or of a file of transcripts doubtful: errors that come
// from how texts are written rather than from the network, and techniques that did nothing. Each
// warning is one line that says what was seen and, where it is known, the cure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/score/text/text_rules.hpp"
#include "host/core/activity.hpp"
#include "host/engine/engine.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

// Warns of hypotheses without any right word, of words that run together, and of characters in the
// references that the model cannot write. References and hypotheses have one entry for each
// utterance, as they were scored. `tokens` are the texts of the model's tokens; they are empty
// where no model is known.
std::vector<std::string> text_warnings(std::span<const std::string> references,
                                       std::span<const std::string> hypotheses,
                                       std::span<const std::string> tokens = {});

// Warns of each plan and each operand of the point that left out no work in any layer. `total` is
// the activity of the whole run.
std::vector<std::string> policy_warnings(const Model& model, const OperatingPoint& point,
                                         const Activity& total);

// Warns of a dynamic beam that had its greatest width at every step. `counts` are those of the
// whole run.
std::vector<std::string> beam_warnings(const Beam& beam, const SearchCounts& counts);

}  // namespace edgeval
