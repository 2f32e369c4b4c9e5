// Multi-bit binary codes: x = sum over i < k of alpha_i b_i with b_i = +-1, and one set of alphas
// for a vector x. The methods are
//   greedy (Guo et al. 2017): r = x; for each i alpha_i = mean |r|, b_i = sign(r), r -= alpha_i b_i
//   refined (Guo et al. 2017): greedy, but after each i all alphas are solved by least squares
//   alternating (Xu et al. 2018): greedy, then `cycles` times the alphas by least squares and the
//     codes of the nearest of the 2^k sums; neither half of a cycle can raise the error
// sign(0) = +1. Where the codes depend on each other, least squares has no single answer and the
// alphas stay as they were. Halfway between two sums the lower one is taken.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace edgeval {

enum class MultiBitMethod : std::uint8_t { kGreedy, kRefined, kAlternating };
constexpr std::array<std::string_view, 3> names(MultiBitMethod) {
  return {"greedy", "refined", "alternating"};
}

// The codes of one vector: bit i of codes[j] is set where b_i of element j is +1.
struct MultiBitCodes {
  std::vector<double> alphas;  // [k]
  std::vector<std::uint32_t> codes;

  double value(std::uint32_t code) const {
    double sum = 0;
    for (std::size_t i = 0; i < alphas.size(); ++i)
      sum += (code >> i & 1) != 0 ? alphas[i] : -alphas[i];
    return sum;
  }
};

inline constexpr int kMaxMultiBits = 8;

// Sets alphas = (B^T B)^-1 B^T x over the first `bits` codes, by Gaussian elimination on B^T B,
// which is symmetric and has exact whole numbers. Returns false, and changes nothing, when B^T B is
// singular.
inline bool solve_alphas(std::span<const float> x, MultiBitCodes& code, int bits) {
  const auto n = static_cast<std::size_t>(bits);
  std::array<std::array<double, kMaxMultiBits + 1>, kMaxMultiBits> a{};  // [B^T B | B^T x]
  const auto sign = [](std::uint32_t c, std::size_t i) { return (c >> i & 1) != 0 ? 1.0 : -1.0; };
  for (std::size_t element = 0; element < x.size(); ++element) {
    const std::uint32_t c = code.codes[element];
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) a[i][j] += sign(c, i) * sign(c, j);
      a[i][n] += sign(c, i) * static_cast<double>(x[element]);
    }
  }
  // A pivot is the squared distance of one code from the span of those before it: 0 when they
  // depend on each other, and far above the rounding error otherwise.
  const double least_pivot = 1e-9 * static_cast<double>(x.size());
  for (std::size_t p = 0; p < n; ++p) {
    if (!(a[p][p] > least_pivot)) return false;
    for (std::size_t row = p + 1; row < n; ++row) {
      const double factor = a[row][p] / a[p][p];
      for (std::size_t col = p; col <= n; ++col) a[row][col] -= factor * a[p][col];
    }
  }
  for (std::size_t p = n; p-- > 0;) {
    double rest = a[p][n];
    for (std::size_t col = p + 1; col < n; ++col) rest -= a[p][col] * code.alphas[col];
    code.alphas[p] = rest / a[p][p];
  }
  return true;
}

inline MultiBitCodes greedy_codes(std::span<const float> x, int bits, bool refine) {
  MultiBitCodes code{std::vector<double>(static_cast<std::size_t>(bits)),
                     std::vector<std::uint32_t>(x.size())};
  std::vector<double> residual(x.begin(), x.end());
  for (int i = 0; i < bits; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      sum += std::fabs(residual[j]);
      if (residual[j] >= 0) code.codes[j] |= 1U << i;
    }
    code.alphas[static_cast<std::size_t>(i)] = x.empty() ? 0 : sum / static_cast<double>(x.size());
    if (refine) solve_alphas(x, code, i + 1);
    for (std::size_t j = 0; j < x.size(); ++j) {
      residual[j] = static_cast<double>(x[j]);
      for (int b = 0; b <= i; ++b) {
        const double alpha = code.alphas[static_cast<std::size_t>(b)];
        residual[j] -= (code.codes[j] >> b & 1) != 0 ? alpha : -alpha;
      }
    }
  }
  return code;
}

// Gives every element the code of the nearest sum.
inline void assign_nearest(std::span<const float> x, MultiBitCodes& code) {
  struct Sum {
    double value;
    std::uint32_t code;
  };
  std::vector<Sum> sums;
  for (std::uint32_t c = 0; c < 1U << code.alphas.size(); ++c) sums.push_back({code.value(c), c});
  std::ranges::sort(sums, [](const Sum& a, const Sum& b) {
    return a.value != b.value ? a.value < b.value : a.code < b.code;
  });
  std::vector<double> halfway;
  for (std::size_t i = 0; i + 1 < sums.size(); ++i)
    halfway.push_back((sums[i].value + sums[i + 1].value) / 2);
  for (std::size_t j = 0; j < x.size(); ++j) {
    const auto above = std::ranges::lower_bound(halfway, static_cast<double>(x[j]));
    code.codes[j] = sums[static_cast<std::size_t>(above - halfway.begin())].code;
  }
}

// Returns the codes of a vector; bits lies between 1 and kMaxMultiBits.
inline MultiBitCodes multi_bit_codes(std::span<const float> x, int bits, MultiBitMethod method,
                                     int cycles) {
  MultiBitCodes code = greedy_codes(x, bits, method == MultiBitMethod::kRefined);
  if (method != MultiBitMethod::kAlternating) return code;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    solve_alphas(x, code, bits);
    assign_nearest(x, code);
  }
  return code;
}

}  // namespace edgeval
