// Compares every choice of nonlinearity with its formula, in fp32 and in integers, and networks
// under each choice with a plain loop.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "host/core/error.hpp"
#include "host/numeric/activation_table.hpp"
#include "host/numeric/nonlinear.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

using Function = std::function<double(double)>;

double exact_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double exact_tanh(double x) { return std::tanh(x); }
double clip(double x, double low, double high) { return std::min(std::max(x, low), high); }

// A choice and the formulas of what it computes.
struct Case {
  std::string name;
  Nonlinearity choice;
  Function sigmoid, tanh;
  bool symmetric = true;
};

Function table_of(const Function& f, double n, double lo, double hi, double shift) {
  return [=](double x) {
    const double index = clip(std::floor((x - lo) * n / (hi - lo)), 0, n - 1);
    return f(lo + (index + shift) * (hi - lo) / n);
  };
}

// With f(0) = s. For x >= 0 the values of f are cut into intervals [s + (2k - 1) e, s + (2k + 1)
// e), the last of which ends at 1.
Function ranges_of(const Function& f, double s, double e) {
  return [=](double x) {
    const double k = std::floor((f(std::abs(x)) - s + e) / (2 * e));
    const double low = s + (2 * k - 1) * e;
    const double y = k == 0 ? s : (low + std::min(low + 2 * e, 1.0)) / 2;
    return x < 0 ? 2 * s - y : y;
  };
}

Function lines_of(const Function& f, double segments, double limit) {
  return [=](double x) {
    const double s = f(0), at = std::abs(x) * segments / limit, k = std::floor(at);
    const double low = f(k * limit / segments), high = f((k + 1) * limit / segments);
    const double y = k >= segments ? f(limit) : low + (high - low) * (at - k);
    return x < 0 ? 2 * s - y : y;
  };
}

double plan(double x) {
  const double m = std::abs(x);
  const double y = m < 1 ? m / 4 + 0.5 : m < 2.375 ? m / 8 + 0.625 : m < 5 ? m / 32 + 0.84375 : 1;
  return x < 0 ? 1 - y : y;
}

Function hard_sigmoid(double slope) {
  return [=](double x) { return clip(slope * x + 0.5, 0, 1); };
}
double hard_tanh(double x) { return clip(x, -1, 1); }

std::vector<Case> cases() {
  const Function s = exact_sigmoid, t = exact_tanh;
  const LookupTable odd{
      .entries = 100, .range_min = -3, .range_max = 5, .output = TableOutput::kLeft};
  return {
      {"table", LookupTable{}, table_of(s, 256, -8, 8, 0.5), table_of(t, 256, -8, 8, 0.5), false},
      {"table left", odd, table_of(s, 100, -3, 5, 0), table_of(t, 100, -3, 5, 0), false},
      {"range_addressed", RangeAddressed{}, ranges_of(s, 0.5, 0.01), ranges_of(t, 0, 0.01)},
      {"range_addressed coarse", RangeAddressed{0.07}, ranges_of(s, 0.5, 0.07),
       ranges_of(t, 0, 0.07)},
      {"piecewise_linear", PiecewiseLinear{}, lines_of(s, 16, 8), lines_of(t, 16, 8)},
      {"piecewise_linear 5", PiecewiseLinear{.segments = 5, .limit = 4.5}, lines_of(s, 5, 4.5),
       lines_of(t, 5, 4.5)},
      {"plan", PiecewiseLinear{.knots = KnotPlaces::kPlan}, plan,
       [](double x) { return 2 * plan(2 * x) - 1; }},
      {"halved", Hard{HardVariant::kHalved}, hard_sigmoid(0.5), hard_tanh},
      {"keras", Hard{HardVariant::kKeras}, hard_sigmoid(0.2), hard_tanh},
      {"deltarnn", Hard{HardVariant::kDeltaRnn}, hard_sigmoid(0.25), hard_tanh}};
}

// Returns places all over [-20, 20]; among them are 0 and the knots that are multiples of 1/512.
std::vector<double> sweep() {
  std::vector<double> places;
  for (int i = -20 * 512; i <= 20 * 512; ++i) places.push_back(i / 512.0);
  return places;
}

float at(const PiecewiseView& view, double x) {
  return piecewise_value(view, static_cast<float>(x));
}

PiecewiseTables tables_of(const Nonlinearity& choice) { return piecewise_tables(choice).value(); }

double worst_error(const Nonlinearity& choice, Curve curve) {
  const PiecewiseTables tables = tables_of(choice);
  const PiecewiseFunctions f = tables.functions();
  double worst = 0;
  for (double x : sweep())
    worst = std::max(worst, std::abs(curve == Curve::kSigmoid
                                         ? static_cast<double>(at(f.sigmoid, x)) - exact_sigmoid(x)
                                         : static_cast<double>(at(f.tanh, x)) - exact_tanh(x)));
  return worst;
}

TEST(Nonlinearity, EveryChoiceFollowsItsFormula) {
  for (const Case& c : cases()) {
    const PiecewiseTables tables = tables_of(c.choice);
    for (double x : sweep()) {
      EXPECT_NEAR(at(tables.functions().sigmoid, x), c.sigmoid(x), 1e-6) << c.name << " at " << x;
      EXPECT_NEAR(at(tables.functions().tanh, x), c.tanh(x), 1e-6) << c.name << " at " << x;
    }
  }
}

TEST(Nonlinearity, InfinitiesSaturateAndNoNumberStaysNone) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  for (const Case& c : cases()) {
    const PiecewiseTables tables = tables_of(c.choice);
    for (double x : {-kInf, -1e30, 1e30, kInf}) {
      EXPECT_EQ(at(tables.functions().sigmoid, x),
                at(tables.functions().sigmoid, x < 0 ? -900 : 900))
          << c.name;
      EXPECT_EQ(at(tables.functions().tanh, x), at(tables.functions().tanh, x < 0 ? -900 : 900))
          << c.name;
    }
  }
  const PiecewiseTables lines = tables_of(PiecewiseLinear{});
  EXPECT_TRUE(std::isnan(at(lines.functions().tanh, std::nan(""))));
}

TEST(Nonlinearity, WhatIsMirroredIsPointSymmetric) {
  std::vector<Case> all = cases();
  all.push_back({"curvature", PiecewiseLinear{.knots = KnotPlaces::kCurvature}, {}, {}});
  for (const Case& c : all) {
    if (!c.symmetric) continue;
    const PiecewiseTables tables = tables_of(c.choice);
    const PiecewiseFunctions f = tables.functions();
    for (double x : sweep()) {
      EXPECT_NEAR(at(f.sigmoid, -x), 1 - at(f.sigmoid, x), 2e-7) << c.name << " at " << x;
      EXPECT_NEAR(at(f.tanh, -x), -at(f.tanh, x), 2e-7) << c.name << " at " << x;
    }
  }
}

TEST(Nonlinearity, ARangeAddressedTableKeepsItsError) {
  for (double epsilon : {0.5, 0.3, 0.1, 0.05, 0.01, 0.001, 0.0001}) {
    for (Curve curve : {Curve::kSigmoid, Curve::kTanh})
      EXPECT_LE(worst_error(RangeAddressed{epsilon}, curve), epsilon + 1e-7);
    // For x > 0 tanh rises by 1, of which epsilon lies in the range around 0, and every further
    // value covers 2 epsilon. So there are no more values than necessary.
    std::set<double> values;
    for (const LinearPiece& piece : RangeAddressed{epsilon}.pieces(Curve::kTanh))
      values.insert(piece.offset);
    const double beside = std::ceil((1 - epsilon) / (2 * epsilon) - 1e-9);
    EXPECT_EQ(static_cast<double>(values.size()), 1 + 2 * beside) << epsilon;
  }
}

TEST(Nonlinearity, ARangeAddressedSigmoidOfATenth) {
  // sigmoid reaches 0.6 at ln 1.5 = 0.405 and 0.8 at ln 4 = 1.386.
  const PiecewiseTables tables = tables_of(RangeAddressed{0.1});
  const PiecewiseView f = tables.functions().sigmoid;
  EXPECT_EQ(at(f, 0), 0.5F);
  EXPECT_EQ(at(f, 0.40), 0.5F);
  EXPECT_EQ(at(f, 0.41), 0.7F);
  EXPECT_EQ(at(f, 1.38), 0.7F);
  EXPECT_EQ(at(f, 1.39), 0.9F);
  EXPECT_EQ(at(f, 50), 0.9F);
  EXPECT_EQ(at(f, -0.40), 0.5F);
  EXPECT_EQ(at(f, -0.41), 0.3F);
  EXPECT_EQ(at(f, -50), 0.1F);
}

TEST(Nonlinearity, MoreSegmentsErrLess) {
  for (Curve curve : {Curve::kSigmoid, Curve::kTanh})
    for (KnotPlaces knots : {KnotPlaces::kUniform, KnotPlaces::kCurvature}) {
      double before = 1;
      for (double segments : {4, 8, 16, 32, 64, 128}) {
        const double error = worst_error(PiecewiseLinear{segments, 16, knots}, curve);
        EXPECT_LT(error, before / 1.8) << segments;  // the ratio of errors tends to a quarter
        before = error;
      }
      EXPECT_LT(before, 2e-3);
    }
}

TEST(Nonlinearity, KnotsByCurvatureErrLessThanEvenOnes) {
  for (Curve curve : {Curve::kSigmoid, Curve::kTanh})
    for (double segments : {8, 16, 32})
      EXPECT_LT(worst_error(PiecewiseLinear{segments, 8, KnotPlaces::kCurvature}, curve),
                0.5 * worst_error(PiecewiseLinear{segments, 8, KnotPlaces::kUniform}, curve));
}

TEST(Nonlinearity, KnotsByCurvatureLieOnTheFunction) {
  for (Curve curve : {Curve::kSigmoid, Curve::kTanh}) {
    const LinearPieces pieces =
        PiecewiseLinear{.segments = 8, .knots = KnotPlaces::kCurvature}.pieces(curve);
    ASSERT_EQ(pieces.size(), 18U);  // 8 pieces on either side and one at each end
    for (std::size_t k = 1; k < pieces.size(); ++k) {
      const double x = pieces[k].knot,
                   y = curve == Curve::kSigmoid ? exact_sigmoid(x) : exact_tanh(x);
      EXPECT_GT(x, pieces[k - 1].knot);
      EXPECT_NEAR(pieces[k].slope * x + pieces[k].offset, y, 1e-12);
      EXPECT_NEAR(pieces[k - 1].slope * x + pieces[k - 1].offset, y, 1e-12);
    }
    EXPECT_NEAR(pieces.back().knot, 8, 1e-12);
  }
}

TEST(Nonlinearity, PlanAndHardVariantsByHand) {
  const PiecewiseTables tables = tables_of(PiecewiseLinear{.knots = KnotPlaces::kPlan});
  const PiecewiseFunctions plan = tables.functions();
  EXPECT_EQ(at(plan.sigmoid, 0.5), 0.625F);
  EXPECT_EQ(at(plan.sigmoid, 1), 0.75F);
  EXPECT_EQ(at(plan.sigmoid, 2), 0.875F);
  EXPECT_EQ(at(plan.sigmoid, 4), 0.96875F);
  EXPECT_EQ(at(plan.sigmoid, 5), 1.0F);
  EXPECT_EQ(at(plan.sigmoid, -2), 0.125F);
  EXPECT_EQ(at(plan.sigmoid, -9), 0.0F);
  EXPECT_EQ(at(plan.tanh, -1), -0.75F);
  EXPECT_EQ(at(plan.tanh, 0.25), 0.25F);
  const auto sigmoid = [](HardVariant variant, double x) {
    const PiecewiseTables hard = tables_of(Hard{variant});
    return at(hard.functions().sigmoid, x);
  };
  EXPECT_EQ(sigmoid(HardVariant::kHalved, 0.5), 0.75F);
  EXPECT_EQ(sigmoid(HardVariant::kHalved, -1), 0.0F);
  EXPECT_EQ(sigmoid(HardVariant::kDeltaRnn, 1), 0.75F);
  EXPECT_EQ(sigmoid(HardVariant::kDeltaRnn, 2), 1.0F);
  EXPECT_FLOAT_EQ(sigmoid(HardVariant::kKeras, 1), 0.7F);
  EXPECT_EQ(sigmoid(HardVariant::kKeras, 2.5), 1.0F);
}

TEST(Nonlinearity, IntegersAreWithinOneUnitOfFloats) {
  for (const Case& c : cases()) {
    const PiecewiseTables tables = tables_of(c.choice);
    const PiecewiseFunctions f = tables.functions();
    const auto close = [&](const PiecewiseView& view, std::int32_t z) {
      const double x = std::ldexp(static_cast<double>(z), -kStateBits);
      EXPECT_NEAR(piecewise_value(view, z), std::ldexp(static_cast<double>(at(view, x)), kUnitBits),
                  0.52)
          << c.name << " at " << x;
    };
    for (std::int32_t z = -(15 << kStateBits); z < 15 << kStateBits; z += 1021) {
      close(f.sigmoid, z);
      close(f.tanh, z);
    }
    for (std::int32_t z :
         {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()}) {
      close(f.sigmoid, z);
      close(f.tanh, z);
    }
    for (int k = 1; k < f.tanh.count; ++k) {  // grid points at a knot and before it
      close(f.tanh, f.tanh.pieces[k].fixed_knot);
      close(f.tanh, f.tanh.pieces[k].fixed_knot - 1);
    }
  }
}

Model bidirectional_layer() {
  return random_model(
      {.inputs = 5,
       .lstm = {{.cells = 7, .directions = {Direction::kForward, Direction::kBackward}}},
       .outputs = 0},
      31);
}

// Returns the outputs, [T, 2H], computed in doubles.
std::vector<double> literal_outputs(const RecurrentLayer& layer, MatrixView<const float> x,
                                    const Case& c) {
  const Index cells = layer.cells, steps = x.rows;
  std::vector<double> y(static_cast<std::size_t>(steps * 2 * cells));
  for (std::size_t d = 0; d < 2; ++d) {
    const RecurrentWeights& w = layer.weights[d];
    std::vector<double> h(cells), state(cells);
    for (Index k = 0; k < steps; ++k) {
      const Index t = d == 0 ? k : steps - 1 - k;
      std::vector<double> z(4 * cells);
      for (Index r = 0; r < 4 * cells; ++r) {
        z[r] = static_cast<double>(w.bias(0, r));
        for (Index i = 0; i < x.cols; ++i) z[r] += static_cast<double>(w.weight_ih(r, i)) * x(t, i);
        for (Index j = 0; j < cells; ++j) z[r] += static_cast<double>(w.weight_hh(r, j)) * h[j];
      }
      for (Index j = 0; j < cells; ++j) {
        state[j] = c.sigmoid(z[cells + j]) * state[j] + c.sigmoid(z[j]) * c.tanh(z[2 * cells + j]);
        h[j] = c.sigmoid(z[3 * cells + j]) * c.tanh(state[j]);
        y[(t * 2 + static_cast<Index>(d)) * cells + j] = h[j];
      }
    }
  }
  return y;
}

TEST(Nonlinearity, ANetworkEqualsItsLiteralLoop) {
  const Model model = bidirectional_layer();
  Random random(32);
  const Ragged<float> features = random_batch(random, {12}, model.inputs());
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    OperatingPoint point = dense_point(model);
    point.layers[0].nonlinearity = c.choice;
    const BatchResult result =
        make_cpu_engine(borrowed(model), {.threads = 1})->run(features, point);
    const std::vector<double> wanted =
        literal_outputs(std::get<RecurrentLayer>(model.layers[0]), features.sequence(0), c);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      ASSERT_NEAR(result.outputs.values.values()[i], wanted[i], 1e-5) << "element " << i;
  }
}

TEST(Nonlinearity, IntegerNetworksAreTheSameBitsInEveryBatch) {
  const Model model = bidirectional_layer();
  Random random(33);
  const std::vector<Index> lengths{9, 1, 30, 17, 30, 4};
  const Ragged<float> all = random_batch(random, lengths, model.inputs());
  const auto engine = make_cpu_engine(borrowed(model), {.threads = 2});
  for (const Case& c : cases())
    for (const Arithmetic& arithmetic : {Arithmetic{Int16{{8}}}, Arithmetic{Int8{{3}}}}) {
      OperatingPoint point = dense_point(model);
      point.layers[0].nonlinearity = c.choice;
      point.layers[0].arithmetic = arithmetic;
      const BatchResult together = engine->run(all, point);
      for (Index n = 0; n < all.sequences(); ++n) {
        const std::vector<Index> length{lengths[n]};
        Ragged<float> one(length, all.cols());
        std::copy_n(all.sequence(n).data, lengths[n] * all.cols(), one.sequence(0).data);
        const BatchResult alone = engine->run(one, point);
        const float* wanted = std::as_const(together.outputs).sequence(n).data;
        EXPECT_TRUE(
            std::equal(wanted, wanted + lengths[n] * model.outputs(), alone.outputs.values.data()))
            << c.name;
        EXPECT_EQ(alone.activity[0], together.activity[n]);
      }
    }
}

TEST(Nonlinearity, Int16IsNearFp32) {
  const Model model = bidirectional_layer();
  Random random(34);
  const Ragged<float> features = random_batch(random, {25}, model.inputs());
  const auto engine = make_cpu_engine(borrowed(model), {.threads = 1});
  for (const Nonlinearity& choice : {Nonlinearity{PiecewiseLinear{}}, Nonlinearity{Hard{}},
                                     Nonlinearity{LookupTable{.entries = 4096}}}) {
    OperatingPoint point = dense_point(model);
    point.layers[0].nonlinearity = choice;
    const BatchResult floats = engine->run(features, point);
    point.layers[0].arithmetic = Int16{{10}};
    const BatchResult integers = engine->run(features, point);
    for (std::size_t i = 0; i < floats.outputs.values.values().size(); ++i)
      EXPECT_NEAR(integers.outputs.values.values()[i], floats.outputs.values.values()[i], 0.01);
  }
}

TEST(Nonlinearity, CountsReadsComparisonsAndArithmeticOfEveryEvaluation) {
  const Model model = bidirectional_layer();
  Random random(35);
  const Ragged<float> features = random_batch(random, {10}, model.inputs());
  const auto engine = make_cpu_engine(borrowed(model), {.threads = 1});
  const std::uint64_t outputs = 10 * 7;
  struct Counted {
    Nonlinearity choice;
    std::uint64_t exact, reads, multiplications, additions, comparisons;  // for an output
  };
  // The cell itself has 3 multiplications and 5 additions. With an epsilon of 0.1, sigmoid has 5
  // intervals (3 comparisons) and tanh 11 (4 comparisons).
  const std::vector<Counted> counted{
      {Exact{}, 5, 0, 3, 5, 0},
      {LookupTable{}, 0, 5, 3, 5, 0},
      {RangeAddressed{0.1}, 0, 5, 3, 5, 3 * 3 + 2 * 4},
      {PiecewiseLinear{}, 0, 5, 8, 10, 5},
      {PiecewiseLinear{.knots = KnotPlaces::kCurvature}, 0, 5, 8, 10, 5 * 5},
      {PiecewiseLinear{.knots = KnotPlaces::kPlan}, 0, 0, 3, 10, 5 * 2},
      {Hard{HardVariant::kHalved}, 0, 0, 3, 8, 10},
      {Hard{HardVariant::kKeras}, 0, 0, 6, 8, 10},
      {Hard{HardVariant::kDeltaRnn}, 0, 0, 3, 8, 10}};
  for (const Counted& c : counted) {
    OperatingPoint point = dense_point(model);
    point.layers[0].nonlinearity = c.choice;
    const BatchResult result = engine->run(features, point);
    for (const LayerActivity& layer : result.activity[0].layers) {
      EXPECT_EQ(layer[Count::kNonlinearities], c.exact * outputs);
      EXPECT_EQ(layer[Count::kNonlinearityReads], c.reads * outputs);
      EXPECT_EQ(layer[Count::kElementwiseMultiplications], c.multiplications * outputs);
      EXPECT_EQ(layer[Count::kElementwiseAdditions], c.additions * outputs);
      EXPECT_EQ(layer[Count::kNonlinearityComparisons], c.comparisons * outputs);
    }
  }
}

// The reference is libm in long double, whose 64 bits are exact enough.
TEST(NaturalLogarithm, IsWithinTwoUnitsOfTheLastPlace) {
  const auto check = [](double x) {
    const long double exact = std::log(static_cast<long double>(x));
    ASSERT_LE(std::fabs(static_cast<long double>(natural_logarithm(x)) - exact),
              0x1p-51L * std::fabs(exact))
        << x;
  };
  Random random(5);
  for (int exponent = -1022; exponent < 1024; ++exponent)
    for (int i = 0; i < 50; ++i) check(std::ldexp(random.uniform(1, 2), exponent));
  for (int i = 0; i < 100000; ++i) check(random.uniform(0.6, 1.6));  // around the zero
  for (int bits = 1; bits <= 52; ++bits)
    for (double near : {1 + std::ldexp(1.0, -bits), 1 - std::ldexp(1.0, -bits)}) check(near);
  for (double root : {std::sqrt(0.5), std::sqrt(2.0)})  // where the exponent changes
    for (double x : {std::nextafter(root, 0.0), root, std::nextafter(root, 9.0)}) check(x);
}

TEST(NaturalLogarithm, OfOneIsZeroAndKeepsWhatIsNoNumber) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(natural_logarithm(1), 0);
  EXPECT_EQ(natural_logarithm(kInfinite), kInfinite);
  EXPECT_TRUE(std::isnan(natural_logarithm(std::numeric_limits<double>::quiet_NaN())));
}

}  // namespace
}  // namespace edgeval::test
