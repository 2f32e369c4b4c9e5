// Greedy descent by dimension, layer by layer: the layers nearest to the outputs come first, as P3
// chooses its layers from the back.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "eval/search/sampler/observed.hpp"

namespace edgeval {

// Returns the coordinates of values spread evenly over a dimension: all values of a list, all whole
// numbers where these are at most `most`, else `most` numbers of a range, among them both of its
// ends. Each value comes once.
std::vector<double> spread_values(const Dimension& dimension, std::size_t most);

// Returns the numbers of the dimensions in the order in which the descent takes them from the back:
// those of one layer stand together, in the order in which their layers first come, and those of no
// layer stand in front. A dimension belongs to the layer of its first key, "layers.NAME....".
std::vector<std::size_t> order_by_layer(const std::vector<Dimension>& dimensions);

// The descent has an incumbent, at first the best of the points known at its start (is_better). For
// one dimension after the other it tries the values of spread_values with all other coordinates at
// the incumbent, and the best of all that is then known on this line becomes the incumbent. It
// passes once over the dimensions. Points are equal where their settings are; what is known of one
// is used and not asked for again.
//
//   Descent descent(dimensions, known);
//   for (auto batch = descent.next(accepts); !batch.empty(); batch = descent.next(accepts))
//     descent.tell(run(batch));
class Descent {
 public:
  // There must be a dimension and a known point, and `values`, the most of a range, at least 2.
  Descent(std::vector<Dimension> dimensions, std::span<const Observed> known,
          std::size_t values = 16);

  // Returns the points of the current line that are not known and that `accepts` lets through. A
  // line without any is over at once, and the next one is taken. Empty when the descent is done.
  std::vector<Coordinates> next(const Accepts& accepts);

  // Takes what was found of the points that `next` gave, and of any others, and ends the line: a
  // point that was not told of stays out of account. Must follow a `next` that gave points.
  void tell(std::span<const Observed> found);

  bool done() const { return left_ == 0; }
  const Observed& incumbent() const { return incumbent_; }

 private:
  using Values = std::vector<std::string>;

  // Returns the value of each dimension as text.
  Values values_of(const Coordinates& at) const;
  void learn(std::span<const Observed> points);
  void end_line();

  std::vector<Dimension> dimensions_;
  std::size_t values_;
  std::map<Values, Observed> known_;
  Observed incumbent_;
  std::vector<std::size_t> order_;
  std::size_t left_;         // dimensions to come; the line is along order_[left_ - 1]
  bool is_waiting_ = false;  // for what was found on the line
};

}  // namespace edgeval
