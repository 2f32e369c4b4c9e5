// An encoder-decoder with attention in memory (docs/formats/translation-model.md has every
// equation). Weights are those of the file. Letters: V tokens, E widths of the embeddings, S source
// positions, K outputs of the encoder, D cells of the decoder's last layer, A outputs of the
// attention.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/core/vocabulary.hpp"
#include "host/model/graph.hpp"

namespace edgeval {

// Makes the first states of the decoder from the final states of the encoder.
struct Bridge {
  // Encoder layers; where there are no linear layers, their final states are copied.
  std::vector<std::size_t> from;
  std::optional<std::size_t> hidden, cell;  // linear layers; `cell` is for LSTMs only
  bool tanh = false;                        // whether the linear layers end in tanh
};

struct Attention {
  enum class Type { kDot, kGeneral, kMlp };
  Type type = Type::kDot;
  std::string name;
  Index outputs = 0;        // A
  Index hidden = 0;         // M, for kMlp
  bool output_tanh = true;  // whether the outputs pass through tanh
  // A linear layer over the query: W_in [K, D] of kGeneral, W_query [M, D] of kMlp.
  std::optional<std::size_t> probe;
  std::optional<std::size_t> context;  // for kMlp: W_context [M, K]
  Matrix<float> score;                 // for kMlp: v [1, M]
  std::size_t output = 0;              // W_out [A, K + D]
};

// All layers belong to `network`, so that a policy, a profile or a choice of the weights sees them
// as it sees those of any model. The other members say which of the layers they are.
struct TranslationModel {
  // Its stack is the encoder, which an engine runs on embedded sentences. The decoder's layers
  // follow: first those of `decoder`, then those of bridge, attention and generator.
  Model network;
  VocabularyConfig source, target;
  Matrix<float> source_embedding, target_embedding;  // [V_s, E_s], [V_t, E_t]
  std::vector<std::size_t> decoder;                  // recurrent layers, all forward
  bool input_feeding = false;
  Bridge bridge;
  Attention attention;
  std::size_t generator = 0;  // a layer [V_t, A]; tied weights are copied

  const RecurrentLayer& cells(std::size_t layer) const {
    return std::get<RecurrentLayer>(network.layers[layer]);
  }
  const LinearLayer& linear(std::size_t layer) const {
    return std::get<LinearLayer>(network.layers[layer]);
  }
  Index keys() const { return network.outputs(); }                   // K
  Index queries() const { return cells(decoder.back()).outputs(); }  // D
};

// Returns the network of a model, which keeps the whole model.
inline std::shared_ptr<const Model> network_of(std::shared_ptr<const TranslationModel> model) {
  const Model* const network = &model->network;
  return {std::move(model), network};
}

// Throws Error with one line that names the file, the tensor or key, and the reason.
TranslationModel read_translation_model(std::string_view bytes, const std::string& path);

}  // namespace edgeval
