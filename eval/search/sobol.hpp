// The sequence of Sobol 1967 in the order of the Gray code (Antonov and Saleev 1979), with the
// direction numbers of Joe and Kuo 2008 for up to 3667 dimensions. It is that of Boost.Random, with
// the point 0, which Boost leaves out, in front. A digital shift (L'Ecuyer and Lemieux 2002) takes
// the exclusive or of every coordinate's 64 binary digits with those of a fixed number. It keeps
// what makes the sequence even: of the first 2^k points, each of the 2^k equal parts of a dimension
// gets one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace edgeval {

class SobolSequence {
 public:
  // The greatest number of dimensions.
  static std::size_t most_dimensions();

  // `shift` has a number for each dimension, of which there must be 1 to most_dimensions(); zeros
  // leave the sequence as it is.
  explicit SobolSequence(std::vector<std::uint64_t> shift);
  ~SobolSequence();

  // Returns the next point: for each dimension a multiple of 2^-53 in [0, 1).
  std::vector<double> next();

 private:
  struct Engine;
  std::vector<std::uint64_t> shift_;
  std::unique_ptr<Engine> engine_;
  bool is_first_ = true;
};

}  // namespace edgeval
