#include "host/import/importer.hpp"

#include <algorithm>
#include <iterator>

#include "host/core/error.hpp"

namespace edgeval {

// Each importer is defined in the folder of its kind.
extern const Importer kSafetensorsImporter, kOpennmtImporter, kTorchImporter;

namespace {

// The importers in the order in which they are tried. The last one takes what no other recognises,
// and its reader says what is wrong with the file.
const Importer* const kImporters[] = {&kSafetensorsImporter, &kOpennmtImporter, &kTorchImporter};

const Importer& importer_of(const SourceFile& source) {
  EDGEVAL_EXPECTS(!is_model_file(source), source.path(),
                  ": is a model file of edgeval already; edgeval run --model ", source.path(),
                  " takes it");
  return **std::find_if(std::begin(kImporters), std::prev(std::end(kImporters)),
                        [&](const Importer* importer) { return importer->recognises(source); });
}

void refuse_description(const char* option, const SourceFile& source, const Importer& importer) {
  throw Error(concat(option, ": ", source.path(), ": ", importer.reads, " describes itself"));
}

}  // namespace

std::string what_import_reads() {
  std::string text;
  for (const Importer* importer : kImporters) {
    const bool last = importer == kImporters[std::size(kImporters) - 1];
    text += concat(text.empty() ? "" : last ? " or " : ", ", importer->reads);
  }
  return text;
}

Imported import_file(const SourceFile& source, const ImportRequest& request) {
  const Importer& importer = importer_of(source);
  Contents contents = importer.read(source, request);
  Imported imported;
  if (auto* dict = std::get_if<StateDict>(&contents)) {
    imported = import_state_dict(std::move(*dict), request.name, request.describe);
  } else {
    if (!request.describe.empty()) refuse_description("--describe", source, importer);
    imported = std::get<Imported>(std::move(contents));
  }
  imported.kind = importer.name;
  return imported;
}

std::string template_of_file(const SourceFile& source, const std::string& type,
                             std::vector<std::string>& notes) {
  const Importer& importer = importer_of(source);
  Contents contents = importer.read(source, {});
  auto* dict = std::get_if<StateDict>(&contents);
  if (dict == nullptr) refuse_description("--template", source, importer);
  return description_template(type, dict, notes);
}

}  // namespace edgeval
