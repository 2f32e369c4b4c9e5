// The seam to other tools: a file of another tool's, told apart by its bytes, becomes a model. Each
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

#include "host/import/imported.hpp"
#include "host/import/state_dict/state_dict.hpp"

namespace edgeval {

// A file to import, and where in it the weights are.
class SourceFile {
 public:
  // Keeps a view on `file`. `path` opens the messages. `state_dict`: the key of the weights in a
  // checkpoint, "net" or "nets/generator"; empty: the only place.
  SourceFile(std::string_view file, std::string path, std::string state_dict = "")
      : file_(file), path_(std::move(path)), state_dict_(std::move(state_dict)) {}

  std::string_view file() const { return file_; }
  const std::string& path() const { return path_; }
  const std::string& state_dict() const { return state_dict_; }

  // Format(file, path), made once for all importers that look at it, and kept as long as this.
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
  std::string name;           // of the model, where its description has none
  std::string describe = {};  // path; empty: none
};

// What a file holds: all of a model, or weights whose front end and tokens a description gives.
using Contents = std::variant<Imported, StateDict>;

struct Importer {
  const char* name;   // of the kind of file, in reports and model files: "PyTorch state dict"
  const char* reads;  // such a file, for people: "a state dict that torch.save wrote"
  bool (*recognises)(const SourceFile& source);
  // Throws Error naming what edgeval has no counterpart for. The contents keep views on `source`.
  Contents (*read)(const SourceFile& source, const ImportRequest& request);
};

// "A, B or C": what can be imported.
std::string what_import_reads();

// Whether the file is a model file of edgeval's.
bool is_model_file(const SourceFile& source);

// The model of the file.
Imported import_file(const SourceFile& source, const ImportRequest& request);

// description_template() of the network in the file.
std::string template_of_file(const SourceFile& source, const std::string& type,
                             std::vector<std::string>& notes);

}  // namespace edgeval
