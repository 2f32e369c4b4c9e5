// Another tool's file of whatever kind, told apart by its bytes: what torch.save writes, an
// OpenNMT-py checkpoint among it, or PyTorch's weights in safetensors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/import/source.hpp"

namespace edgeval {

struct ImportRequest {
  std::string name;        // of the model, where its description has none
  std::string describe;    // path; empty: none
  std::string state_dict;  // key in a checkpoint; empty: the only one
};

// Whether the file is a model file of edgeval's.
bool is_model_file(std::string_view file, const std::string& path);

// The model of the file. `path` opens the messages.
Imported import_file(std::string_view file, const std::string& path, const ImportRequest& request);

// description_template() of the network in the file.
std::string template_of_file(std::string_view file, const std::string& path,
                             const std::string& type, const std::string& state_dict,
                             std::vector<std::string>& notes);

}  // namespace edgeval
