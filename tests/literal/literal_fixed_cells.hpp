// The cells of recurrent layers in integers (docs/cells.md), one step from the exact sums of the
// products, in whole numbers of 128 bits: every rounding is a division.
#pragma once

#include "host/core/activity.hpp"
#include "host/model/graph.hpp"
#include "tests/support/whole.hpp"

namespace edgeval::test {

struct CellFormats {
  Format x;          // of the layer's input
  Format cells;      // of what cells give: within (-1, 1)
  Format recurrent;  // of h: the same, or behind a projection its own
};

// Of h in the products: behind a projection the finest in which no h can saturate.
Format recurrent_format(const RecurrentLayer& layer, std::size_t direction, Format cells);

class FixedCells {
 public:
  FixedCells(const RecurrentLayer& layer, std::size_t direction, const CellFormats& formats,
             const FixedColumns& w, const FixedColumns& u);

  // Another state before the first step than zeros: codes of h, c in 2^-20.
  void start(std::vector<std::int64_t> h, std::vector<Whole> c) {
    h_ = std::move(h);
    c_ = std::move(c);
  }
  const std::vector<std::int64_t>& h() const { return h_; }  // codes; of layers with a U
  const std::vector<Whole>& c() const { return c_; }
  float output(Index j) const { return output_[j]; }

  // wx, uh [G H]: sums without biases; uh may be empty. x [C]: the layer's input.
  void step(const std::vector<std::int64_t>& wx, const std::vector<std::int64_t>& uh,
            const float* x, LayerActivity& counts);

 private:
  Index at(Index gate, Index j) const { return gate * layer_.cells + j; }
  Whole z(Whole wx, Whole uh, float bias) const;  // both sums and the bias, rounded once: 2^-20
  Whole with_diagonal(Whole z, Index row, Index j, Whole c) const;
  float bias(Index o) const;                      // of everything that comes together in row o
  void give(Index j, Whole value, int fraction);  // what a cell gives, into its format
  void project(LayerActivity& counts);
  // The cells of a kind; what one of them does beside the products is added.
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
  std::vector<std::int64_t> given_, h_;  // codes
  std::vector<Whole> c_;                 // 2^-20; a GRU's h before it is rounded
  std::vector<float> output_;
};

}  // namespace edgeval::test
