// The plan axis: which steps run. A new choice takes a header and a place in the list here.
#pragma once

#include <variant>

#include "host/technique/every_step.hpp"
#include "host/technique/similarity_skip.hpp"

namespace edgeval {

// The first is the neutral choice (technique.hpp).
using Plan = std::variant<EveryStep, SimilaritySkip>;

}  // namespace edgeval
