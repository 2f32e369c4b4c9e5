// Random numbers that are the same bits on every machine and with every library.
#pragma once

#include <cstdint>

#include "host/numeric/host_device.hpp"

namespace edgeval {

// The generator of Steele, Lea and Flood 2014: the k-th number is a mix of seed + k times the
// golden ratio.
class SplitMix64 {
 public:
  EDGEVAL_HD explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  EDGEVAL_HD std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  // Returns a number uniform on [0, bound), without bias; bound > 0.
  EDGEVAL_HD std::uint64_t below(std::uint64_t bound) {
    // The first 2^64 mod bound numbers are drawn again, so that every remainder is as likely.
    const std::uint64_t refused = (0 - bound) % bound;
    std::uint64_t drawn = next();
    while (drawn < refused) drawn = next();
    return drawn % bound;
  }

  // Returns a number uniform on [0, 1), a multiple of 2^-53.
  EDGEVAL_HD double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

// Returns the generator of stream number `stream` of a seed. The streams of one seed do not overlap
// in practice.
EDGEVAL_HD SplitMix64 random_stream(std::uint64_t seed, std::uint64_t stream) {
  SplitMix64 start(SplitMix64(seed).next() ^ stream);
  return SplitMix64(start.next());
}

}  // namespace edgeval
