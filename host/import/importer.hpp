// The seam to other tools: a file of another tool, recognised by its bytes, becomes a model. Each
// kind of file has an Importer in a folder of its own; importers.cpp has the list.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <variant>
#include <vector>

#include "host/import/source/imported.hpp"
#include "host/import/state_dict/state_dict.hpp"

namespace edgeval {

// A file to import, and where in it the weights are.
class SourceFile {
 public:
  // Keeps a view of `file`. `path` opens the messages. `state_dict` is the key of the weights in a
  // checkpoint, such as "net" or "nets/generator"; empty for the only place that has any.
  SourceFile(std::string_view file, std::string path, std::string state_dict = "")
      : file_(file), path_(std::move(path)), state_dict_(std::move(state_dict)) {}

  std::string_view file() const { return file_; }
  const std::string& path() const { return path_; }
  const std::string& state_dict() const { return state_dict_; }

  // Returns Format(file, path), which is made once for all importers that look at it and lives as
  // long as this object.
  template <class Format>
  const Format& as() const {
    std::shared_ptr<void>& kept = formats_[typeid(Format)];
    if (kept == nullptr) kept = std::make_shared<Format>(file_, path_);
    return *static_cast<const Format*>(kept.get());
  }

 private:
  std::string_view file_;
  std::string path_, state_dict_;
  mutable std::map<std::type_index, std::shared_ptr<void>> formats_;
};

struct ImportRequest {
  std::string name;           // name of the model, where its description has none
  std::string describe = {};  // path of the description; empty: none
};

// What a file holds: a whole model, or weights whose front end and tokens a description gives.
using Contents = std::variant<Imported, StateDict>;

struct Importer {
  const char* name;   // name of the kind of file in reports and model files: "PyTorch state dict"
  const char* reads;  // such a file, for people: "a state dict that torch.save wrote"
  bool (*recognises)(const SourceFile& source);
  // Throws Error naming what edgeval has no counterpart for. The contents keep views of `source`.
  Contents (*read)(const SourceFile& source, const ImportRequest& request);
};

// Returns what can be imported, as "A, B or C".
std::string what_import_reads();

// Whether the file is a model file of edgeval.
bool is_model_file(const SourceFile& source);

// Returns the model that the file and the request describe. Throws Error where edgeval cannot
// import it.
Imported import_file(const SourceFile& source, const ImportRequest& request);

// Returns the description_template() of the network in the file.
std::string template_of_file(const SourceFile& source, const std::string& type,
                             std::vector<std::string>& notes);

}  // namespace edgeval
