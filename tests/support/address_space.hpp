// EDGEVAL_BOUNDS_ADDRESS_SPACE() marks a test that bounds the address space of a program. It skips
// the test in a build with AddressSanitizer, which takes more address space than any bound when a
// program starts.
#pragma once

#include <gtest/gtest.h>

#ifdef __SANITIZE_ADDRESS__
#define EDGEVAL_BOUNDS_ADDRESS_SPACE() \
  GTEST_SKIP() << "AddressSanitizer takes more address space than this test allows"
#else
#define EDGEVAL_BOUNDS_ADDRESS_SPACE() static_cast<void>(0)
#endif
