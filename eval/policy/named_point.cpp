#include "eval/policy/named_point.hpp"

#include <algorithm>
#include <sstream>

#include "eval/policy/policy.hpp"
#include "eval/policy/settings.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"

namespace edgeval {

std::optional<NamedPoint> named_point(const std::filesystem::path& path) {
  const std::string text = path.string();
  if (is_there(path)) {
    EDGEVAL_EXPECTS(!is_there(path / kSweepPointsFile), text,
                    ": is the folder of a sweep; name one of its points, as in ", text, ":1");
    return std::nullopt;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const NamedPoint point{text.substr(0, colon), text.substr(colon + 1)};
  const bool is_dense = point.number.starts_with("dense");
  if (!is_there(point.folder / kSweepPointsFile)) {
    EDGEVAL_EXPECTS(!is_dense && !std::ranges::all_of(point.number, is_digit), text, ": ",
                    point.folder.string(),
                    " holds no sweep; a point of one is named by its folder, as in sweep:17");
    return std::nullopt;
  }
  EDGEVAL_EXPECTS(!point.number.empty(), text,
                  " names no point of the sweep; put its number behind the colon, as in ", text,
                  "1");
  EDGEVAL_EXPECTS(!is_dense, text,
                  ": is no point of the sweep but the dense network, which runs without --policy");
  return point;
}

std::vector<std::string> point_settings(const NamedPoint& point) {
  const std::string name = (point.folder / kSweepPointsFile).string();
  std::istringstream lines(read_file(name));
  std::size_t last = 0;
  for (std::string line; std::getline(lines, line);) {
    parse_json(line, concat(name, ":", last + 1));  // refuses what nests deeply or stands twice
    const auto json = nlohmann::ordered_json::parse(line);
    const bool whole = json.is_object() && json.contains("point") && json.contains("settings") &&
                       json["settings"].is_object();
    EDGEVAL_EXPECTS(whole, name, ": line ", last + 1, ": is no point of a sweep");
    if (json["point"].dump() == point.number) return settings_from_json(json["settings"]);
    ++last;
  }
  throw Error(concat(name, ": has no point ", point.number, "; its points are 1 to ", last));
}

}  // namespace edgeval
