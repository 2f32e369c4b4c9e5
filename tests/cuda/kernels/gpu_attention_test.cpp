// Compares attention on the device with the CPU's: what it makes of the encoder's outputs, and the
// context of rows.
#include <cmath>

#include "cuda/translate/source_memory.hpp"
#include "host/core/concat.hpp"
#include "host/engine/translate/decoder_counts.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

// Rows that attend to the sentences of a batch, under one arithmetic.
struct AttentionCase {
  Attention attention;
  Arithmetic arithmetic;
  DecoderMemory memory;
  std::vector<std::int32_t> sentence, place;
  Matrix<float> probe, query;
};

AttentionCase random_attention(Random& random, Index width, const Arithmetic& arithmetic) {
  AttentionCase made;
  made.arithmetic = arithmetic;
  const std::vector<Index> lengths{5, 1, 33, random.skewed(1, 90)};
  made.memory.keys = Ragged<float>(lengths, width);
  for (float& key : made.memory.keys.values.values())
    key = random.chance(0.1) ? 0.0F : static_cast<float>(random.uniform(-1, 1));
  Attention& attention = made.attention;
  Index probed = width;
  if (random.chance(0.5)) {
    attention.type = Attention::Type::kMlp;
    probed = attention.hidden = random.skewed(1, 150);
    attention.score = random_matrix(random, 1, attention.hidden);
    made.memory.hidden = Ragged<float>(lengths, attention.hidden);
    for (float& value : made.memory.hidden.values.values())
      value = static_cast<float>(random.uniform(-2, 2));
  }
  const Index rows = random.whole(1, 9);
  for (Index r = 0; r < rows; ++r) {
    made.sentence.push_back(static_cast<std::int32_t>(random.whole(0, std::ssize(lengths) - 1)));
    made.place.push_back(static_cast<std::int32_t>(r));
  }
  made.probe = random_matrix(random, rows, probed);
  // Positions with equal scores, and probes whose formats differ.
  for (Index r = 0; r < rows; ++r) {
    const float scale = random.of<float>({0, 0x1p-20F, 1, 40});
    for (Index k = 0; k < probed; ++k) made.probe(r, k) *= scale;
  }
  made.query = random_matrix(random, rows, random.skewed(1, 70));
  return made;
}

void expect_cpus_attention(AttentionCase& given) {
  gpu::BulkCopies copies(1);
  const gpu::Stream stream;
  const bool integers = !std::holds_alternative<Fp32>(given.arithmetic);
  const Index rows = given.probe.rows(), width = given.memory.keys.cols(),
              sentences = given.memory.keys.sequences(), widest = rows;
  gpu::LaneTable lanes;
  lanes.upload(given.memory.keys.offsets, stream);
  gpu::SourceMemory source;
  source.upload(std::as_const(given.memory.keys.values).view(), lanes.lanes(), given.attention,
                given.arithmetic, copies, stream);
  if (given.attention.hidden > 0)
    upload(std::as_const(given.memory.hidden.values).view(),
           source.hidden().leading(given.memory.hidden.values.rows()), stream);
  std::vector<std::int32_t> positions;
  for (std::int32_t n : given.sentence)
    positions.push_back(static_cast<std::int32_t>(given.memory.keys.length(n)));
  const auto state = on_device(std::vector{gpu::SearchState{rows, rows, 1, 0, 0}}, stream);
  const auto sentence_there = on_device(given.sentence, stream);
  const auto place_there = on_device(given.place, stream);
  const auto positions_there = on_device(positions, stream);
  const auto begin_there = on_device(given.memory.keys.offsets, stream);
  gpu::RowView view{};
  view.state = state.data();
  view.sentence = sentence_there.data();
  view.place = place_there.data();
  view.positions = positions_there.data();
  view.begin = begin_there.data();
  const auto probe = on_device(std::as_const(given.probe).view(), stream),
             query = on_device(std::as_const(given.query).view(), stream);
  gpu::DeviceMatrix<float> both;
  both.resize_discarding(rows, width + given.query.cols(), stream);
  gpu::DeviceMatrix<std::int64_t> shares;
  shares.resize_discarding(rows, lanes.lanes().longest, stream);
  gpu::DeviceMatrix<std::int32_t> codes;
  codes.resize_discarding(rows, width, stream);
  const auto attended = zeros_on_device<std::int32_t>(2 * sentences * widest, stream);
  launch_attention(given.arithmetic,
                   {.rows = view,
                    .source = source.view(),
                    .probe = probe.view(),
                    .query = query.view(),
                    .both = both.view(),
                    .shares = shares.view(),
                    .codes = codes.view(),
                    .attended = attended.data(),
                    .sentences = sentences,
                    .widest = widest},
                   rows, stream);
  const Matrix<float> found = on_host(both, stream);
  const std::vector<std::int32_t> most = on_host(attended, 2 * sentences * widest, stream);

  const auto cpu = make_source_attention(given.attention, given.arithmetic);
  cpu->remember(given.memory);
  std::vector<unsigned long long> zeros;
  for (Index n = 0; n < sentences; ++n)
    zeros.push_back(KeyCounts::of(std::as_const(given.memory.keys).sequence(n)).zeros);
  EXPECT_EQ(source.zeros(sentences, stream), zeros);
  std::vector<float> context(static_cast<std::size_t>(width));
  for (Index r = 0; r < rows; ++r) {
    const Index n = given.sentence[static_cast<std::size_t>(r)];
    const Index at = cpu->attend(given.memory, n, given.probe.row(r), context.data());
    for (Index k = 0; k < width; ++k) {
      const float expected = context[static_cast<std::size_t>(k)];
      if (integers)
        ASSERT_EQ(found(r, k), expected) << "row " << r << ", element " << k;
      else
        ASSERT_NEAR(found(r, k), expected, 2e-5) << "row " << r << ", element " << k;
    }
    for (Index k = 0; k < given.query.cols(); ++k)
      ASSERT_EQ(found(r, width + k), given.query(r, k));
    if (integers) {
      EXPECT_EQ(most[static_cast<std::size_t>((sentences + n) * widest + r)], at);
    }
  }
}

TEST(GpuAttention, IsTheCpus) {
  EDGEVAL_NEEDS_GPU();
  Random random(47 + standin_turn());
  for (Index width : kWidths)
    for (const Arithmetic& arithmetic :
         {Arithmetic(Int16{{.input_bits = 13}}), Arithmetic(Int8{{.input_bits = 5}}),
          Arithmetic(Int8{{.input_bits = 9}}), Arithmetic(Fp32{})})
      for (int i = 0; i < (width < 1000 ? 3 : 1); ++i) {
        SCOPED_TRACE(concat(width, " elements, arithmetic ", arithmetic.index()));
        AttentionCase given = random_attention(random, width, arithmetic);
        expect_cpus_attention(given);
        if (HasFatalFailure()) return;
      }
}

}  // namespace
}  // namespace edgeval::test
