// Sigmoid and tanh in double precision, to about 1e-15, from which tables are made. They use only
// additions, multiplications and divisions and so give the same bits on every machine. Tables are
// made on the host, so these functions are not for kernels.
#pragma once

namespace edgeval {

// e^-x for 0 <= x <= 300: x is halved until it is at most 2^-5, the series is taken to the ninth
// power, and its sum is squared as often.
inline double exp_of_minus(double x) {
  int halvings = 0;
  for (; x > 0.03125; x /= 2) ++halvings;
  double term = 1, sum = 1;
  for (int k = 1; k <= 9; ++k) {
    term *= -x / k;
    sum += term;
  }
  for (; halvings > 0; --halvings) sum *= sum;
  return sum;
}

// For |x| <= 150. sigmoid(-x) equals 1 - sigmoid(x) and tanh(-x) equals -tanh(x) to the bit.
inline double precise_sigmoid(double x) {
  return x < 0 ? 1 - 1 / (1 + exp_of_minus(-x)) : 1 / (1 + exp_of_minus(x));
}
inline double precise_tanh(double x) {
  const double e = exp_of_minus(2 * (x < 0 ? -x : x));
  return x < 0 ? -((1 - e) / (1 + e)) : (1 - e) / (1 + e);
}

}  // namespace edgeval
