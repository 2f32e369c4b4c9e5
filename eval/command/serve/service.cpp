#include "eval/command/serve/service.hpp"

#include <utility>

#include "eval/search/point_list.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

using nlohmann::ordered_json;

// Finds the id of a line that cannot be read as a whole: the value of the key "id" of the outermost
// object, where that stands in front of what is wrong and is a number, a text, true or false.
class IdFinder : public nlohmann::json_sax<ordered_json> {
 public:
  const ordered_json& id() const { return id_; }

  bool null() override { return take(nullptr); }
  bool boolean(bool value) override { return take(value); }
  bool number_integer(number_integer_t value) override { return take(value); }
  bool number_unsigned(number_unsigned_t value) override { return take(value); }
  bool number_float(number_float_t value, const string_t&) override { return take(value); }
  bool string(string_t& value) override { return take(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return depth_ > 0 && open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& key) override {
    is_next_ = depth_ == 1 && key == "id";
    if (!is_next_ || !was_there_) {
      was_there_ = was_there_ || is_next_;
      return true;
    }
    id_ = nullptr;  // which of several ids is meant is not known
    return false;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool take(const ordered_json& value) {
    if (is_next_) id_ = value;
    is_next_ = false;
    return depth_ > 0;
  }
  bool open() {
    is_next_ = false;
    ++depth_;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  ordered_json id_ = nullptr;
  std::size_t depth_ = 0;
  bool is_next_ = false;    // whether the next value is the id
  bool was_there_ = false;  // whether the key was met
};

std::string dumped(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// What a line asks for.
struct Asked {
  std::string id = "null";  // as JSON
  Settings point{};
  std::string error{};  // empty where the line is in order
};

// Returns the object of a line once as it is checked and once with its keys in their order, in
// which settings apply.
std::pair<Json, ordered_json> read_object(const InputLine& line, const std::string& place) {
  EDGEVAL_EXPECTS(!line.is_cut, place, ": is longer than ", line.text.size(), " bytes");
  const std::string_view text = trimmed(line.text);
  EDGEVAL_EXPECTS(text.starts_with('{'), place,
                  ": is no JSON object, such as {\"id\": 1, \"point\": {\"plan.threshold\": 0.5}}");
  Json checked = parse_json(text, place);
  return {std::move(checked), ordered_json::parse(text)};
}

Asked read(const InputLine& line) {
  const std::string place = concat("line ", line.number);
  Asked asked;
  try {
    const auto [checked, object] = read_object(line, place);
    if (object.contains("id")) asked.id = dumped(object["id"]);
    const Fields fields(checked, place);
    fields.expect_only({"id", "point"});
    fields.object("point");  // throws Error unless it is there
    asked.point = settings_of_point(object["point"], place + ": point");
  } catch (const Error& error) {
    asked.error = error.what();
    if (asked.id != "null") return asked;
    IdFinder finder;
    ordered_json::sax_parse(line.text, &finder);
    asked.id = dumped(finder.id());
  }
  return asked;
}

std::string error_text(const std::string& error) {
  return "\"error\":" + dumped(message_line(error)) + "}";
}

// Returns what a point takes among those that are kept.
std::size_t bytes_of(const Settings& point, const std::string& figures) {
  std::size_t bytes = figures.size();
  for (const std::string& setting : point) bytes += setting.size();
  return bytes;
}

}  // namespace

Service::Service(EvaluatePoints evaluate, std::size_t most_kept)
    : evaluate_(std::move(evaluate)), most_kept_(most_kept) {}

void Service::keep(const Settings& point, const std::string& figures) {
  known_.emplace(point, figures);
  order_.push_back(point);
  kept_ += bytes_of(point, figures);
  while (kept_ > most_kept_) {
    const auto oldest = known_.find(order_.front());
    kept_ -= bytes_of(oldest->first, oldest->second);
    known_.erase(oldest);
    order_.pop_front();
  }
}

std::vector<std::string> Service::answer(const std::vector<InputLine>& lines) {
  std::vector<Asked> all;
  std::vector<Settings> points;
  std::map<Settings, std::string> here;  // what is said of each point of these lines
  for (const InputLine& line : lines) {
    const Asked& asked = all.emplace_back(read(line));
    if (!asked.error.empty()) continue;
    const auto known = known_.find(asked.point);
    const bool is_known = known != known_.end();
    const bool is_first = here.emplace(asked.point, is_known ? known->second : "").second;
    if (is_first && !is_known) points.push_back(asked.point);
  }
  if (!points.empty()) {
    const std::vector<PointAnswer> answers = evaluate_(points);
    EDGEVAL_ASSERT(answers.size() == points.size());
    for (std::size_t p = 0; p < points.size(); ++p) {
      const PointAnswer& answer = answers[p];
      const bool has_figures = answer.error.empty();
      here[points[p]] = has_figures ? dumped(answer.figures).substr(1) : error_text(answer.error);
      if (has_figures) keep(points[p], here[points[p]]);
    }
  }
  std::vector<std::string> texts;
  for (const Asked& asked : all)
    texts.push_back("{\"id\":" + asked.id + "," +
                    (asked.error.empty() ? here.at(asked.point) : error_text(asked.error)));
  return texts;
}

}  // namespace edgeval
