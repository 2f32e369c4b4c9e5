// The answers of `edgeval serve` without a model: which points are evaluated, what is said of lines
// that are wrong, and how lines are read.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "eval/command/serve/line_reader.hpp"
#include "eval/command/serve/service.hpp"

namespace edgeval::test {
namespace {

// A service whose points have their settings as figures; the point "refused=..." is refused.
class Echo {
 public:
  explicit Echo(std::size_t most_kept = 1 << 20)
      : service_(
            [this](std::span<const Settings> points) {
              std::vector<PointAnswer> answers;
              for (const Settings& point : points) {
                evaluated.push_back(point);
                answers.push_back({{{"settings", point}}, ""});
                if (!point.empty() && point[0].starts_with("refused"))
                  answers.back() = {{}, "a rule\nforbids it"};
              }
              ++calls;
              return answers;
            },
            most_kept) {}

  std::vector<std::string> answer(const std::vector<std::string>& texts) {
    std::vector<InputLine> lines;
    for (const std::string& text : texts) lines.push_back({.number = ++number_, .text = text});
    return service_.answer(lines);
  }
  std::string one(const std::string& text) { return answer({text}).at(0); }

  std::vector<Settings> evaluated;
  int calls = 0;

 private:
  Service service_;
  Index number_ = 0;
};

TEST(ServeService, EvaluatesEachPointOnceAndAnswersInOrder) {
  Echo echo;
  const std::vector<std::string> answers =
      echo.answer({R"({"id": 1, "point": {"a": 0.5, "b": "x"}})", R"({"id": 2, "point": {}})",
                   R"({"id": 3, "point": {"a": 0.5, "b": "x"}})",
                   R"({"id": 4, "point": {"b": "x", "a": 0.5}})"});
  EXPECT_EQ(answers, (std::vector<std::string>{R"({"id":1,"settings":["a=0.5","b=x"]})",
                                               R"({"id":2,"settings":[]})",
                                               R"({"id":3,"settings":["a=0.5","b=x"]})",
                                               R"({"id":4,"settings":["b=x","a=0.5"]})"}));
  EXPECT_EQ(echo.calls, 1);
  EXPECT_EQ(echo.evaluated.size(), 3u);  // settings apply in their order
  EXPECT_EQ(
      echo.answer({R"({"point": {}, "id": 5})", R"({"id": 6, "point": {"c": 1}})"}),
      (std::vector<std::string>{R"({"id":5,"settings":[]})", R"({"id":6,"settings":["c=1"]})"}));
  EXPECT_EQ(echo.calls, 2);
  EXPECT_EQ(echo.evaluated.size(), 4u);
  EXPECT_EQ(echo.one(R"({"id": 7, "point": {"c": 1}})"), R"({"id":7,"settings":["c=1"]})");
  EXPECT_EQ(echo.calls, 2);
}

TEST(ServeService, ReadsValuesAsListsOfPointsDo) {
  Echo echo;
  EXPECT_EQ(echo.one(R"({"point": {"a": [1, 2], "b": "x y", "c": null, "d": ".inf", "e": true}})"),
            R"({"id":null,"settings":["a=[1,2]","b=\"x y\"","c=null","d=.inf","e=true"]})");
  EXPECT_EQ(echo.one(R"({"point": {"point": 17, "settings": {"a": "[1, 2]"}}})"),
            R"({"id":null,"settings":["a=[1, 2]"]})");
}

TEST(ServeService, RepeatsTheIdWhateverItIs) {
  Echo echo;
  for (const char* id : {"0", "-7", "18446744073709551615", "0.1", "\"tr\\u0000ial \\\" \\n é\"",
                         "[1,{\"x\":[2.5]}]", "{\"b\":1,\"a\":2}", "true", "null"}) {
    const std::string text = nlohmann::ordered_json::parse(id).dump();
    EXPECT_EQ(echo.one(std::string("{\"id\": ") + id + ", \"point\": {}}"),
              "{\"id\":" + text + ",\"settings\":[]}");
  }
}

TEST(ServeService, SaysOfBadLinesWhatIsWrongWithThem) {
  const std::string deep(100'000, '[');
  // The line, the id of its answer, and a part of the error.
  const std::vector<std::array<std::string, 3>> cases{
      {"hello", "null", "is no JSON object"},
      {"[1]", "null", "is no JSON object"},
      {R"({"id": 3})", "3", "key \"point\" is missing"},
      {R"({"id": "x", "points": {}})", "\"x\"", "unknown key \"points\"; did you mean point?"},
      {R"({"id": 4, "point": 5})", "4", "point: is number, must be an object"},
      {R"({"id": 4, "point": {"settings": 5}})", "4", "settings: is number, must be an object"},
      {R"({"id": 5, "point": {"a": 1, "a": 2}})", "5", "duplicate key \"a\""},
      {R"({"id": 5, "point": {"a.b": 1, "\"a\".b": 2}})", "5", "is set twice"},
      {R"({"id": 5, "point": {"": 1}})", "5", "is no key of a policy"},
      {R"({"id": 5, "point": {"a=b": 1}})", "5", "is no key of a policy"},
      {R"({"id": 6, "id": 7, "point": {}})", "null", "duplicate key \"id\""},
      {R"({"id": 8, "point": {)", "8", "not valid JSON"},
      {R"({"point": {"id": 3}, "id": 9} x)", "9", "not valid JSON"},
      {R"({"point": [{"id": 3}, "id", 3)", "null", "not valid JSON"},
      {R"({"id": 1e999, "point": {}})", "null", "a number in the JSON is too large"},
      {R"({"id": 10, "point": {"a": 1e999}})", "10", "a number in the JSON is too large"},
      {R"({"id": 11, "point": )" + deep, "11", "nests deeper than 16 levels"},
      {R"({"id": )" + deep, "null", "nests deeper than 16 levels"},
      {"{\"id\": 12, \"point\": {\"a\": \"\xff\"}}", "12", "not valid JSON"},
      {"{\"id\": \"\xff\", \"point\": {}}", "null", "not valid JSON"},
      {std::string("{\"id\": 13, \"point\": {}}\0x", 26), "13", "which is a zero byte"},
      {std::string("\0", 1), "null", "is no JSON object"}};
  Echo echo;
  Index number = 0;
  for (const auto& [line, id, error] : cases) {
    const std::string answer = echo.one(line);
    const nlohmann::json json = nlohmann::json::parse(answer);
    EXPECT_TRUE(answer.starts_with("{\"id\":" + id + ",\"error\":\"line " +
                                   std::to_string(++number) + ": "))
        << answer;
    EXPECT_NE(json.at("error").get<std::string>().find(error), std::string::npos) << answer;
    EXPECT_LT(answer.size(), 3000u);
  }
  EXPECT_EQ(echo.calls, 0);
  EXPECT_EQ(echo.one(R"({"id": 1, "point": {}})"), R"({"id":1,"settings":[]})");
}

TEST(ServeService, SaysWhyAPointIsRefusedAmongOthers) {
  Echo echo;
  EXPECT_EQ(echo.answer({R"({"id": 1, "point": {"refused": 1}})", R"({"id": 2, "point": {"a": 1}})",
                         "{", R"({"id": 3, "point": {"refused": 1}})"}),
            (std::vector<std::string>{R"({"id":1,"error":"a rule\\nforbids it"})",
                                      R"({"id":2,"settings":["a=1"]})",
                                      R"({"id":null,"error":"line 3: not valid JSON at byte 2"})",
                                      R"({"id":3,"error":"a rule\\nforbids it"})"}));
}

TEST(ServeService, ForgetsTheOldestPointsWhenTheyAreTooMany) {
  const std::string answer = R"("settings":["a=1"]})";
  Echo echo(3 * (answer.size() + 3));  // three points of this size
  const auto ask = [&](int a) {
    const std::string value = std::to_string(a);
    EXPECT_EQ(echo.one("{\"point\": {\"a\": " + value + "}}"),
              "{\"id\":null,\"settings\":[\"a=" + value + "\"]}");
    return echo.calls;
  };
  for (const int a : {1, 2, 3}) ask(a);
  for (const int a : {1, 2, 3}) EXPECT_EQ(ask(a), 3);
  EXPECT_EQ(ask(4), 4);  // 1 is forgotten
  for (const int a : {2, 3, 4}) EXPECT_EQ(ask(a), 4);
  EXPECT_EQ(ask(1), 5);  // and 2
  for (const int a : {3, 4, 1}) EXPECT_EQ(ask(a), 5);
  EXPECT_EQ(ask(2), 6);
  Echo none(0);
  for (const int times : {1, 2}) {
    EXPECT_EQ(none.one(R"({"point": {}})"), R"({"id":null,"settings":[]})");
    EXPECT_EQ(none.calls, times);
  }
}

// A pipe whose far end a test writes.
class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_.data()) != 0) throw std::runtime_error("no pipe");
  }
  Pipe(const Pipe&) = delete;
  ~Pipe() {
    close();
    ::close(ends_[0]);
  }
  int descriptor() const { return ends_[0]; }
  void write(const std::string& text) const {
    ASSERT_EQ(::write(ends_[1], text.data(), text.size()), std::ssize(text));
  }
  void close() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{};
};

std::vector<std::string> numbered(const std::vector<InputLine>& lines) {
  std::vector<std::string> texts;
  for (const InputLine& line : lines)
    texts.push_back(std::to_string(line.number) + (line.is_cut ? "!" : ":") + line.text);
  return texts;
}

TEST(ServeLines, AreAllThatAreThere) {
  using Texts = std::vector<std::string>;
  Pipe pipe;
  LineReader reader(pipe.descriptor(), 8);
  pipe.write("a\n\n  \t\r\nb\r\nc");
  EXPECT_EQ(numbered(reader.next(64)), (Texts{"1:a", "4:b\r"}));
  pipe.write("d\ne\nf\ng\n");
  EXPECT_EQ(numbered(reader.next(3)), (Texts{"5:cd", "6:e", "7:f"}));
  EXPECT_EQ(numbered(reader.next(3)), (Texts{"8:g"}));
  pipe.write(std::string(8, 'x') + "\n" + std::string(200, 'y') + "z\n" + std::string(20, ' '));
  EXPECT_EQ(numbered(reader.next(64)), (Texts{"9:xxxxxxxx", "10!yyyyyyyy"}));
  pipe.write("\n\n\nlast");
  pipe.close();
  EXPECT_EQ(numbered(reader.next(64)), (Texts{"11!        ", "14:last"}));
  EXPECT_TRUE(reader.next(64).empty());
  EXPECT_TRUE(reader.next(64).empty());
}

TEST(ServeLines, OfAnEmptyInputAreNone) {
  Pipe pipe;
  pipe.close();
  LineReader reader(pipe.descriptor());
  EXPECT_TRUE(reader.next(64).empty());
}

TEST(ServeLines, KeepNoMoreOfALongLineThanTheirBound) {
  Pipe pipe;
  LineReader reader(pipe.descriptor(), 100);
  pipe.write(std::string(50'000, 'x') + "\ny\n");
  const std::vector<InputLine> lines = reader.next(64);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].text, std::string(100, 'x'));
  EXPECT_TRUE(lines[0].is_cut);
  EXPECT_EQ(numbered(lines)[1], "2:y");
}

}  // namespace
}  // namespace edgeval::test
