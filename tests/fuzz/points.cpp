// Reads lists of points in JSON lines. The settings of each point are applied to a policy without a
// file, which is then read.
#include <span>

#include "eval/policy/policy.hpp"
#include "eval/search/point_list.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostPoints = 8;
  const fuzz::File file(fuzz::bytes_of(data, size));
  std::vector<ListedPoint> points;
  fuzz::takes([&] { points = read_point_list(file.path()); });
  for (const ListedPoint& point : std::span(points).first(std::min(points.size(), kMostPoints)))
    fuzz::takes([&] { load_policy(std::nullopt, point.settings); });
  return 0;
}
