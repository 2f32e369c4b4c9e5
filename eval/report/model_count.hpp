// Counts what a dense network costs before it sees any data: multiply-accumulates, weights and
// biases of every layer and direction, for one step and for a given number of steps. Shapes and
// counts are those that engines report (host/core/activity.hpp). The closed forms beside them use
// the letters of docs/cells.md.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "eval/report/cost_tables.hpp"
#include "host/engine/translate/decoder_counts.hpp"
#include "host/layer/kind.hpp"
#include "host/model/file.hpp"

namespace edgeval {

ClosedForm closed_form(const LayerShape& shape);

struct LayerCount {
  LayerActivity step;   // counts of one dense step
  LayerActivity all;    // counts of all steps
  std::string step_of;  // "frame", "source position", "row", "row and position" or "sentence"
  std::uint64_t weight_bytes() const;        // bytes of the layer's weights in fp32
  std::uint64_t step_bytes_fetched() const;  // bytes of weights that a step fetches with batch 1
  std::uint64_t all_bytes_fetched() const;   // bytes of weights that all steps fetch with batch 1
};

struct EmbeddingCount {
  std::string name;
  Index tokens = 0, width = 0;
  bool is_generator =
      false;  // whether it is also the generator's matrix, where weights are counted
  std::uint64_t weights() const {
    return is_generator ? 0 : static_cast<std::uint64_t>(tokens * width);
  }
};

struct ModelCount {
  std::string name, task;
  // Number of frames of a speech model; of a translation model, number of rows of the decoder, that
  // is of live hypotheses summed over all steps.
  Index steps = 1;
  Index positions = 0;             // number of source positions; 0 for a speech model
  double frames_per_second = 0;    // frames in a second of audio; 0 for a translation model
  std::vector<LayerCount> layers;  // in the order of reports
  std::vector<EmbeddingCount> embeddings;

  std::uint64_t macs() const;  // number of MACs of all steps
  // Returns the number of MACs of one step of all layers with this kind of step.
  std::uint64_t macs_per(const std::string& step) const;
  std::uint64_t weights() const;        // number of weights of layers and embeddings
  std::uint64_t biases() const;         // number of biases of all layers
  std::uint64_t bytes_fetched() const;  // bytes of weights that all steps fetch
  double macs_per_second() const;       // number of MACs for a second of audio
};

// Counts a model over so many steps and, for a translation model, source positions. Throws Error
// when a layer has too many MACs to be counted.
ModelCount count_model(const AnyModel& model, Index steps, Index positions);

nlohmann::ordered_json to_json(const ModelCount& count);
// Returns a table of layers, totals and closed forms for people; kBrief has the totals alone.
std::string readable(const ModelCount& count, Detail detail);

}  // namespace edgeval
