// An encoder-decoder with attention in memory (docs/formats/translation-model.md, which has
// every equation). Weights are those of the file. Letters: V tokens, E widths of the embeddings, S
// source positions, K outputs of the encoder, D cells of the decoder's last layer, A outputs of
// attention.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/core/vocabulary.hpp"
#include "host/model/graph.hpp"

namespace edgeval {

// From the encoder's final states to the decoder's first ones.
struct Bridge {
  std::vector<std::size_t>
      from;  // encoder layers; what they end with is copied where there are no layers here
  std::optional<std::size_t> hidden, cell;  // linear layers [L, F]; cell for LSTMs
  bool tanh = false;                        // behind them
};

struct Attention {
  enum class Type { kDot, kGeneral, kMlp };
  Type type = Type::kDot;
  std::string name;
  Index outputs = 0;        // A
  Index hidden = 0;         // M, of kMlp
  bool output_tanh = true;  // else linear
  std::optional<std::size_t>
      probe;  // a linear layer over the query: W_in [K, D] of kGeneral, W_query [M, D] of kMlp
  std::optional<std::size_t> context;  // of kMlp: W_context [M, K]
  Matrix<float> score;                 // [1, M], of kMlp
  std::size_t output = 0;              // W_out [A, K + D]
};

// All layers are those of `network`, so that a policy, a profile or a choice of the weights sees
// them as it sees any model's; the other parts say which of them they are.
struct TranslationModel {
  // Its stack is the encoder, which an engine runs on embedded sentences. Behind it the decoder's:
  // those of `decoder`, then of the bridge, the attention and the generator.
  Model network;
  VocabularyConfig source, target;
  Matrix<float> source_embedding, target_embedding;  // [V_s, E_s], [V_t, E_t]
  std::vector<std::size_t> decoder;                  // recurrent layers, forward
  bool input_feeding = false;
  Bridge bridge;
  Attention attention;
  std::size_t generator = 0;  // [V_t, A]; tied weights are a copy

  const RecurrentLayer& cells(std::size_t layer) const {
    return std::get<RecurrentLayer>(network.layers[layer]);
  }
  const LinearLayer& linear(std::size_t layer) const {
    return std::get<LinearLayer>(network.layers[layer]);
  }
  Index keys() const { return network.outputs(); }                   // K
  Index queries() const { return cells(decoder.back()).outputs(); }  // D
};

// Throws Error naming the file, the tensor or key and the reason, in one line.
TranslationModel read_translation_model(std::string_view bytes, const std::string& path);

}  // namespace edgeval
