// What a dense network costs before any data is seen: multiply-accumulates, weights and biases of
// every layer and direction, for one step and for so many. Shapes and counts are those that the
// engines report (host/core/activity.hpp); beside them the closed forms in the letters of
// docs/cells.md.
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
  LayerActivity step;   // one dense step
  LayerActivity all;    // all steps of the count
  std::string step_of;  // "frame", "source position", "row", "row and position", "sentence"
  std::uint64_t weight_bytes() const;        // as fp32 stores them
  std::uint64_t step_bytes_fetched() const;  // one word for each MAC of a weight, batch 1
  std::uint64_t all_bytes_fetched() const;
};

struct EmbeddingCount {
  std::string name;
  Index tokens = 0, width = 0;
  bool is_generator = false;  // the generator's weights are these, counted there
  std::uint64_t weights() const {
    return is_generator ? 0 : static_cast<std::uint64_t>(tokens * width);
  }
};

struct ModelCount {
  std::string name, task;
  Index steps = 1;                 // frames, or rows of the decoder: live hypotheses, step by step
  Index positions = 0;             // of the source; 0: a speech model
  double frames_per_second = 0;    // of a speech model
  std::vector<LayerCount> layers;  // in the order of reports
  std::vector<EmbeddingCount> embeddings;

  std::uint64_t macs() const;                             // of all steps
  std::uint64_t macs_per(const std::string& step) const;  // of one step of the layers it runs in
  std::uint64_t weights() const;                          // of layers and embeddings
  std::uint64_t biases() const;
  std::uint64_t bytes_fetched() const;  // of weights, over all steps
  double macs_per_second() const;       // of audio
};

// positions: of the source of a translation model; a speech model takes none. Throws Error when the
// counts do not fit 64 bits.
ModelCount count_model(const AnyModel& model, Index steps, Index positions);

nlohmann::ordered_json to_json(const ModelCount& count);
// kBrief: the totals alone.
std::string readable(const ModelCount& count, Detail detail);

}  // namespace edgeval
