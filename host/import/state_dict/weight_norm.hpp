// Weights that PyTorch stores in other terms (torch.nn.utils): weight_norm, of old as weight_g and
// weight_v and by parametrizations, is computed; others are refused with what bakes them in.
#pragma once

#include "host/import/source_tensors.hpp"

namespace edgeval {

// Puts in the place of each pair g, v the tensor that they make: fc.weight for fc.weight_g and
// fc.weight_v or fc.parametrizations.weight.original0 and .original1.
void resolve_parametrizations(SourceTensors& source);

}  // namespace edgeval
