// Compares the best candidates of rows, and the log-probabilities of given words, with those that
// are found by sorting all words of the vocabulary.
#include "cuda/translate/vocabulary.hpp"

#include <algorithm>
#include <cmath>

#include "cuda/kernel/softmax_tables.hpp"
#include "cuda/kernel/step_numbers.hpp"
#include "host/core/concat.hpp"
#include "host/engine/translate/softmax.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

// How the scores of a row's words lie. kFirst has the greatest among the first words, as
// vocabularies sorted by frequency do. The scores of kNear differ by so little that candidates tie
// once they are rounded. In kLows a few words stand out over many whose weight is 0.
enum class Spread { kWide, kTies, kEqual, kNear, kFirst, kLows };
constexpr Spread kSpreads[] = {Spread::kWide, Spread::kTies,  Spread::kEqual,
                               Spread::kNear, Spread::kFirst, Spread::kLows};

double random_score(Random& random, Spread spread, Index word, Index width, double lowest) {
  switch (spread) {
    case Spread::kWide:
      return random.uniform(-18, 6);
    case Spread::kTies:
      return -0.5 * static_cast<double>(random.whole(0, 30) / 8);
    case Spread::kEqual:
      return 1.25;
    case Spread::kNear:
      return 3 - std::ldexp(static_cast<double>(random.whole(0, 60)), -kStateBits);
    case Spread::kFirst:
      return random.uniform(-2, 2) - 20 * static_cast<double>(word) / static_cast<double>(width);
    case Spread::kLows:
      return random.chance(10 / static_cast<double>(width)) ? random.uniform(-3, 3) : lowest;
  }
  return 0;
}

// The sums of some rows and their literal log-probabilities, in one arithmetic.
struct SummedRows {
  Arithmetic arithmetic;
  Matrix<float> log_probabilities;  // [rows, V]
  gpu::DeviceBuffer<std::byte> sums, numbers;
  gpu::DeviceBuffer<std::int64_t> bias;
  gpu::DeviceBuffer<std::uint32_t> narrow_bias;
  gpu::DeviceSoftmaxTables softmax;
  gpu::DeviceBuffer<float> float_bias;
  gpu::VocabularyTask task;
};

SummedRows float_rows_of(Random& random, Spread spread, Index rows, Index width,
                         const gpu::Stream& stream) {
  SummedRows made;
  made.arithmetic = Fp32{};
  made.log_probabilities = Matrix<float>(rows, width);
  const Index stride = gpu::padded_to(width, 4);
  std::vector<float> sums(static_cast<std::size_t>(rows * stride), NAN), bias;
  for (Index v = 0; v < width; ++v)
    bias.push_back(spread == Spread::kWide ? static_cast<float>(random.uniform(-1, 1)) : 0.0F);
  for (Index r = 0; r < rows; ++r) {
    float* const row = made.log_probabilities.row(r);
    for (Index v = 0; v < width; ++v) {
      const double lowest = v % 2 == 0 ? -1e30 : -INFINITY;
      const auto sum = static_cast<float>(random_score(random, spread, v, width, lowest));
      sums[static_cast<std::size_t>(r * stride + v)] = sum;
      row[v] = sum + bias[static_cast<std::size_t>(v)];
    }
    log_softmax(row, width);
  }
  made.sums.upload(std::as_bytes(std::span(sums)), stream);
  made.float_bias.upload(bias, stream);
  made.numbers = bytes_on_device(FloatNumbers{made.float_bias.data()}, stream);
  made.task = {.sums = {made.sums.data(), stride},
               .numbers = made.numbers.data(),
               .sums_fit = random.chance(0.5),  // both forms read the same memory
               .width = width,
               .softmax = {}};
  return made;
}

// fits: whether the numbers have the form of a step, in which no score saturates.
template <int kBits>
SummedRows integer_rows_of(Random& random, Spread spread, Index rows, Index width, bool fits,
                           const gpu::Stream& stream) {
  using Sum = std::conditional_t<kBits == 16, std::int64_t, std::int32_t>;
  constexpr int kSumBits = 21;
  const int up = fits || kBits == 16 ? 0 : 3;
  const double lowest = fits ? -900 : -3000;
  SummedRows made;
  made.arithmetic = std::conditional_t<kBits == 16, Int16, Int8>{};
  made.log_probabilities = Matrix<float>(rows, width);
  const Index digits = kBits / 8, stride = gpu::padded_to(digits * width, 16);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(rows * digits * stride), 0x7FFFFFFF), z;
  std::vector<std::int64_t> bias;
  for (Index v = 0; v < width; ++v)
    bias.push_back(spread == Spread::kWide ? random.whole(-(1 << 20), 1 << 20) : 0);
  for (Index r = 0; r < rows; ++r) {
    z.clear();
    for (Index v = 0; v < width; ++v) {
      const double score = random_score(random, spread, v, width, lowest);
      const auto sum = static_cast<std::int64_t>(std::llround(std::ldexp(score, kSumBits - up)));
      const double exact = static_cast<double>(sum) * (1 << up) +
                           static_cast<double>(bias[static_cast<std::size_t>(v)]);
      z.push_back(static_cast<std::int32_t>(std::clamp<double>(
          static_cast<double>(std::llround(std::ldexp(exact, kStateBits - kSumBits))), -0x1p31,
          0x1p31 - 1)));
      std::int32_t* const at = sums.data() + r * digits * stride + v;
      if (kBits == 8) {
        *at = static_cast<std::int32_t>(sum);
      } else {
        const auto part = static_cast<std::int32_t>(random.whole(-1000, 1000));
        at[0] = static_cast<std::int32_t>(sum >> 16);
        at[width] = part;
        at[stride] = static_cast<std::int32_t>((sum >> 8) & 255) - part;
        at[stride + width] = static_cast<std::int32_t>(sum & 255);
      }
    }
    log_softmax(z.data(), width, made.log_probabilities.row(r));
  }
  made.sums.upload(std::as_bytes(std::span(sums)), stream);
  made.bias.upload(bias, stream);
  made.narrow_bias.upload(std::vector<std::uint32_t>(bias.begin(), bias.end()), stream);
  made.softmax.upload(stream);
  FixedNumbers<Sum> numbers{};
  numbers.bias = made.bias.data();
  numbers.up_x = numbers.up_h = up;
  numbers.sum_bits = kSumBits;
  made.numbers =
      fits ? bytes_on_device(gpu::step_numbers(numbers, nullptr, made.narrow_bias.data()), stream)
           : bytes_on_device(numbers, stream);
  made.task = {.sums = {made.sums.data(), stride},
               .numbers = made.numbers.data(),
               .sums_fit = fits,
               .width = width,
               .softmax = made.softmax.view()};
  return made;
}

SummedRows random_rows(Random& random, Spread spread, Index rows, Index width,
                       const gpu::Stream& stream) {
  const Index which = random.whole(0, 4);
  if (which == 0) return float_rows_of(random, spread, rows, width, stream);
  if (which < 3) return integer_rows_of<8>(random, spread, rows, width, which == 1, stream);
  return integer_rows_of<16>(random, spread, rows, width, which == 3, stream);
}

constexpr Candidate kUntouched{7, 7, 7};

void expect_best_candidates(Random& random, Spread spread, Index width, Index count) {
  const gpu::Stream stream;
  constexpr Index kRows = 3, kRunning = 2;
  const SummedRows made = random_rows(random, spread, kRows, width, stream);
  const int eos = static_cast<int>(random.whole(0, width - 1)), shortest = random.chance(0.5);
  std::vector<float> before;
  std::vector<std::int32_t> place;
  for (Index r = 0; r < kRows; ++r) {
    before.push_back(random.of<float>({0, -1.25F, -87.3F, -30000, -1e9F}));
    place.push_back(static_cast<std::int32_t>(random.whole(0, 9)));
  }
  const gpu::SearchState state{kRunning, kRunning, 0, 0, 0};
  const auto state_there = on_device(std::vector{state}, stream);
  const auto before_there = on_device(before, stream);
  const auto place_there = on_device(place, stream);
  const auto found_there =
      on_device(std::vector(static_cast<std::size_t>(kRows * count), kUntouched), stream);
  gpu::RowView rows{};
  rows.state = state_there.data();
  rows.score = before_there.data();
  rows.place = place_there.data();
  gpu::SearchView search{};
  search.widest = count;
  search.shortest = shortest;
  search.eos = eos;
  search.of_rows = found_there.data();
  launch_candidates(made.arithmetic, made.task, rows, search, kRows, stream);
  const std::vector<Candidate> found = on_host(found_there, kRows * count, stream);
  EXPECT_EQ(on_host(state_there, 1, stream)[0].overflowed, 0U);
  for (Index r = 0; r < kRows; ++r) {
    std::vector<Candidate> expected(static_cast<std::size_t>(count), kUntouched);
    if (r < kRunning) {
      expected.clear();
      for (Index v = 0; v < width; ++v)
        if (shortest == 0 || v != eos)
          expected.push_back({before[static_cast<std::size_t>(r)] + made.log_probabilities(r, v),
                              static_cast<int>(v), place[static_cast<std::size_t>(r)]});
      std::ranges::sort(expected, CandidateOrder{});
      expected.resize(static_cast<std::size_t>(count), no_candidate());
    }
    for (Index i = 0; i < count; ++i) {
      const Candidate &is = found[static_cast<std::size_t>(r * count + i)],
                      &should_be = expected[static_cast<std::size_t>(i)];
      ASSERT_EQ(is.score, should_be.score) << "row " << r << ", place " << i;
      ASSERT_EQ(is.token, should_be.token) << "row " << r << ", place " << i;
      ASSERT_EQ(is.row, should_be.row) << "row " << r << ", place " << i;
    }
  }
}

TEST(GpuVocabulary, CandidatesAreTheFirstOfAllInOrder) {
  EDGEVAL_NEEDS_GPU();
  Random random(41 + standin_turn());
  for (Spread spread : kSpreads)
    for (Index width : {1, 2, 7, 31, 33, 250, 257, 1030, 4198, 9218})
      for (int i = width > 4000 ? 1 : 3; i > 0; --i) {
        const Index count = random.of<Index>({1, 2, 5, 10, 20, 31, 32, 40});
        SCOPED_TRACE(concat("spread ", static_cast<int>(spread), ", ", width, " words, ", count,
                            " candidates"));
        expect_best_candidates(random, spread, width, count);
        if (HasFatalFailure()) return;
      }
}

TEST(GpuVocabulary, ScoresAreLogProbabilities) {
  EDGEVAL_NEEDS_GPU();
  Random random(43 + standin_turn());
  const gpu::Stream stream;
  constexpr Index kRows = 3, kRunning = 2;
  for (Spread spread : kSpreads)
    for (Index width : {1, 6, 257, 1028, 9218}) {
      SCOPED_TRACE(concat("spread ", static_cast<int>(spread), ", ", width, " words"));
      const SummedRows made = random_rows(random, spread, kRows, width, stream);
      std::vector<std::int32_t> tokens;
      std::vector<double> expected;
      for (Index r = 0; r < kRows; ++r) {
        tokens.push_back(static_cast<std::int32_t>(random.whole(0, width - 1)));
        expected.push_back(random.uniform(-9, 0));
      }
      const std::vector<std::int32_t> sentence{2, 0, 1};
      const auto sums_there = on_device(expected, stream);
      for (Index r = 0; r < kRunning; ++r)
        expected[static_cast<std::size_t>(sentence[static_cast<std::size_t>(r)])] +=
            static_cast<double>(made.log_probabilities(r, tokens[static_cast<std::size_t>(r)]));
      const gpu::SearchState state{kRunning, kRunning, 0, 0, 0};
      const auto state_there = on_device(std::vector{state}, stream);
      const auto sentence_there = on_device(sentence, stream);
      const auto tokens_there = on_device(tokens, stream);
      gpu::RowView rows{};
      rows.state = state_there.data();
      rows.sentence = sentence_there.data();
      launch_scores(made.arithmetic, made.task, rows, tokens_there.data(), sums_there.data(), kRows,
                    stream);
      EXPECT_EQ(on_host(sums_there, kRows, stream), expected);
    }
}

// Rows without log-probabilities have no candidates, whatever their scores are.
TEST(GpuVocabulary, CountsRowsWithoutLogProbabilities) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  for (float bad : {INFINITY, -INFINITY, NAN})
    for (Index width : {3, 600}) {
      constexpr Index kRows = 2, kCount = 4;
      const Index stride = gpu::padded_to(width, 4);
      std::vector<float> sums(static_cast<std::size_t>(kRows * stride), 1.0F);
      sums[static_cast<std::size_t>(stride)] = bad;  // of the second row
      const auto there = on_device(sums, stream);
      const auto bias = on_device(std::vector<float>(static_cast<std::size_t>(width)), stream);
      const auto numbers = bytes_on_device(FloatNumbers{bias.data()}, stream);
      const auto state = on_device(std::vector{gpu::SearchState{kRows, kRows, 0, 0, 0}}, stream);
      const auto score = zeros_on_device<float>(kRows, stream);
      const auto place = zeros_on_device<std::int32_t>(kRows, stream);
      const auto found =
          on_device(std::vector(static_cast<std::size_t>(kRows * kCount), kUntouched), stream);
      gpu::RowView rows{};
      rows.state = state.data();
      rows.score = score.data();
      rows.place = place.data();
      gpu::SearchView search{};
      search.widest = kCount;
      search.eos = -1;
      search.of_rows = found.data();
      launch_candidates(Fp32{},
                        {.sums = {there.data(), stride},
                         .numbers = numbers.data(),
                         .sums_fit = true,
                         .width = width,
                         .softmax = {}},
                        rows, search, kRows, stream);
      EXPECT_EQ(on_host(state, 1, stream)[0].overflowed, 1U) << bad;
      const std::vector<Candidate> best = on_host(found, kRows * kCount, stream);
      for (Index i = 0; i < kCount; ++i) {
        EXPECT_EQ(best[static_cast<std::size_t>(i)].exists(), i < width) << bad;
        EXPECT_FALSE(best[static_cast<std::size_t>(kCount + i)].exists()) << bad;
      }
    }
}

}  // namespace
}  // namespace edgeval::test
