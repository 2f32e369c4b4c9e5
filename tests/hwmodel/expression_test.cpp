// Compares expressions of accelerator files with values worked out by hand.
#include "hwmodel/expression.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.hpp"
#include "host/layer/kinds.hpp"
#include "tests/support/refusal.hpp"

namespace edgeval::hw {
namespace {

// The layer has 4 gates x 33 cells x (5 + 33) = 5016 weights and 132 biases.
LayerShape shape() {
  return {.name = "lstm1",
          .direction = "forward",
          .kind = kLstm,
          .inputs = 5,
          .recurrent = 33,
          .outputs = 33,
          .gates = 4,
          .weight_bits = 16};
}

double value(std::string_view text) { return Expression::parse(text)(shape()); }

std::string refusal_of(std::string_view text) {
  return edgeval::test::refusal([&] { Expression::parse(text); });
}

TEST(Expression, KnowsEveryNameOfTheShape) {
  EXPECT_EQ(value("inputs"), 5);
  EXPECT_EQ(value("recurrent"), 33);
  EXPECT_EQ(value("outputs"), 33);
  EXPECT_EQ(value("gates"), 4);
  EXPECT_EQ(value("weights"), 5016);
  EXPECT_EQ(value("biases"), 132);
  EXPECT_EQ(value("weight_bits"), 16);
  EXPECT_EQ(value("stored_bits"), 5016 * 16);
  LayerShape compressed = shape();
  compressed.compressed_bits = 10'001;
  EXPECT_EQ(Expression::parse("stored_bits")(compressed), 10'001);
}

TEST(Expression, ProductsBindTighterThanSumsAndBothGoFromLeftToRight) {
  EXPECT_EQ(value("2 + 3 * 4"), 14);
  EXPECT_EQ(value("(2 + 3) * 4"), 20);
  EXPECT_EQ(value("10 - 4 - 3"), 3);
  EXPECT_EQ(value("24 / 4 / 3"), 2);
  EXPECT_EQ(value("24 / 4 * 3"), 18);
  EXPECT_EQ(value("1.5e2 + .25"), 150.25);
}

TEST(Expression, CeilCountsRowsThatAreNotFull) {
  EXPECT_EQ(value("ceil(outputs / 32)"), 2);
  EXPECT_EQ(value("ceil(32 / 32)"), 1);
  EXPECT_EQ(value("ceil(31 / 32)"), 1);
  EXPECT_EQ(value("ceil(0 / 32)"), 0);
  EXPECT_EQ(value("outputs * (ceil(inputs/16) + ceil(recurrent/16))"), 33 * (1 + 3));
}

TEST(Expression, MaxTakesTheGreaterOfTwo) {
  EXPECT_EQ(value("max(inputs, recurrent)"), 33);
  EXPECT_EQ(value("max(ceil(7 / 2), max(1, 2)) - 1"), 3);
}

TEST(Expression, DivisionByZeroIsNotFinite) {
  EXPECT_FALSE(std::isfinite(value("1 / (gates - 4)")));
}

TEST(Expression, RefusesWithThePlaceAndTheCure) {
  EXPECT_EQ(refusal_of("ceil(output / 128)"),
            "'ceil(output / 128)': unknown name 'output'; did you mean outputs?");
  EXPECT_EQ(refusal_of("(inputs + 1"), "'(inputs + 1': expected ')' at character 12");
  EXPECT_EQ(refusal_of("2 inputs"), "'2 inputs': expected an operator or the end at character 3");
  EXPECT_EQ(refusal_of("2 *"), "'2 *': expected a number, a name or '(' at character 4");
  EXPECT_EQ(refusal_of("max(1)"), "'max(1)': expected ',' at character 6");
  EXPECT_EQ(refusal_of("1e999"), "'1e999': expected a number in range at character 1");
  for (const std::string text : {"", "-1", "inputs ^ 2", "ceil inputs", "1)", "min(1, 2)"})
    EXPECT_NE(refusal_of(text), "accepted") << text;
  EXPECT_EQ(refusal_of(std::string(201, '(')), "an expression has at most 200 characters");
  EXPECT_NE(refusal_of(std::string(200, '(')), "accepted");
}

}  // namespace
}  // namespace edgeval::hw
