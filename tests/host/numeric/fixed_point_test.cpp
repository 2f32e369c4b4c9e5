// Tests the parts of fixed point: rounding and saturation by hand and against integer division, the
// tables against libm over their whole range, formats of weights by hand, and both routes of the
// byte products against plain loops of 64-bit integers.
#include "host/numeric/fixed_point.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "host/core/error.hpp"
#include "host/engine/product/layer_arithmetic.hpp"
#include "host/numeric/fixed_lstm_cell.hpp"
#include "host/technique/delta.hpp"
#include "host/technique/on_grid.hpp"

namespace edgeval::test {
namespace {

// Returns numerator / denominator, rounded to the nearest integer, half away from zero.
std::int64_t nearest_ratio(std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t twice = (2 * std::abs(numerator) + denominator) / (2 * denominator);
  return numerator < 0 ? -twice : twice;
}

std::int64_t floor_ratio(std::int64_t numerator, std::int64_t denominator) {
  return numerator / denominator - (numerator % denominator < 0 ? 1 : 0);
}

TEST(RoundShift, IsTheNearestIntegerHalfAwayFromZero) {
  for (int shift = 1; shift <= 12; ++shift)
    for (std::int64_t value = -70000; value <= 70000; ++value)
      ASSERT_EQ(round_shift(value, shift), nearest_ratio(value, std::int64_t{1} << shift))
          << value << " / 2^" << shift;
  // At the ends of the range, 2^61 / 2^62 is a half.
  EXPECT_EQ(round_shift(std::int64_t{1} << 61, 62), 1);
  EXPECT_EQ(round_shift(-(std::int64_t{1} << 61), 62), -1);
  EXPECT_EQ(round_shift((std::int64_t{1} << 61) - 1, 62), 0);
  EXPECT_EQ(scale_by_power(-3, 4), -48);
  EXPECT_EQ(scale_by_power(-3, -1), -2);
  EXPECT_EQ(scale_by_power(5, 0), 5);
}

TEST(RoundShift, IsTheSameInHalfTheWidth) {
  std::mt19937 random(5);
  for (int shift = 1; shift <= 30; ++shift) {
    const std::int64_t most = (std::int64_t{1} << 31) - (std::int64_t{1} << (shift - 1)) - 1;
    std::uniform_int_distribution<std::int64_t> values(-most, most);
    std::vector<std::int64_t> cases{0, 1, -1, most, -most};
    for (const std::int64_t half : {std::int64_t{1} << (shift - 1), std::int64_t{3} << (shift - 1)})
      for (const std::int64_t near : {half - 1, half, half + 1})
        if (near <= most) cases.insert(cases.end(), {near, -near});
    for (int i = 0; i < 1000; ++i) cases.push_back(values(random));
    for (const std::int64_t value : cases)
      ASSERT_EQ(round_shift_narrow(static_cast<std::int32_t>(value), shift),
                round_shift(value, shift))
          << value << " >> " << shift;
  }
}

TEST(RoundedFloats, AreTheNearestIntegersWithHalvesTheirOwnWay) {
  // 0.49999997 + 0.5 is 1 in floats; 8388607.5 is the last half a float can hold.
  for (const float magnitude : {0.0F, 0.25F, 0.49999997F, 0.5F, 0.50000006F, 1.5F, 2.4999998F,
                                32766.5F, 32767.0F, 4194303.75F, 8388607.5F, 16777216.0F, 1e-40F})
    for (const float value : {magnitude, -magnitude}) {
      const double exact = value;
      EXPECT_EQ(round_half_up(value), static_cast<std::int32_t>(std::floor(exact + 0.5))) << value;
      EXPECT_EQ(round_half_away(value), static_cast<std::int32_t>(std::round(exact))) << value;
    }
}

// Returns a matrix whose elements are all `value`.
Matrix<float> filled(Index rows, Index cols, float value) {
  Matrix<float> matrix(rows, cols);
  for (float& each : matrix.values()) each = value;
  return matrix;
}

TEST(NarrowNumbers, GiveThePreactivationsOfTheWideOnesUpToTheLargestSums) {
  const Index inputs = 40, cells = 8;
  const Matrix<float> w = filled(4 * cells, inputs, 0.9F), u = filled(4 * cells, cells, -0.7F);
  const Matrix<float> bias = filled(1, 4 * cells, 3.25F);
  const LayerProducts<FixedProduct<std::int32_t>> products{
      FixedProduct<std::int32_t>(FixedWeights::of(w.view(), 8)),
      FixedProduct<std::int32_t>(FixedWeights::of(u.view(), 8)), &bias};
  const EightBitLayer layer(products, 5);
  const auto narrow = layer.narrow_numbers();
  ASSERT_TRUE(narrow.has_value());
  const auto wide = layer.numbers();
  // A byte is an element + 128, and the sums of the products are those of bytes.
  const std::int64_t x_weights = products.input.magnitudes()[0],
                     h_weights = -products.recurrent->magnitudes()[0];
  for (const std::int64_t x : {0, 1, 77, 128, 255})
    for (const std::int64_t h : {0, 1, 100, 128, 255}) {
      const auto wx = static_cast<std::int32_t>(x * x_weights),
                 uh = static_cast<std::int32_t>(h * h_weights);
      EXPECT_EQ(narrow->preactivation(wx, uh, 3), wide.preactivation(wx, uh, 3)) << x << " " << h;
    }
}

TEST(NarrowNumbers, AreLeftWhereAnInputCouldMakeALargerSum) {
  const Index inputs = 40;
  const Matrix<float> w = filled(4, inputs, 0.9F), u = filled(4, 1, 0.5F);
  // The greatest sum is 40 x 0.9 x 2^(7 - x_bits) plus the bias. In units of 2^-21 or finer, 32
  // bits hold magnitudes up to 1024.
  const auto narrow = [&](float bias_value, int x_bits) {
    const Matrix<float> bias = filled(1, 4, bias_value);
    const LayerProducts<FixedProduct<std::int32_t>> products{
        FixedProduct<std::int32_t>(FixedWeights::of(w.view(), 8)),
        FixedProduct<std::int32_t>(FixedWeights::of(u.view(), 8)), &bias};
    return EightBitLayer(products, x_bits).narrow_numbers().has_value();
  };
  EXPECT_TRUE(narrow(0, 7));
  EXPECT_TRUE(narrow(900, 7));
  EXPECT_FALSE(narrow(1000, 7));
  EXPECT_TRUE(narrow(0, 3));   // at most 576
  EXPECT_FALSE(narrow(0, 2));  // up to 1152
}

TEST(Saturation, IsToTheEndsOfTwosComplement) {
  EXPECT_EQ(saturate(127, 8), 127);
  EXPECT_EQ(saturate(128, 8), 127);
  EXPECT_EQ(saturate(-128, 8), -128);
  EXPECT_EQ(saturate(-129, 8), -128);
  EXPECT_EQ(saturate(40000, 16), 32767);
  EXPECT_EQ(saturate(-40000, 16), -32768);
  EXPECT_EQ(saturate(std::int64_t{1} << 40, 32), 2147483647);
}

TEST(Grid, SnapsToTheNearestPointAndSaturates) {
  for (int bits : {8, 16}) {
    for (int fraction_bits : {-3, 0, 7, 12, 15, 20}) {
      const Grid grid = Grid::of(fraction_bits, bits);
      const std::int64_t reach = 9 * (std::int64_t{1} << (bits - 1));  // in eighths of a step
      for (std::int64_t eighths = -reach; eighths <= reach; ++eighths) {
        const auto value =
            static_cast<float>(std::ldexp(static_cast<double>(eighths), -fraction_bits - 3));
        const auto point = [&](std::int64_t code) {
          const std::int64_t high = (std::int64_t{1} << (bits - 1)) - 1;
          code = std::max(std::min(code, high), -high - 1);
          return static_cast<float>(std::ldexp(static_cast<double>(code), -fraction_bits));
        };
        ASSERT_EQ(grid.snap(value), point(nearest_ratio(eighths, 8))) << eighths << " eighths";
        ASSERT_EQ(grid.snap_half_up(value), point(floor_ratio(eighths + 4, 8)))
            << eighths << " eighths";
      }
    }
  }
}

TEST(Grid, KeepsItsDistanceFromHalvesThatAFloatCanTell) {
  const Grid grid = Grid::of(0, 16);
  EXPECT_EQ(grid.snap(std::nextafter(0.5F, 0.0F)), 0);
  EXPECT_EQ(grid.snap(0.5F), 1);
  EXPECT_EQ(grid.snap(-0.5F), -1);
  EXPECT_EQ(grid.snap_half_up(-0.5F), 0);
  EXPECT_EQ(grid.snap_half_up(std::nextafter(-0.5F, -1.0F)), -1);
  EXPECT_EQ(grid.snap(3e38F), 32767);
  EXPECT_EQ(grid.snap(-3e38F), -32768);
  EXPECT_EQ(Grid::of(40, 16).snap(3e38F), std::ldexp(32767.0F, -40));
}

// Binding decision 8: a threshold is rounded half up and, being a distance, not saturated.
TEST(Grid, TakesThresholdsHalfUpAndUnsaturated) {
  const Grid x = Grid::of(4, 8), h = Grid::of(7, 8);
  const Delta::Rule rule = on_grids(Delta{2.5 / 16, 2.49 / 128}, x, h).rule();
  EXPECT_EQ(rule.threshold_x, 3.0F / 16);
  EXPECT_EQ(rule.threshold_h, 2.0F / 128);
  EXPECT_EQ(on_grids(Delta{100.03, 1e30}, x, h).rule().threshold_x, 100.0F);
  EXPECT_EQ(on_grids(Delta{100.03, 1e30}, x, h).rule().threshold_h, 1e30F);
}

// Tests every z in the range of the tables, and some beyond.
TEST(Tables, AreWithinOneUnitOfLibmSymmetricAndMonotone) {
  const ActivationTables& tables = activation_tables();
  const double step = std::ldexp(1.0, -kStateBits);
  std::int32_t last_sigmoid = 0, last_tanh = 0;
  double worst_sigmoid = 0, worst_tanh = 0;
  for (std::int32_t z = 0; z <= (16 << kStateBits) + 5; ++z) {
    const std::int32_t s = table_sigmoid(tables, z), t = table_tanh(tables, z);
    ASSERT_EQ(table_sigmoid(tables, -z), kUnit - s) << z;
    ASSERT_EQ(table_tanh(tables, -z), -t) << z;
    ASSERT_GE(s, last_sigmoid) << z;
    ASSERT_GE(t, last_tanh) << z;
    last_sigmoid = s;
    last_tanh = t;
    const double e = std::exp(-z * step);
    worst_sigmoid = std::max(worst_sigmoid, std::abs(s - kUnit / (1 + e)));
    worst_tanh = std::max(worst_tanh, std::abs(t - kUnit * (1 - e * e) / (1 + e * e)));
  }
  RecordProperty("worst_sigmoid_units", concat(worst_sigmoid));
  RecordProperty("worst_tanh_units", concat(worst_tanh));
  EXPECT_LE(worst_sigmoid, 1);
  EXPECT_LE(worst_tanh, 1);
}

TEST(Tables, HoldTheirEnds) {
  const ActivationTables& tables = activation_tables();
  const std::int32_t lowest = std::numeric_limits<std::int32_t>::min(), highest = 2147483647;
  EXPECT_EQ(table_sigmoid(tables, 0), kUnit / 2);
  EXPECT_EQ(table_tanh(tables, 0), 0);
  EXPECT_EQ(table_sigmoid(tables, highest), kUnit);
  EXPECT_EQ(table_sigmoid(tables, lowest), 0);
  EXPECT_EQ(table_tanh(tables, highest), kUnit);
  EXPECT_EQ(table_tanh(tables, lowest), -kUnit);
}

// sigmoid(big) = 1, sigmoid(-big) = 0: c and h follow from the gates alone.
TEST(Cell, KeepsAddsAndSaturatesByHand) {
  const ActivationTables& tables = activation_tables();
  const std::int32_t big = 20 << kStateBits, one = 1 << kStateBits;
  EXPECT_EQ(fixed_lstm_cell(tables, -big, big, big, big, 12345).c, 12345);  // c is kept
  EXPECT_EQ(fixed_lstm_cell(tables, big, -big, -big, big, 12345).c, -one);  // replaced by -1
  EXPECT_EQ(fixed_lstm_cell(tables, big, big, big, big, 5).c, one + 5);     // added
  EXPECT_EQ(fixed_lstm_cell(tables, big, big, big, big, 2147483647).c, 2147483647);
  EXPECT_EQ(fixed_lstm_cell(tables, big, big, big, big, 20 * one).oh, kUnit * kUnit);
  EXPECT_EQ(fixed_lstm_cell(tables, big, big, big, -big, 20 * one).oh, 0);
  // f = 1/2 halves an odd c, which is rounded half away from zero.
  EXPECT_EQ(fixed_lstm_cell(tables, -big, 0, 0, big, 3).c, 2);
  EXPECT_EQ(fixed_lstm_cell(tables, -big, 0, 0, big, -3).c, -2);
}

FixedWeights weights_of(const std::vector<float>& values, int bits) {
  Matrix<float> matrix(1, static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), matrix.data());
  return FixedWeights::of(matrix.view(), bits);
}

std::vector<std::int32_t> codes_of(const FixedWeights& weights) {
  return {weights.codes.values().begin(), weights.codes.values().end()};
}

TEST(FixedWeights, TakeTheFinestFormatThatHoldsTheLargest) {
  const FixedWeights eight = weights_of({0.5F, -0.25F, 0.0F}, 8);  // 0.5 * 2^7 = 64, * 2^8 = 128
  EXPECT_EQ(eight.fraction_bits, 7);
  EXPECT_EQ(codes_of(eight), (std::vector<std::int32_t>{64, -32, 0}));
  const FixedWeights halves = weights_of({-100.0F, 1.5F, -1.5F, 0.4F}, 8);
  EXPECT_EQ(halves.fraction_bits, 0);
  EXPECT_EQ(codes_of(halves), (std::vector<std::int32_t>{-100, 2, -2, 0}));
  EXPECT_EQ(weights_of({127.0F}, 8).fraction_bits, 0);
  EXPECT_EQ(weights_of({127.5F}, 8).fraction_bits, -1);  // its code would be 128
  EXPECT_EQ(weights_of({128.0F}, 8).fraction_bits, -1);
  // 16 bits: 127 * 256 + 127 = 32639 is the largest code of two signed digits.
  EXPECT_EQ(weights_of({32639.0F}, 16).fraction_bits, 0);
  EXPECT_EQ(weights_of({32640.0F}, 16).fraction_bits, -1);
  EXPECT_EQ(weights_of({-0.99F, 0.1F}, 16).fraction_bits, 15);
  EXPECT_EQ(weights_of({1.0F}, 16).fraction_bits, 14);
  EXPECT_EQ(weights_of({0.0F, 0.0F}, 16).fraction_bits, 0);
  EXPECT_EQ(codes_of(weights_of({0.0F, 0.0F}, 16)), (std::vector<std::int32_t>{0, 0}));
}

// The values of a random operand: any, both ends of the range at random, or one end.
enum class Draw { kAny, kEitherEnd, kOneEnd };

template <class T>
std::vector<T> drawn(std::mt19937_64& random, Index count, bool lower_end, std::int64_t low,
                     std::int64_t high, Draw draw) {
  std::uniform_int_distribution<std::int64_t> any(low, high);
  std::vector<T> values;
  for (Index i = 0; i < count; ++i) {
    const bool lower = draw == Draw::kOneEnd ? lower_end : random() % 2 == 0;
    values.push_back(static_cast<T>(draw == Draw::kAny ? any(random) : lower ? low : high));
  }
  return values;
}

template <class X, class W>
std::int64_t dot(const X* x, const W* w, Index terms) {
  std::int64_t sum = 0;
  for (Index i = 0; i < terms; ++i)
    sum += static_cast<std::int64_t>(x[i]) * static_cast<std::int64_t>(w[i]);
  return sum;
}

constexpr Index kColumns[] = {1, 31, 32, 33, 511, 512, 513, 1100};
constexpr Index kOutputs[] = {1, 3, 29, 64};
constexpr Draw kDraws[] = {Draw::kAny, Draw::kEitherEnd, Draw::kOneEnd};

struct NamedRoute {
  const char* name;
  ByteProduct::Route route;
};
void PrintTo(const NamedRoute& route, std::ostream* out) { *out << route.name; }

class ExactProducts : public testing::TestWithParam<NamedRoute> {
 protected:
  void SetUp() override {
    if (GetParam().route == ByteProduct::Route::kBytes && !onednn::exact_byte_products())
      GTEST_SKIP() << "this processor's byte products are not exact";
  }
};

INSTANTIATE_TEST_SUITE_P(Routes, ExactProducts,
                         testing::Values(NamedRoute{"Bytes", ByteProduct::Route::kBytes},
                                         NamedRoute{"Floats", ByteProduct::Route::kFloats}),
                         [](const auto& of) { return of.param.name; });

TEST_P(ExactProducts, OfBytesEqualIntegerLoops) {
  constexpr Index kRows = 5;
  std::mt19937_64 random(1);
  for (Index columns : kColumns) {
    for (Index outputs : kOutputs) {
      for (Draw draw : kDraws) {
        for (bool negative : {true, false}) {
          SCOPED_TRACE(concat(columns, " columns, ", outputs, " outputs"));
          const auto x = drawn<std::uint8_t>(random, kRows * columns, false, 0, 255, draw);
          const auto w = drawn<std::int8_t>(random, outputs * columns, negative, -128, 127, draw);
          std::vector<std::int32_t> y(static_cast<std::size_t>(kRows * outputs));
          ByteProduct(kRows, {w.data(), outputs, columns, columns}, GetParam().route)(x.data(),
                                                                                      y.data());
          for (Index r = 0; r < kRows; ++r)
            for (Index o = 0; o < outputs; ++o)
              ASSERT_EQ(y[static_cast<std::size_t>(r * outputs + o)],
                        dot(&x[static_cast<std::size_t>(r * columns)],
                            &w[static_cast<std::size_t>(o * columns)], columns));
        }
      }
    }
  }
}

template <class Sum>
void expect_exact_fixed_products(ByteProduct::Route route) {
  constexpr Index kRows = 19;  // two blocks of rows, the second not full
  constexpr int kBits = FixedProduct<Sum>::kBits;
  const std::int64_t lowest = kBits == 8 ? -128 : -32768, highest = -lowest - 1;
  const std::int64_t largest_weight = kBits == 8 ? 127 : 32639;
  std::mt19937_64 random(2);
  for (Index columns : kColumns) {
    for (Index outputs : {1, 3, 29}) {
      for (Draw draw : kDraws) {
        for (int sign : {1, -1}) {
          SCOPED_TRACE(concat(columns, " columns, ", outputs, " outputs"));
          const auto x =
              drawn<std::int32_t>(random, kRows * columns, sign < 0, lowest, highest, draw);
          const auto w = drawn<std::int32_t>(random, outputs * columns, false, -largest_weight,
                                             largest_weight, draw);
          const int x_bits = sign < 0 ? -2 : kBits - 1;
          Matrix<float> values(padded_rows(kRows), columns);
          for (std::size_t i = 0; i < x.size(); ++i)
            values.data()[i] = static_cast<float>(std::ldexp(x[i], -x_bits));
          FixedWeights weights{Matrix<std::int32_t>(outputs, columns), 3};
          std::copy(w.begin(), w.end(), weights.codes.data());
          const FixedProduct<Sum> product(weights, route);
          Matrix<Sum> y(padded_rows(kRows), outputs);
          product(values.data(), x_bits, kRows, y.data());
          for (Index r = 0; r < kRows; ++r)
            for (Index o = 0; o < outputs; ++o)
              ASSERT_EQ(static_cast<std::int64_t>(y(r, o)) +
                            product.offsets()[static_cast<std::size_t>(o)],
                        dot(&x[static_cast<std::size_t>(r * columns)],
                            &w[static_cast<std::size_t>(o * columns)], columns));
        }
      }
    }
  }
}

TEST_P(ExactProducts, Of8BitsEqualIntegerLoops) {
  expect_exact_fixed_products<std::int32_t>(GetParam().route);
}

TEST_P(ExactProducts, Of16BitsEqualIntegerLoops) {
  expect_exact_fixed_products<std::int64_t>(GetParam().route);
}

// The same row stands among other rows at each place of two blocks.
TEST_P(ExactProducts, DoNotDependOnTheRowsPlace) {
  constexpr Index kColumns = 130, kOutputs = 7, kRows = 2 * kRowBlock;
  std::mt19937_64 random(3);
  FixedWeights weights{Matrix<std::int32_t>(kOutputs, kColumns), 0};
  for (std::int32_t& code : weights.codes.values())
    code = static_cast<std::int32_t>(random() % 65279) - 32639;
  const FixedProduct<std::int64_t> product(weights, GetParam().route);
  Matrix<float> x(kRows, kColumns);
  for (float& value : x.values()) value = static_cast<float>(random() % 65536) - 32768.0F;
  Matrix<std::int64_t> wanted(kRows, kOutputs), turned(kRows, kOutputs);
  product(x.data(), 0, kRows, wanted.data());
  for (Index by = 1; by < kRows; ++by) {
    Matrix<float> moved(kRows, kColumns);
    for (Index r = 0; r < kRows; ++r) std::copy_n(x.row(r), kColumns, moved.row((r + by) % kRows));
    product(moved.data(), 0, kRows, turned.data());
    for (Index r = 0; r < kRows; ++r)
      for (Index o = 0; o < kOutputs; ++o)
        ASSERT_EQ(turned((r + by) % kRows, o), wanted(r, o)) << "row " << r << " moved by " << by;
  }
}

// Comparing a number with least_from or greatest_to gives the same as comparing it with the bound.
template <class T>
void expect_same_sides(T value, double bound) {
  const double least = std::is_same_v<T, float> ? -INFINITY : -0x1p31,
               greatest = std::is_same_v<T, float> ? INFINITY : 0x1p31 - 1;
  if (bound <= greatest) {
    EXPECT_EQ(value < least_from<T>(bound), static_cast<double>(value) < bound)
        << value << " below " << bound;
  }
  if (bound >= least) {
    EXPECT_EQ(value > greatest_to<T>(bound), static_cast<double>(value) > bound)
        << value << " above " << bound;
  }
}

TEST(Bounds, OfATypeDecideAsTheirDoubles) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> unit(-1, 1);
  const double borders[] = {0,          0.5,
                            1,          0x1p-149,
                            0x1p-126,   0x1p31,
                            0x1p31 - 1, 0x1p31 - 0.5,
                            0x1p40,     3.4028234663852886e38,
                            1e39,       1e300};
  std::vector<double> bounds;
  for (double border : borders)
    for (double sign : {-1.0, 1.0})
      for (double moved : {border, std::nextafter(border, 1e301), std::nextafter(border, -1e301)})
        bounds.push_back(sign * moved);
  for (int i = 0; i < 2000; ++i) bounds.push_back(unit(random) * std::ldexp(1, i % 40 - 5));
  for (double bound : bounds) {
    const auto near = static_cast<float>(bound);
    for (float value : {near, std::nextafterf(near, -INFINITY), std::nextafterf(near, INFINITY)})
      expect_same_sides(value, bound);
    const double inside = std::clamp(std::round(bound), -0x1p31 + 1, 0x1p31 - 2);
    for (int step : {-1, 0, 1}) expect_same_sides(static_cast<std::int32_t>(inside) + step, bound);
  }
}

TEST(ByteProducts, OfTooManyColumnsAreRefused) {
  const std::vector<std::int8_t> w(65537);
  EXPECT_THROW(ByteProduct(1, {w.data(), 1, 65537, 65537}), Error);
}

}  // namespace
}  // namespace edgeval::test
