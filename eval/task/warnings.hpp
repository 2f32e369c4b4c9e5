// What makes the figures of a run or of a file of transcripts doubtful: errors that come from how
// texts are written rather than from the network, searches that never ended, techniques that did
// nothing. Each is one line that names what was seen and the cure, where one is known.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/score/text/text_rules.hpp"
#include "host/core/activity.hpp"
#include "host/engine/engine.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

// Of transcripts beside hypotheses, one entry per utterance, as they were scored.
// tokens: what a model can write, or nothing where no model is known.
std::vector<std::string> text_warnings(std::span<const std::string> references,
                                       std::span<const std::string> hypotheses,
                                       std::span<const std::string> tokens = {});

// Of a policy: a plan or an operand that left out no work. total: of the run, with the layers of
// the point.
std::vector<std::string> policy_warnings(const Model& model, const OperatingPoint& point,
                                         const Activity& total);

// Of a beam that could have been narrower and never was. counts: of the whole search.
std::vector<std::string> beam_warnings(const Beam& beam, const SearchCounts& counts);

}  // namespace edgeval
