// How the keys of settings are taken apart.
#include "eval/policy/settings.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"

namespace edgeval::test {
namespace {

using Texts = std::vector<std::string>;

TEST(Settings, AKeyIsSplitAtTheDotsOutsideOfQuotes) {
  EXPECT_EQ(split_key("operand", ""), Texts{"operand"});
  EXPECT_EQ(split_key("layers.lstm1.plan", ""), (Texts{"layers", "lstm1", "plan"}));
  EXPECT_EQ(split_key(R"(layers."enc.lstm1".plan)", ""), (Texts{"layers", "enc.lstm1", "plan"}));
  EXPECT_EQ(refusal([] { split_key("a..b", "here"); }),
            "here: a..b is no key such as operand.clusters");
  EXPECT_EQ(refusal([] { split_key("a.\"b", "here"); }), "here: a double quote is not closed");
}

TEST(Settings, AnEqualsSignInQuotesBelongsToTheKey) {
  EXPECT_EQ(find_unquoted(R"("a=b".c=d=e)", '='), 7u);
  EXPECT_EQ(find_unquoted(R"("a=b")", '='), std::string::npos);
  YAML::Node root(YAML::NodeType::Map);
  apply_settings(root, {R"(layers."a=b".plan.threshold=0.5)"});
  EXPECT_EQ(root["layers"]["a=b"]["plan"]["threshold"].as<double>(), 0.5);
}

}  // namespace
}  // namespace edgeval::test
