// An encoder-decoder with attention in memory (docs/formats.md, "translation model", which has every equation). Weights are
// those of the file. Letters: V tokens, E widths of the embeddings, S source positions, K outputs of the encoder, D cells of
// the decoder's last layer, A outputs of attention.
#pragma once

#include <string>
#include <vector>

#include "host/core/vocabulary.hpp"
#include "host/model/graph.hpp"

namespace edgeval {

struct Bridge {
  enum class Type { kCopy, kLinear };
  Type type = Type::kCopy;
  std::vector<std::size_t> from;  // encoder layers
  Activation::Type activation = Activation::Type::kNone;
  bool tanh = false;
  Matrix<float> hidden, hidden_bias, cell, cell_bias;  // [L, F], [1, L]; of kLinear
};

struct Attention {
  enum class Type { kDot, kGeneral, kMlp };
  Type type = Type::kDot;
  std::string name;
  Index outputs = 0;        // A
  Index hidden = 0;         // M, of kMlp
  bool output_tanh = true;  // else linear
  Matrix<float> linear_in;                             // [K, D], of kGeneral
  Matrix<float> query, query_bias, context, score;     // [M, D], [1, M], [M, K], [1, M], of kMlp
  Matrix<float> linear_out, linear_out_bias;           // [A, K + D], [1, A] (empty: none)
};

struct TranslationModel {
  std::string path, sha256, name;
  VocabularyConfig source, target;
  Matrix<float> source_embedding, target_embedding;  // [V_s, E_s], [V_t, E_t]
  Model encoder;  // layers only; an engine runs it on embedded sentences
  Bridge bridge;
  std::vector<RecurrentLayer> decoder;  // forward
  bool input_feeding = false;
  Attention attention;
  std::string generator;   // its name
  Matrix<float> generator_weight, generator_bias;  // [V_t, A], [1, V_t]; tied weights are a copy

  Index keys() const { return encoder.outputs(); }          // K
  Index queries() const { return decoder.back().outputs(); }  // D
};

// Throws Error naming the file, the tensor or key and the reason, in one line.
TranslationModel read_translation_model(std::string_view bytes, const std::string& path);

}  // namespace edgeval
