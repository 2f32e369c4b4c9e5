#include "host/core/files/yaml_file.hpp"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"

namespace edgeval {
namespace {

// The largest file that is read. Files that people write have a few thousand bytes, and yaml-cpp
// takes up to 200 bytes of memory for each byte of a file.
constexpr std::size_t kMostBytes = std::size_t{1} << 17;

// Keeps the place where a document began, and nothing of its contents.
class Begin : public YAML::EventHandler {
 public:
  const YAML::Mark& mark() const { return mark_; }

  void OnDocumentStart(const YAML::Mark& mark) override { mark_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  YAML::Mark mark_ = YAML::Mark::null_mark();
};

// Throws unless the text holds at most one document. YAML::LoadAll would never end at a stray
// comma, where the parser finds one empty document after the other without moving on.
void expect_one_document(const std::string& text, const std::string& name) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Begin first, second, third;
  if (!parser.HandleNextDocument(first) || !parser.HandleNextDocument(second)) return;
  const bool more = parser.HandleNextDocument(third);
  if (second.mark().pos == first.mark().pos || (more && third.mark().pos == second.mark().pos))
    throw YAML::ParserException(second.mark(), "no value can begin here");
  throw Error(concat(name, ": holds several YAML documents, must be one"));
}

}  // namespace

YAML::Node load_yaml(const std::filesystem::path& file) {
  const std::string name = file.string(), text = read_file(file, Pipes::kRefused, kMostBytes);
  expect_utf8(text, file);
  try {
    expect_one_document(text, name);
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw_not_yaml(name, error);
  }
}

void throw_not_yaml(const std::string& name, const YAML::Exception& error) {
  throw Error(concat(name, ":", std::max(error.mark.line, 0) + 1, ": not YAML: ", error.msg));
}

}  // namespace edgeval
