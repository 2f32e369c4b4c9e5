// Tests that bound the address space of a program: skipped with a reason in a build with
// AddressSanitizer, which takes more of it at the start than any bound.
#pragma once

#include <gtest/gtest.h>

#ifdef __SANITIZE_ADDRESS__
#define EDGEVAL_BOUNDS_ADDRESS_SPACE() \
  GTEST_SKIP() << "AddressSanitizer takes more address space than this test allows"
#else
#define EDGEVAL_BOUNDS_ADDRESS_SPACE() static_cast<void>(0)
#endif
