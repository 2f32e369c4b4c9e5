// A network under many choices of the weights axis: what is held does not grow with the choices,
// and what a caller holds stays as it was.
#include "eval/task/networks.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/borrowed.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

// Runs nothing; keeps the network that it was made for.
struct Holder {
  std::shared_ptr<const Model> network;
};

class NetworksTest : public ::testing::Test {
 protected:
  // Returns how many of the networks that runners were made for are still there.
  std::size_t living() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(made_, [](const auto& network) { return !network.expired(); }));
  }

  Model model_ = random_model({.inputs = 4, .lstm = {{.cells = 3}}, .outputs = 5}, 1);
  std::vector<std::weak_ptr<const Model>> made_;
  Networks<Model, Holder> networks_{borrowed(model_), [&](std::shared_ptr<const Model> network) {
                                      made_.push_back(network);
                                      return std::make_shared<Holder>(std::move(network));
                                    }};
};

const LinearLayer& last_layer(const Model& model) {
  return std::get<LinearLayer>(model.layers.back());
}

// `borrowed` networks have no owner and count as gone.
TEST_F(NetworksTest, HoldsOneTransformedNetworkHoweverManyWereAskedFor) {
  networks_.runner();
  for (int n = 0; n < 40; ++n) {
    networks_.runner(Pruned{.share = n / 40.0});
    EXPECT_EQ(living(), 1U) << n;
  }
  EXPECT_EQ(made_.size(), 41U);
}

TEST_F(NetworksTest, MakesARunnerOnceWhileItsChoiceStays) {
  const auto runner = networks_.runner(Binary{});
  EXPECT_EQ(networks_.runner(Binary{}), runner);
  EXPECT_EQ(networks_.network(Binary{}), runner->network);
  const auto trained = networks_.runner();
  EXPECT_EQ(networks_.runner(Binary{}), runner);
  networks_.runner(Ternary{});
  EXPECT_EQ(networks_.runner(AsTrained{}), trained);
  EXPECT_EQ(trained->network.get(), &model_);
  EXPECT_EQ(made_.size(), 3U);
}

TEST_F(NetworksTest, WhatACallerHoldsStaysAsItWas) {
  const auto runner = networks_.runner(Pruned{.share = 1});
  const auto network = networks_.network(Pruned{.share = 1});
  networks_.runner(Binary{});
  EXPECT_EQ(runner->network, network);
  for (const float weight : last_layer(*network).weight.values()) EXPECT_EQ(weight, 0);
}

// Of W [12, 4] and U [12, 3] half stay, 24 and 18 weights; of the last layer's 15 weights 7 do, as
// floor(0.5 x 15 + 0.5) go. A weight has a bit, and 32 more where it stays.
TEST_F(NetworksTest, RemembersTheSizesOfAChoiceAndMakesNothingForThem) {
  for (int again = 0; again < 2; ++again) {
    const std::vector<CompressedSize> sizes = networks_.sizes(Pruned{.share = 0.5});
    ASSERT_EQ(sizes.size(), 2U);
    EXPECT_EQ(sizes[0].bits, 48 + 36 + 32 * (24 + 18));
    EXPECT_EQ(sizes[0].whole, 24 + 18);
    EXPECT_EQ(sizes[1].bits, 15 + 32 * 7);
    EXPECT_EQ(sizes[1].whole, 7);
    const auto binary = networks_.network(Binary{});
    if (again == 1) continue;
    networks_.sizes(Pruned{.share = 0.5});
    EXPECT_EQ(networks_.network(Binary{}), binary);  // it was not given up for the sizes
  }
  for (const CompressedSize& size : networks_.sizes(AsTrained{})) EXPECT_EQ(size.bits, 0);
  EXPECT_TRUE(made_.empty());  // no runner
}

TEST_F(NetworksTest, ReportsTheMatricesOfTheChoice) {
  EXPECT_EQ(networks_.matrices(Pruned{.share = 1})[2].nonzero, 0U);
  EXPECT_EQ(networks_.matrices(AsTrained{})[2].nonzero, 15U);
  EXPECT_EQ(networks_.matrices(AsTrained{})[2].matrix, "weight");
}

// 1e30 is more than sums of 8 bits bear, and 0 is not. Which weights are too large depends on the
// choice.
TEST_F(NetworksTest, RefusesWeightsThatAreTooLargeForIntegersAsOftenAsAsked) {
  std::get<LinearLayer>(model_.layers.back()).weight(0, 0) = 1e30F;
  OperatingPoint point = dense_point(model_);
  networks_.expect_fit(AsTrained{}, point);
  point.layers.back().arithmetic = Int8{{.input_bits = 5}};
  for (int again = 0; again < 2; ++again) {
    EXPECT_THROW(networks_.expect_fit(AsTrained{}, point), Error);
    EXPECT_THROW(networks_.expect_fit(Pruned{.share = 0.5}, point), Error);
    networks_.expect_fit(Pruned{.share = 1}, point);
  }
}

}  // namespace
}  // namespace edgeval::test
