// Imports PyTorch's weights from a safetensors file, as Hugging Face has them: one state dict.
#include "host/model/safetensors.hpp"
#include "host/core/error.hpp"
#include "host/import/importer.hpp"

namespace edgeval {
namespace {

// A safetensors file has the brace that opens its header right after the header's length.
bool recognises_safetensors(const SourceFile& source) {
  return source.file().size() >= 9 && source.file()[8] == '{';
}

Contents read_safetensors(const SourceFile& source, const ImportRequest& /*request*/) {
  EDGEVAL_EXPECTS(source.state_dict().empty(), "--state-dict: ", source.path(),
                  ": a file of safetensors is one state dict");
  StateDict dict{.source = SourceTensors(source.path()), .in_order = false};
  const Safetensors file(source.file(), source.path(), Safetensors::Contents::kAny);
  for (const Safetensors::Entry& entry : file.entries()) {
    const std::uint64_t count = entry.size == 0 ? 0 : entry.bytes.size() / entry.size;
    dict.source.add_row_major(entry.name, {entry.dtype, entry.size, count, entry.bytes},
                              entry.shape);
  }
  return dict;
}

}  // namespace

extern const Importer kSafetensorsImporter{"PyTorch weights in safetensors",
                                           "PyTorch's weights in safetensors",
                                           recognises_safetensors, read_safetensors};

bool is_model_file(const SourceFile& source) {
  return recognises_safetensors(source) &&
         Safetensors(source.file(), source.path(), Safetensors::Contents::kAny)
             .has_metadata("edgeval");
}

}  // namespace edgeval
