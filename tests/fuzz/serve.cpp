// Reads what `edgeval serve` may get on standard input: lines of JSON that ask for points. The
// settings of each point are applied to a policy without a file, which is then read, and each line
// that is not blank must have one answer. A line is cut after 1,024 bytes.
#include "eval/command/serve/service.hpp"

#include <fcntl.h>

#include <algorithm>
#include <set>

#include "eval/policy/policy.hpp"
#include "host/core/text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kLongestQuestion = 1024;  // bytes of a line that are kept
constexpr std::size_t kMostAtOnce = 3;          // lines

// Gives each point its settings as figures, or says why no policy has them. Points must differ.
std::vector<PointAnswer> settings_as_figures(std::span<const Settings> points) {
  fuzz::expect(std::set<Settings>(points.begin(), points.end()).size() == points.size(),
               "each point is evaluated once");
  std::vector<PointAnswer> answers;
  for (const Settings& point : points) try {
      load_policy(std::nullopt, point);
      answers.push_back({{{"settings", point}}, ""});
    } catch (const Error& error) {
      answers.push_back({{}, error.what()});
    }
  return answers;
}

// Returns the lines that must have an answer, as plainly as can be.
std::vector<std::string> questions_in(std::string_view input) {
  std::vector<std::string> lines;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    if (line.size() > kLongestQuestion || !trimmed(line).empty()) lines.emplace_back(line);
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return lines;
}

// Checks the answer of a line: {"id": ..., "error": "..."} or {"id": ..., "settings": [...]}.
void expect_answer(const std::string& answer, const std::string& line) {
  fuzz::expect(answer.find('\n') == std::string::npos, "an answer is one line");
  const ordered_json json = ordered_json::parse(answer, nullptr, false);
  fuzz::expect(json.is_object() && json.size() == 2, "an answer is an object of an id and a value");
  fuzz::expect(json.begin().key() == "id", "an answer begins with the id");
  if (json.contains("error")) {
    fuzz::expect(json["error"].is_string() && json["error"] != "", "an error says something");
    return;
  }
  fuzz::expect(json.contains("settings"), "an answer has figures or an error");
  fuzz::expect(line.size() <= kLongestQuestion, "a line that is cut is refused");
  const ordered_json question = ordered_json::parse(line, nullptr, false);
  fuzz::expect(question.is_object() && question.contains("point"), "what is answered is JSON");
  fuzz::expect(json["id"] == question.value("id", ordered_json()), "an answer has the line's id");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::bytes_of(data, size);
  const fuzz::File file(input);
  const int descriptor = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  fuzz::expect(descriptor >= 0, "a file in memory can be opened");
  LineReader reader(descriptor, kLongestQuestion);
  Service together(settings_as_figures), alone(settings_as_figures, 0);
  std::vector<std::string> answers;
  for (;;) {
    const std::vector<InputLine> lines = reader.next(kMostAtOnce);
    if (lines.empty()) break;
    const std::vector<std::string> some = together.answer(lines);
    fuzz::expect(some.size() == lines.size(), "each line has an answer");
    for (std::size_t i = 0; i < lines.size(); ++i)
      fuzz::expect(alone.answer({lines[i]}).at(0) == some[i],
                   "a line has the same answer alone and among others");
    answers.insert(answers.end(), some.begin(), some.end());
  }
  ::close(descriptor);
  const std::vector<std::string> questions = questions_in(input);
  fuzz::expect(answers.size() == questions.size(), "each line that is not blank is answered");
  for (std::size_t i = 0; i < answers.size(); ++i) expect_answer(answers[i], questions[i]);
  return 0;
}
