// JSON-lines manifests as in NeMo: {"id", "audio_filepath", "text", "speaker"?} on each line, audio
// paths relative to the manifest. Other keys are let pass, but a part of an audio file ("offset")
// is not understood and refused.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/layouts.hpp"
#include "datasets/listing.hpp"
#include "host/core/error.hpp"

namespace edgeval::data {
namespace {

using nlohmann::json;

json parse_object(std::string_view line, const std::string& place) {
  try {
    json object = json::parse(line);
    EDGEVAL_EXPECTS(object.is_object(), place, ": not a JSON object, but ", object.type_name());
    return object;
  } catch (const json::exception& error) {
    const auto* parse_error = dynamic_cast<const json::parse_error*>(&error);
    throw Error(concat(place, ": not JSON",
                       parse_error ? concat(", at byte ", parse_error->byte, " of the line") : ""));
  }
}

std::string text_of(const json& object, const char* key, const std::string& place) {
  const auto value = object.find(key);
  EDGEVAL_EXPECTS(value != object.end(), place, ": the key \"", key, "\" is missing");
  EDGEVAL_EXPECTS(value->is_string(), place, ": \"", key, "\" is ", value->dump(),
                  ", must be a text in quotes");
  return value->get<std::string>();
}

bool is_manifest(const std::filesystem::directory_entry& entry) {
  return entry.path().extension() == ".jsonl" && entry.is_regular_file();
}

std::vector<std::string> splits(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (is_manifest(entry)) names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

bool recognises(const std::filesystem::path& folder) { return !splits(folder).empty(); }

std::vector<Utterance> read(const std::filesystem::path& folder, const std::string& split) {
  return read_manifest(folder / (split + ".jsonl"));
}

}  // namespace

std::vector<Utterance> read_manifest(const std::filesystem::path& path) {
  const TextFile file(path);
  UtteranceList list;
  for (const Line& line : file.lines()) {
    const std::string place = file.place(line);
    const json object = parse_object(line.text, place);
    const std::string audio = text_of(object, "audio_filepath", place);
    EDGEVAL_EXPECTS(!audio.empty(), place, ": \"audio_filepath\" is empty");
    EDGEVAL_EXPECTS(
        !object.contains("offset") || object["offset"] == 0, place,
        ": \"offset\" is not supported; cut the part into a file of its own with sox trim");
    list.add(
        {text_of(object, "id", place), path.parent_path() / audio, text_of(object, "text", place),
         object.contains("speaker") ? text_of(object, "speaker", place) : ""},
        place);
  }
  return list.take();
}

const Layout kManifestLayout{"manifest", recognises, splits, read};

}  // namespace edgeval::data
