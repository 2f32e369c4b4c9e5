// The cells of recurrent layers in integers (docs/cells.md): one step, given the exact sums of the
// products, in whole numbers of 128 bits. Every rounding is a division.
#pragma once

#include "host/core/activity.hpp"
#include "host/model/graph.hpp"
#include "tests/support/whole.hpp"

namespace edgeval::test {

struct CellFormats {
  Format x;          // format of the layer's input
  Format cells;      // format of what cells give, which is within (-1, 1)
  Format recurrent;  // format of h: that of the cells, or after a projection one of its own
};

// Returns the format of h in the products. After a projection it is the finest in which no h can
// saturate.
Format recurrent_format(const RecurrentLayer& layer, std::size_t direction, Format cells);

class FixedCells {
 public:
  FixedCells(const RecurrentLayer& layer, std::size_t direction, const CellFormats& formats,
             const FixedColumns& w, const FixedColumns& u);

  // Sets the state before the first step, which is 0 otherwise: codes of h, and c in units of
  // 2^-20.
  void start(std::vector<std::int64_t> h, std::vector<Whole> c) {
    h_ = std::move(h);
    c_ = std::move(c);
  }
  const std::vector<std::int64_t>& h() const { return h_; }  // codes of h, for layers with a U
  const std::vector<Whole>& c() const { return c_; }
  float output(Index j) const { return output_[j]; }

  // Runs one step. `wx` and `uh` [G H] are sums without biases; `uh` may be empty. `x` [C] is the
  // layer's input.
  void step(const std::vector<std::int64_t>& wx, const std::vector<std::int64_t>& uh,
            const float* x, LayerActivity& counts);

 private:
  Index at(Index gate, Index j) const { return gate * layer_.cells + j; }
  // Returns the sum of both sums and the bias, rounded once, in units of 2^-20.
  Whole z(Whole wx, Whole uh, float bias) const;
  Whole with_diagonal(Whole z, Index row, Index j, Whole c) const;
  // Returns the sum of all biases of row o.
  float bias(Index o) const;
  // Stores what cell j gives, in the format of the cells.
  void give(Index j, Whole value, int fraction);
  void project(LayerActivity& counts);
  // Runs all cells of a kind. Returns the number of operations of one cell beside the products.
  struct Each {
    int multiplications, additions, nonlinear;
  };
  template <class Kind>
  Each take(const float* x);

  const RecurrentLayer& layer_;
  const RecurrentWeights& weights_;
  const CellFormats formats_;
  const FixedColumns &w_, &u_;
  const FixedColumns diagonal_, projection_;
  int wx_fraction_, uh_fraction_, sum_fraction_;
  std::vector<Whole> wx_, uh_;
  std::vector<std::int64_t> given_, h_;  // codes of what cells give, and of h
  std::vector<Whole> c_;  // c, or for a GRU h before it is rounded, in units of 2^-20
  std::vector<float> output_;
};

}  // namespace edgeval::test
