// The answers of `edgeval serve`: lines of JSON ask for points, and each has a line of JSON as its
// answer (docs/formats/serve.md).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "eval/command/serve/line_reader.hpp"

namespace edgeval {

using Settings = std::vector<std::string>;  // of a point, "KEY=VALUE" as --set takes them

// What came of a point: an object of its figures, or why it has none.
struct PointAnswer {
  nlohmann::ordered_json figures;
  std::string error;  // empty where there are figures
};

// Evaluates points, which all differ, and returns an answer for each.
using EvaluatePoints = std::function<std::vector<PointAnswer>(std::span<const Settings> points)>;

class Service {
 public:
  // Keeps the figures of the points that were evaluated last, with their settings so many bytes.
  explicit Service(EvaluatePoints evaluate, std::size_t most_kept = std::size_t{1} << 26);

  // Returns the answers of the lines in their order, each a line of JSON without its line break.
  // Points that the service does not know yet are evaluated in one call, each once.
  std::vector<std::string> answer(const std::vector<InputLine>& lines);

 private:
  void keep(const Settings& point, const std::string& figures);

  const EvaluatePoints evaluate_;
  const std::size_t most_kept_;
  std::size_t kept_ = 0;                   // bytes of known_
  std::map<Settings, std::string> known_;  // figures as text
  std::deque<Settings> order_;             // the points of known_, the oldest first
};

}  // namespace edgeval
