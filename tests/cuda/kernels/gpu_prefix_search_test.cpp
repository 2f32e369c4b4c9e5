// Compares the prefix beam search of the device with that of the CPU, which tests/host/engine
// compares with a literal one: all results are the same bits.
#include "cuda/ctc/prefix_searcher.hpp"

#include <cmath>

#include "host/core/concat.hpp"
#include "host/core/error.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

// How the outputs of a frame lie. Those of kSteps tie often, those of kFlat always. In kSure one
// token has nearly all probability, so that a beam is never filled by others; in kTwo two tokens
// share it, so that prefixes leave the beam and come back. kFar has outputs up to the greatest.
enum class FrameKind { kWide, kSteps, kFlat, kSure, kTwo, kFar };
constexpr FrameKind kFrameKinds[] = {FrameKind::kWide, FrameKind::kSteps, FrameKind::kFlat,
                                     FrameKind::kSure, FrameKind::kTwo,   FrameKind::kFar};

void draw_frame(Random& random, FrameKind kind, std::span<float> z) {
  const auto any = [&]() -> float& {
    return z[static_cast<std::size_t>(random.whole(0, std::ssize(z) - 1))];
  };
  for (float& value : z) {
    value = static_cast<float>(random.uniform(-2, 2));
    if (kind == FrameKind::kSteps) value = std::floor(value);
    if (kind == FrameKind::kFlat) value = 0.5F;
    if (kind == FrameKind::kFar && random.chance(0.3))
      value = random.of<float>({3e38F, -3e38F, 4000, -4000, -5000});
  }
  if (kind == FrameKind::kSure || kind == FrameKind::kTwo) any() += 18;
  if (kind == FrameKind::kTwo) any() += 18;
}

struct SearchCase {
  std::vector<Index> lengths;
  Index tokens = 1;
  FrameKind kind = FrameKind::kWide;
  Beam beam;
  Index bytes = Index{1} << 30;  // of the trees at once

  std::string text() const {
    return concat(tokens, " tokens, frames of kind ", static_cast<int>(kind), ", beam ",
                  beam.index(), " up to ", widest_of(beam));
  }
};

Matrix<float> drawn_outputs(Random& random, const SearchCase& c) {
  Matrix<float> outputs(offsets_of(c.lengths).back(), c.tokens);
  for (Index t = 0; t < outputs.rows(); ++t)
    draw_frame(random, c.kind, {outputs.row(t), static_cast<std::size_t>(c.tokens)});
  return outputs;
}

// Searches on the device with a searcher that may have been used before.
std::vector<CtcSearch> searched(gpu::PrefixSearcher& searcher, const SearchCase& c,
                                const Matrix<float>& outputs, int blank,
                                const gpu::Stream& stream) {
  const std::vector<Index> offsets = offsets_of(c.lengths);
  const auto begin = on_device(offsets, stream);
  const auto there = on_device(outputs.view(), stream);
  searcher.reserve(offsets, c.tokens, widest_of(c.beam), stream);
  return searcher.search(c.beam, blank, there.view(), offsets, begin.data(), stream);
}

void expect_as_on_the_cpu(Random& random, const SearchCase& c, gpu::PrefixSearcher& searcher,
                          const gpu::Stream& stream) {
  SCOPED_TRACE(c.text());
  const Matrix<float> outputs = drawn_outputs(random, c);
  const int blank = static_cast<int>(random.whole(0, c.tokens - 1));
  const std::vector<CtcSearch> found = searched(searcher, c, outputs, blank, stream);
  const std::vector<Index> offsets = offsets_of(c.lengths);
  ASSERT_EQ(found.size(), c.lengths.size());
  for (std::size_t n = 0; n < found.size(); ++n) {
    SCOPED_TRACE(concat("utterance ", n));
    const CtcSearch expected =
        ctc_beam_search({outputs.row(offsets[n]), c.lengths[n], c.tokens, c.tokens}, blank, c.beam);
    EXPECT_EQ(found[n].ids, expected.ids);
    EXPECT_EQ(found[n].score, expected.score);
    EXPECT_EQ(found[n].rows, expected.rows);
    ASSERT_EQ(found[n], expected);
  }
}

Beam drawn_beam(Random& random, double widest) {
  switch (random.whole(0, 3)) {
    case 0:
      return DynamicBeam{std::ceil(widest / 3), widest, 0.2, 1.5};
    case 1:
      return PrunedBeam{widest, random.of<double>({0, 0.05}), random.of<double>({2, INFINITY})};
    default:
      return FixedBeam{widest};
  }
}

void expect_as_on_the_cpu(std::span<const Index> tokens, std::span<const double> widths,
                          const std::vector<Index>& lengths) {
  EDGEVAL_NEEDS_GPU();
  Random random(11 + standin_turn());
  const gpu::Stream stream;
  gpu::PrefixSearcher searcher(Index{1} << 30);
  for (const FrameKind kind : kFrameKinds)
    for (const Index each : tokens)
      for (const double widest : widths) {
        const SearchCase c{lengths, each, kind, drawn_beam(random, widest)};
        expect_as_on_the_cpu(random, c, searcher, stream);
        if (testing::Test::HasFatalFailure()) return;
      }
}

TEST(GpuPrefixSearch, IsThatOfTheCpu) {
  const Index tokens[] = {1, 2, 3, 31, 46};
  const double widths[] = {1, 2, 3, 7, 33};
  expect_as_on_the_cpu(tokens, widths, {13, 0, 1, 40, 2});
}

TEST(GpuPrefixSearch, IsThatOfTheCpuWithManyTokens) {
  const Index tokens[] = {257, 1100};
  const double widths[] = {1, 5, 40};
  expect_as_on_the_cpu(tokens, widths, {9, 3});
}

// Such beams have no room in shared memory.
TEST(GpuPrefixSearch, IsThatOfTheCpuWithWideBeams) {
  const Index tokens[] = {2, 33};
  const double widths[] = {200, 1000};
  for (const double widest : widths)
    EXPECT_EQ(gpu::scratch_bytes(33, static_cast<Index>(widest)) > gpu::kMostSharedScratch,
              widest > 200);
  expect_as_on_the_cpu(tokens, widths, {14, 6});
}

// Where memory is short, few utterances are searched at once.
TEST(GpuPrefixSearch, DoesNotDependOnTheUtterancesAtOnce) {
  EDGEVAL_NEEDS_GPU();
  Random random(12 + standin_turn());
  const gpu::Stream stream;
  for (const double widest : {6.0, 250.0}) {
    const SearchCase c{{9, 30, 4, 0, 12, 25}, 12, FrameKind::kWide, FixedBeam{widest}};
    const Matrix<float> outputs = drawn_outputs(random, c);
    gpu::PrefixSearcher all(Index{1} << 30);
    const std::vector<CtcSearch> expected = searched(all, c, outputs, 3, stream);
    for (const Index bytes : {1, 5000, 20000, 200000}) {
      gpu::PrefixSearcher few(bytes);
      EXPECT_EQ(searched(few, c, outputs, 3, stream), expected) << bytes;
    }
  }
}

// Points of a call share the memory that was taken for the widest of their beams. More utterances
// with a narrow beam would have room in it than were counted on.
TEST(GpuPrefixSearch, HasRoomForNarrowBeamsBesideTheWidest) {
  EDGEVAL_NEEDS_GPU();
  Random random(14 + standin_turn());
  const gpu::Stream stream;
  const SearchCase wide{{9, 30, 4, 0, 12, 25}, 12, FrameKind::kWide, FixedBeam{260}};
  const Matrix<float> outputs = drawn_outputs(random, wide);
  const std::vector<Index> offsets = offsets_of(wide.lengths);
  const auto begin = on_device(offsets, stream);
  const auto there = on_device(outputs.view(), stream);
  for (const Index bytes : {170000, 300000})
    for (const double widest : {230.0, 190.0}) {
      gpu::PrefixSearcher searcher(bytes);
      searcher.reserve(offsets, 12, 260, stream);
      const std::vector<CtcSearch> found =
          searcher.search(FixedBeam{widest}, 3, there.view(), offsets, begin.data(), stream);
      for (std::size_t n = 0; n < found.size(); ++n)
        EXPECT_EQ(found[n], ctc_beam_search({outputs.row(offsets[n]), wide.lengths[n], 12, 12}, 3,
                                            FixedBeam{widest}))
            << bytes << " bytes, beam " << widest << ", utterance " << n;
    }
}

TEST(GpuPrefixSearch, RefusesTreesWhoseNodesHaveNoNumbers) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  gpu::PrefixSearcher searcher(Index{1} << 60);
  const std::vector<Index> offsets{0, 3, 3 + (Index{1} << 31) / 1000 + 1, 2500000};
  EXPECT_THROW(searcher.reserve(offsets, 5, 1000, stream), Error);
}

TEST(GpuPrefixSearch, SaysWhichFrameOverflowed) {
  EDGEVAL_NEEDS_GPU();
  Random random(13);
  const gpu::Stream stream;
  const SearchCase c{{8, 9, 7}, 40, FrameKind::kWide, FixedBeam{4}};
  Matrix<float> outputs = drawn_outputs(random, c);
  outputs(8, 39) = -INFINITY;
  outputs(8 + 9 + 5, 0) = NAN;
  outputs(8 + 9 + 6, 20) = INFINITY;
  gpu::PrefixSearcher searcher(1);
  const std::vector<CtcSearch> found = searched(searcher, c, outputs, 0, stream);
  EXPECT_EQ(found[0], ctc_beam_search({outputs.data(), 8, 40, 40}, 0, c.beam));
  EXPECT_EQ(found[1], CtcSearch{.overflowed = 0});
  EXPECT_EQ(found[2], CtcSearch{.overflowed = 5});
}

}  // namespace
}  // namespace edgeval::test
