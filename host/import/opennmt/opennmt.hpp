// Checkpoints of OpenNMT-py with recurrent encoder and decoder: vocabularies and options beside the
// tensors, all in one file (docs/formats.md, "Import").
#pragma once

#include "host/import/source.hpp"

namespace edgeval {

// Whether the file holds what OpenNMT-py saves: model, generator, vocab and opt.
bool is_opennmt(const TorchArchive& archive);

// Throws Error naming the option or tensor that edgeval has no counterpart for.
Imported import_opennmt(const TorchArchive& archive, const std::string& name);

}  // namespace edgeval
