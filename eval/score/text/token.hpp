// Numbers stand for words where texts are compared.
#pragma once

#include <cstdint>

namespace edgeval {

// A token is a number that stands for a word or a character; equal ones have equal numbers.
using Token = std::uint32_t;

}  // namespace edgeval
