// A Parzen estimate: the density of points in the unit cube, as a mixture with one component around
// each point that is given and a uniform one. A component is a product of one-dimensional kernels:
// - in a range, Student's t distribution with 2 degrees of freedom, cut off at 0 and 1. With
//   z = (u - centre) / bandwidth its density is proportional to (1 + z^2)^(-3/2), and its
//   distribution function is 1/2 + z / (2 sqrt(1 + z^2)). A kernel of Gauss would need exp and the
//   error function, whose last bits differ between libraries; here + - * / and sqrt suffice.
// - over few whole numbers, the share of the same kernel on the stretch of each;
// - over a list, the value of the point, but for a share that goes to all values alike.
// The density is with respect to u, also of lists and whole numbers, where it is constant over a
// stretch (coordinates.hpp); the uniform component's is 1.
#pragma once

#include <cstdint>
#include <vector>

#include "eval/search/dimension.hpp"
#include "host/numeric/random.hpp"

namespace edgeval {

// A number >= 0 that a double may be too narrow for: fraction 2^exponent, with fraction in [1/2, 1)
// or 0.
struct Scaled {
  double fraction = 0;
  std::int64_t exponent = 0;
};

Scaled scaled(double number, std::int64_t exponent = 0);
Scaled operator*(const Scaled& a, const Scaled& b);
Scaled operator/(const Scaled& a, const Scaled& b);  // b > 0
Scaled operator+(const Scaled& a, const Scaled& b);
bool operator<(const Scaled& a, const Scaled& b);

class ParzenEstimate {
 public:
  // Of no points yet: uniform. `widths` has one for each dimension: the bandwidth of a range, > 0,
  // or the share of a list's kernel that goes to all values alike, in (0, 1].
  ParzenEstimate(std::vector<Dimension> dimensions, const std::vector<double>& widths);

  // Adds a component. Its centre, as the points below, must be snapped.
  void add(const Coordinates& centre);

  // Returns the density at a point. All components, the uniform one among them, weigh the same.
  Scaled density(const Coordinates& at) const;

  // Draws a point, snapped.
  Coordinates draw(SplitMix64& random) const;

 private:
  // A dimension with a kernel of u: a range of real numbers, or of many whole numbers.
  struct Range {
    std::size_t dimension;
    double width;
    double inverse;  // 1 / width
  };
  // A dimension whose values are counted out: a list, or few whole numbers.
  struct Choice {
    std::size_t dimension;
    std::vector<double> bounds;   // where the stretches of the values begin, and 1
    std::vector<double> kernels;  // a row per centre: the density of each value
  };
  struct Component {
    std::vector<double> centres;       // of the ranges
    std::vector<std::size_t> centred;  // values of the choices
    Scaled height;                     // the product of the ranges' kernels at their centres
  };

  std::vector<std::size_t> values_at(const Coordinates& at) const;
  double drawn(const Choice& choice, std::size_t centred, SplitMix64& random) const;

  std::vector<Dimension> dimensions_;
  std::vector<Range> ranges_;
  std::vector<Choice> choices_;
  std::vector<Component> components_;
};

}  // namespace edgeval
