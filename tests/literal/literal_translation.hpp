// Translation as its equations are written (docs/formats/translation-model.md), with the search of
// docs/techniques.md, "Beam": one hypothesis at a time, all candidates sorted, everything in
// double.
#pragma once

#include <map>
#include <string>

#include "host/engine/translate/beam_search.hpp"

namespace edgeval::test {

// The work of a layer, counted where it was done.
struct LiteralWork {
  std::uint64_t steps = 0, macs = 0, weight_words = 0;
  std::uint64_t inputs_zero = 0, recurrent_inputs_zero = 0;
  std::uint64_t inputs_changed = 0,
                recurrent_inputs_changed = 0;  // the integer form alone has them
  std::uint64_t multiplications = 0, additions = 0, nonlinearities = 0, comparisons = 0;
  bool operator==(const LiteralWork&) const = default;
};

struct LiteralTranslation {
  std::vector<int> tokens;
  // Work of each layer of decoder, bridge, attention and generator, by the layer's name.
  std::map<std::string, LiteralWork> work;
  double score = 0;
  SearchCounts counts;
  // Least distance at which a decision of the search would have been another: between scores, and
  // for the value that gives the beam's width.
  double closest = 1e300, closest_width = 1e300;
};

LiteralTranslation literal_translation(const TranslationModel& model,
                                       const std::vector<int>& source,
                                       const SearchOptions& options);

// Returns a small random model. Seeds give every kind of attention, of bridge and of cells that a
// decoder may have.
TranslationModel random_translation_model(std::uint64_t seed);

}  // namespace edgeval::test
