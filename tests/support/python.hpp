// Runs the Python that EDGEVAL_PYTHON names, or python3. Tests that need modules of Python are
// skipped where these are missing.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "host/core/error.hpp"

namespace edgeval::test {

// Runs Python with the arguments as a shell reads them, and returns whether its exit code was 0.
inline bool python(const std::string& arguments) {
  const char* named = std::getenv("EDGEVAL_PYTHON");
  const std::string command = concat(named != nullptr ? named : "python3", " ", arguments);
  return std::system(concat("PYTHONDONTWRITEBYTECODE=1 ", command).c_str()) == 0;
}

}  // namespace edgeval::test

#define EDGEVAL_NEEDS_PYTHON_MODULES(modules)                          \
  if (!::edgeval::test::python("-c 'import " modules "' 2>/dev/null")) \
  GTEST_SKIP() << "no Python with " modules "; set EDGEVAL_PYTHON"
