// Tells where tests find files. Real test sets and models lie outside the repository, in the folder
// that EDGEVAL_SHARED names, or in ../shared beside the checkout. Tests that need them are skipped
// with a reason when they are not there.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace edgeval::test {

inline std::filesystem::path source_folder() { return EDGEVAL_SOURCE_FOLDER; }

inline std::filesystem::path shared_folder() {
  const char* named = std::getenv("EDGEVAL_SHARED");
  return named != nullptr ? std::filesystem::path(named) : source_folder().parent_path() / "shared";
}

// Whether the tests of the engines take whole test sets rather than parts of them.
inline bool takes_whole_sets() { return std::getenv("EDGEVAL_FULL") != nullptr; }

}  // namespace edgeval::test

// Skips the test unless shared/<path> exists. When EDGEVAL_REQUIRE_SHARED is set, the test fails
// instead.
#define EDGEVAL_NEEDS_SHARED(path)                                           \
  if (!std::filesystem::exists(::edgeval::test::shared_folder() / (path))) { \
    ASSERT_EQ(std::getenv("EDGEVAL_REQUIRE_SHARED"), nullptr)                \
        << "EDGEVAL_REQUIRE_SHARED: " << (path);                             \
    GTEST_SKIP() << (::edgeval::test::shared_folder() / (path)).string()     \
                 << " is not here; set EDGEVAL_SHARED";                      \
  }
