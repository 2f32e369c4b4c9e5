// Sigmoid and tanh in double precision, to about 1e-15: what tables are made from. Additions,
// multiplications and divisions only, so the same bits on every machine. Tables are made on the
// host, so these are not for kernels.
#pragma once

namespace edgeval {

// e^-x for 0 <= x <= 300, by halving x to below 2^-5, the series to the ninth power and squaring
// back.
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

// For |x| <= 150; sigmoid(-x) is 1 - sigmoid(x) and tanh(-x) is -tanh(x) to the bit.
inline double precise_sigmoid(double x) {
  return x < 0 ? 1 - 1 / (1 + exp_of_minus(-x)) : 1 / (1 + exp_of_minus(x));
}
inline double precise_tanh(double x) {
  const double e = exp_of_minus(2 * (x < 0 ? -x : x));
  return x < 0 ? -((1 - e) / (1 + e)) : (1 - e) / (1 + e);
}

}  // namespace edgeval
