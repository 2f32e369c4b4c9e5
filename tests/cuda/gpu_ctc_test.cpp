// Points with beams on the GPU engine: their texts are found on the device, among points without a
// beam and with other ones.
#include "host/engine/ctc.hpp"
#include "tests/cuda/compare.hpp"
#include "tests/support/points.hpp"
#include "tests/support/relatives.hpp"

namespace edgeval::test {
namespace {

// Gives the points beams, in turn none.
void add_beams(std::vector<OperatingPoint>& points) {
  const std::optional<Beam> beams[] = {{}, FixedBeam{4}, PrunedBeam{9, 0, 3}, FixedBeam{11}};
  for (std::size_t p = 0; p < points.size(); ++p) points[p].beam = beams[p % std::size(beams)];
}

TEST(GpuCtc, FindsTheTextsOfTheCpuInIntegers) {
  EDGEVAL_NEEDS_GPU();
  Random random(8 + standin_turn());
  const Model model = model_of_relatives();
  const auto features =
      std::make_shared<Ragged<float>>(random_batch(random, {12, 40, 0, 33, 2}, 7));
  std::vector<OperatingPoint> points = integer_relatives(random, model, Kind::kMixed, 6);
  for (std::size_t p = 0; p < 6; ++p) points.push_back(points[p]);
  add_beams(points);
  std::ranges::rotate(points, points.begin() + 3);  // those with equal layers have other beams
  const Wanted wanted{.best = true};
  OrderedResults gpu = results_of(*gpu::make_engine(borrowed(model), {}), features, points, wanted),
                 cpu = results_of(*make_cpu_engine(borrowed(model), {}), features, points, wanted);
  for (Index p = 0; p < std::ssize(points); ++p) {
    SCOPED_TRACE(p);
    const bool beam = points[static_cast<std::size_t>(p)].beam.has_value();
    EXPECT_EQ(gpu.of(p).searches.size(), beam ? 5U : 0U);
    EXPECT_EQ(gpu.of(p).searches, cpu.of(p).searches);
    EXPECT_EQ(gpu.of(p).activity, cpu.of(p).activity);
    EXPECT_EQ(gpu.of(p).outputs.values.size(), 0);
    EXPECT_TRUE(std::ranges::equal(gpu.of(p).best.values.values(), cpu.of(p).best.values.values()));
  }
}

TEST(GpuCtc, SearchesTheOutputsThatItHas) {
  EDGEVAL_NEEDS_GPU();
  Random random(9 + standin_turn());
  const Model model = model_of_relatives();
  const auto features = std::make_shared<Ragged<float>>(random_batch(random, {21, 5, 44}, 7));
  std::vector<OperatingPoint> points(4, dense_point(model));
  add_beams(points);
  OrderedResults results =
      results_of(*gpu::make_engine(borrowed(model), {}), features, points, {.outputs = true});
  for (std::size_t p = 1; p < points.size(); ++p) {
    const BatchResult& result = results.of(static_cast<Index>(p));
    ASSERT_EQ(result.searches.size(), 3U);
    for (std::size_t n = 0; n < 3; ++n)
      EXPECT_EQ(result.searches[n], ctc_beam_search(result.outputs.sequence(static_cast<Index>(n)),
                                                    model.blank, *points[p].beam));
  }
}

}  // namespace
}  // namespace edgeval::test
