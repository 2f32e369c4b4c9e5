// Manifests of JSON lines as in NeMo. Each line is an object with "audio_filepath", "text" and
// optionally "id", "speaker", and "offset" and "duration" of a part of the audio in seconds. A line
// without an id is called by the stem of its audio file, and also by its number where the stem is
// not unique. Audio paths are relative to the manifest or to the working folder.
#include <algorithm>
#include <map>

#include "datasets/layouts/layouts.hpp"
#include "datasets/layouts/listing.hpp"
#include "datasets/text/file_kind.hpp"
#include "host/core/error.hpp"
#include "host/core/files/path.hpp"
#include "host/core/json.hpp"

namespace edgeval::data {
namespace {

namespace fs = std::filesystem;

constexpr double kMostSeconds = 1e9;

bool has_value(const Fields& fields, const char* key) {
  return fields.has(key) && !fields.is_null(key);
}

Json parse_object(std::string_view line, const std::string& place) {
  EDGEVAL_EXPECTS(line != "{" && !line.starts_with('['), place,
                  ": a manifest has one JSON object on each line; make lines of a list with jq -c "
                  "'.[]', of objects over several lines with jq -c .");
  EDGEVAL_EXPECTS(line.starts_with('{'), place,
                  ": is no JSON object; a manifest has one on each line, such as "
                  "{\"audio_filepath\": \"a.wav\", \"text\": \"WORDS\"}");
  return parse_json(line, place);
}

// Returns the speaker: a name, or a number as in NeMo's manifests of speech synthesis.
std::string speaker_of(const Json& object, const Fields& fields) {
  if (!has_value(fields, "speaker")) return "";
  return object["speaker"].is_number_integer() ? object["speaker"].dump() : fields.text("speaker");
}

fs::path audio_path(const fs::path& manifest, const Fields& fields) {
  const std::string& named = fields.text("audio_filepath");
  EDGEVAL_EXPECTS(!named.empty(), fields.place(), ": \"audio_filepath\" is empty");
  EDGEVAL_EXPECTS(named.find('\0') == std::string::npos, fields.place(),
                  ": \"audio_filepath\" holds a zero byte");
  fs::path beside = manifest.parent_path() / named;
  const auto is_here = [](const fs::path& path) {
    return path_state(path).kind != PathKind::kNothing;
  };
  if (is_here(beside)) return beside;
  EDGEVAL_EXPECTS(!has_value(fields, "shard_id"), fields.place(), ": ", shown(named),
                  " lies in a tar archive, as \"shard_id\" says; unpack the archives into the "
                  "manifest's folder");
  return is_here(named) ? fs::path(named) : beside;
}

AudioPart part_of(const Fields& fields) {
  AudioPart part;
  if (has_value(fields, "offset")) part.offset = fields.number("offset", 0, kMostSeconds);
  if (has_value(fields, "duration")) part.duration = fields.number("duration", 0, kMostSeconds);
  if (!part.is_whole()) part.place = fields.place();
  return part;
}

Utterance parse_utterance(const fs::path& manifest, std::string_view line,
                          const std::string& place) {
  const Json object = parse_object(line, place);
  const Fields fields(object, place);
  Utterance utterance;
  utterance.audio = audio_path(manifest, fields);
  if (has_value(fields, "id")) {
    utterance.id = fields.text("id");
    EDGEVAL_EXPECTS(!utterance.id.empty(), place, ": \"id\" is empty");
  }
  EDGEVAL_EXPECTS(!fields.has("text") || !fields.is_null("text"), place,
                  ": \"text\" is null; write \"\" for an utterance without words");
  utterance.text = fields.text("text");
  utterance.speaker = speaker_of(object, fields);
  utterance.part = part_of(fields);
  return utterance;
}

// Gives an utterance without an id the stem of its audio file, with "-L7" behind it where line 7
// must be told from others of the same name.
void name_by_audio(std::vector<Utterance>& utterances, const std::vector<Line>& lines) {
  const auto name = [](const Utterance& utterance) {
    return utterance.id.empty() ? utterance.audio.stem().string() : utterance.id;
  };
  std::map<std::string, Index> uses;
  for (const Utterance& utterance : utterances) ++uses[name(utterance)];
  for (std::size_t n = 0; n < utterances.size(); ++n) {
    if (!utterances[n].id.empty()) continue;
    utterances[n].id = name(utterances[n]);
    if (uses[utterances[n].id] > 1) utterances[n].id += concat("-L", lines[n].number);
  }
}

// Whether the file is a manifest. A .json file is one only if its first line is, since other tools'
// settings have this ending, too.
bool is_manifest(const fs::path& path) {
  const fs::path ending = path.extension();
  if ((ending != ".jsonl" && ending != ".json") || path_kind(path) != PathKind::kFile) return false;
  return ending == ".jsonl" || is_speech_manifest(head_of(path));
}

std::vector<std::string> manifest_splits(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& path : entries_of(folder))
    if (is_manifest(path)) names.push_back(path.stem().string());
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  EDGEVAL_EXPECTS(twice == names.end(), folder.string(), ": ", *twice, ".json and ", *twice,
                  ".jsonl are both manifests; name one of them as --data");
  return names;
}

bool recognises_manifest(const fs::path& folder) { return !manifest_splits(folder).empty(); }

std::vector<Utterance> read_manifest_split(const fs::path& folder, const std::string& split) {
  const fs::path lines = folder / (split + ".jsonl");
  return read_manifest(is_there(lines) ? lines : folder / (split + ".json"));
}

}  // namespace

std::vector<Utterance> read_manifest(const fs::path& path) {
  expect_kind(path, "a manifest or a folder is wanted");
  const TextFile file(path);
  std::vector<Utterance> utterances;
  for (const Line& line : file.lines())
    utterances.push_back(parse_utterance(path, line.text, file.place(line)));
  name_by_audio(utterances, file.lines());
  UtteranceList list;
  for (std::size_t n = 0; n < utterances.size(); ++n)
    list.add(std::move(utterances[n]), file.place(file.lines()[n]));
  return list.take();
}

extern const Layout kManifestLayout{"manifest", "manifests (SPLIT.jsonl, SPLIT.json)",
                                    recognises_manifest, manifest_splits, read_manifest_split};

}  // namespace edgeval::data
