#include "host/import/foreign_file.hpp"

#include "host/core/error.hpp"
#include "host/import/opennmt/opennmt.hpp"
#include "host/import/torch/state_dict.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

// By the brace that opens the header behind its length.
bool looks_like_safetensors(std::string_view file) { return file.size() >= 9 && file[8] == '{'; }

bool is_safetensors(std::string_view file, const std::string& path) {
  EDGEVAL_EXPECTS(!is_model_file(file, path), path,
                  ": is a model file of edgeval already; edgeval run --model ", path, " takes it");
  return looks_like_safetensors(file);
}

void expect_no_key(const std::string& key, const std::string& path, const char* why) {
  EDGEVAL_EXPECTS(key.empty(), "--state-dict: ", path, ": ", why);
}

}  // namespace

bool is_model_file(std::string_view file, const std::string& path) {
  return looks_like_safetensors(file) &&
         Safetensors(file, path, Safetensors::Contents::kAny).has_metadata("edgeval");
}

Imported import_file(std::string_view file, const std::string& path, const ImportRequest& request) {
  if (is_safetensors(file, path)) {
    expect_no_key(request.state_dict, path, "a file of safetensors is one state dict");
    return import_state_dict(safetensors_state_dict(file, path), request.name, request.describe);
  }
  const TorchArchive archive(file, path);
  if (!is_opennmt(archive) || !request.state_dict.empty())
    return import_state_dict(torch_state_dict(archive, request.state_dict), request.name,
                             request.describe);
  EDGEVAL_EXPECTS(request.describe.empty(), "--describe: ", path,
                  ": an OpenNMT-py checkpoint describes itself");
  return import_opennmt(archive, request.name);
}

std::string template_of_file(std::string_view file, const std::string& path,
                             const std::string& type, const std::string& state_dict,
                             std::vector<std::string>& notes) {
  if (is_safetensors(file, path)) {
    expect_no_key(state_dict, path, "a file of safetensors is one state dict");
    StateDict dict = safetensors_state_dict(file, path);
    return description_template(type, &dict, notes);
  }
  const TorchArchive archive(file, path);
  EDGEVAL_EXPECTS(!is_opennmt(archive) || !state_dict.empty(), "--template: ", path,
                  ": an OpenNMT-py checkpoint describes itself");
  StateDict dict = torch_state_dict(archive, state_dict);
  return description_template(type, &dict, notes);
}

}  // namespace edgeval
