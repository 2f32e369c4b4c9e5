// Where the weights are in what torch.save wrote: the state dict at the root or, whatever its key
// is, one or two levels below; or a whole module, whose tensors are those of its state dict.
// Options, optimizers and the rest are left out.
#pragma once

#include <string>
#include <vector>

#include "host/import/source.hpp"
#include "host/import/torch/torch_archive.hpp"

namespace edgeval {

// The tensors of the state dict. `key` is its place in the checkpoint, "net" or "nets/generator";
// empty: the only one there is, or of several the one at state_dict, model_state_dict or model.
// What else the checkpoint holds is named in `left_out`. Throws, listing the keys, when there is
// none or it is not clear which.
SourceTensors checkpoint_tensors(const TorchArchive& archive, const std::string& key,
                                 std::vector<std::string>& left_out);

}  // namespace edgeval
