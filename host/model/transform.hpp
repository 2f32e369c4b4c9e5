// Applies a choice of the weights axis to a model: a new model whose weight matrices hold the
// values the choice leaves, as floats, and what storing and multiplying them costs
// (docs/weights.md). Biases, and what multiplies c element by element (peepholes), stay as trained.
// A matrix is one tensor of the file, so all gates of an LSTM's weight_ih are one.
#pragma once

#include <string>
#include <vector>

#include "host/model/graph.hpp"
#include "host/model/translation.hpp"
#include "host/technique/weights.hpp"

namespace edgeval {

struct MatrixReport {
  std::string layer;
  std::string direction;  // forward | backward | none
  std::string matrix;     // weight_ih | weight_hh | weight_hr | weight
  Index rows = 0, cols = 0;
  StoredMatrix stored = {};
  std::uint64_t nonzero = 0;      // weights that are not 0
  double mean_squared_error = 0;  // against the weights as trained

  std::uint64_t weights() const { return static_cast<std::uint64_t>(rows * cols); }
};

struct TransformedModel {
  Model model;                         // its layers' compressed sizes are set
  std::vector<MatrixReport> matrices;  // in the order of the model
};

TransformedModel transform(const Model& model, const Weights& weights);

// Likewise; embeddings and the vector of mlp attention's scores stay as trained.
struct TransformedTranslation {
  TranslationModel model;
  std::vector<MatrixReport> matrices;
};
TransformedTranslation transform(const TranslationModel& model, const Weights& weights);

}  // namespace edgeval
