// Applies a choice of the weights axis to a model (docs/weights.md). The result is a new model
// whose weight matrices hold the values that the choice leaves, as floats, and what storing and
// multiplying them costs. Biases stay as trained, and so do weights that multiply c element by
// element, such as peepholes. A matrix is one tensor of the file, so that all gates of an LSTM's
// weight_ih are one matrix.
#pragma once

#include <string>
#include <vector>

#include "host/model/graph.hpp"
#include "host/model/translation.hpp"
#include "host/technique/weights/weights.hpp"

namespace edgeval {

struct MatrixReport {
  std::string layer;
  std::string direction;  // forward | backward | none
  std::string matrix;     // weight_ih | weight_hh | weight_hr | weight
  Index rows = 0, cols = 0;
  StoredMatrix stored = {};
  std::uint64_t nonzero = 0;      // number of weights that are not 0
  double mean_squared_error = 0;  // between the new weights and those as trained

  std::uint64_t weights() const { return static_cast<std::uint64_t>(rows * cols); }
};

struct TransformedModel {
  Model model;                         // with the compressed sizes of its layers set
  std::vector<MatrixReport> matrices;  // in the order of the model
};

TransformedModel transform(const Model& model, const Weights& weights);

// A translation model after a choice of the weights axis. Embeddings and the vector of mlp
// attention's scores stay as trained.
struct TransformedTranslation {
  TranslationModel model;
  std::vector<MatrixReport> matrices;
};
TransformedTranslation transform(const TranslationModel& model, const Weights& weights);

}  // namespace edgeval
