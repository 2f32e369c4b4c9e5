// Weights that PyTorch stores in other terms (torch.nn.utils). A weight_norm is computed, whether
// it is stored as weight_g and weight_v or by parametrizations. Other forms are refused with the
// call that bakes them in.
#pragma once

#include "host/import/source/source_tensors.hpp"

namespace edgeval {

// Replaces each pair g, v by the tensor that they make: fc.weight_g and fc.weight_v, or
// fc.parametrizations.weight.original0 and .original1, become fc.weight.
void resolve_parametrizations(SourceTensors& source);

}  // namespace edgeval
