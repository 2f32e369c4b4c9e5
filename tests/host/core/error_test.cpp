// Messages are put together as a stream of the C++ library writes their parts.
#include "host/core/error.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <sstream>
#include <vector>

#include "host/core/number_text.hpp"

namespace edgeval::test {
namespace {

template <class... Parts>
std::string streamed(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

template <class Number>
void expect_as_streamed() {
  using Limits = std::numeric_limits<Number>;
  for (const Number number : {Limits::min(), Limits::lowest(), Limits::max(), Number{0}, Number{1}})
    EXPECT_EQ(concat(number), streamed(number));
}

TEST(Message, HasIntegersAsStreamsWriteThem) {
  expect_as_streamed<std::int16_t>();
  expect_as_streamed<std::uint16_t>();
  expect_as_streamed<std::int32_t>();
  expect_as_streamed<std::uint32_t>();
  expect_as_streamed<std::int64_t>();
  expect_as_streamed<std::uint64_t>();
  expect_as_streamed<bool>();
}

TEST(Message, HasFloatsAsStreamsWriteThem) {
  expect_as_streamed<float>();
  expect_as_streamed<double>();
  for (const double number : {0.1, -0.0, 1e-5, 123456.0, 1234567.0, 100000.5, -1e300, 2.5e-308})
    EXPECT_EQ(concat(number), streamed(number));
  for (const double number :
       {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()})
    EXPECT_EQ(concat(number), streamed(number));
}

TEST(Message, HasNumbersInAFormat) {
  EXPECT_EQ(printed("%.2f %%, %s", 12.345, "more"), "12.35 %, more");
  EXPECT_EQ(printed("%.1f", 1e300).size(), 303u);
  EXPECT_EQ(printed("%s", ""), "");
  EXPECT_EQ(fixed(2.5, 0), "2");
  EXPECT_EQ(fixed(-0.126, 2), "-0.13");
}

TEST(Message, HasListsWithASeparator) {
  EXPECT_EQ(separated(std::vector<std::string>{"a", "", "c"}), "a, , c");
  EXPECT_EQ(separated(std::vector<std::string>{}), "");
  EXPECT_EQ(separated(std::vector<int>{1, 2}, "/", [](int n) { return concat(n); }), "1/2");
}

TEST(Message, JoinsItsParts) {
  const std::string of_string = "a string";
  const std::string_view view = std::string_view("a view of all").substr(0, 6);
  EXPECT_EQ(concat(of_string, ", ", view, ' ', 'c', "", 3, -4L, 0.5F, true),
            "a string, a view c3-40.51");
  EXPECT_EQ(concat(), "");
  EXPECT_EQ(concat(std::string(100000, 'x'), std::string_view("a\0b", 3)),
            std::string(100000, 'x') + std::string("a\0b", 3));
}

TEST(Message, OfAnErrorIsMadeWhereTheConditionIsFalse) {
  int made = 0;
  const auto part = [&] { return ++made; };
  EXPECT_NO_THROW(EDGEVAL_EXPECTS(true, "part ", part()));
  EXPECT_EQ(made, 0);
  try {
    EDGEVAL_EXPECTS(made > 0, "file", ": width is ", part(), ", must be 0");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "file: width is 1, must be 0");
  }
}

TEST(Message, OfABrokenAssertionNamesThePlaceAndTheCondition) {
  EXPECT_NO_THROW(EDGEVAL_ASSERT(1 < 2));
  const std::string place = concat(__FILE__, ":", __LINE__ + 2, ": broken: 2 < 1");
  try {
    EDGEVAL_ASSERT(2 < 1);
    FAIL() << "nothing was thrown";
  } catch (const std::logic_error& error) {
    EXPECT_EQ(error.what(), place);
  }
}

}  // namespace
}  // namespace edgeval::test
