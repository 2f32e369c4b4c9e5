// The second half of a translation: from what the encoder made of a batch of sentences to their
// best hypotheses, by a beam search over a model's decoder under one operating point.
// beam_search.hpp has the rules of the search.
#pragma once

#include "host/engine/translate/encoder.hpp"
#include "host/technique/beam.hpp"

namespace edgeval {

enum class LengthPenalty { kNone, kWu, kAverage };
// Names of the penalties, in the order of the enum.
inline constexpr const char* kLengthPenaltyNames[] = {"none", "wu", "avg"};

struct SearchOptions {
  Beam beam = FixedBeam{};
  int longest = 100;  // a hypothesis has at most so many tokens, eos included
  int shortest = 0;   // eos is allowed after so many tokens
  int n_best = 1;     // number of hypotheses that are kept of a sentence
  // What the score of a hypothesis of t tokens, bos and eos included, is divided by: 1 (kNone),
  // ((5 + t) / 6)^alpha (kWu) or t (kAverage).
  LengthPenalty penalty = LengthPenalty::kNone;
  double alpha = 0;  // of kWu
};

struct Hypothesis {
  std::vector<int> tokens;      // without bos and eos
  std::vector<Index> attended;  // source position that each token attended to most, from 0
  double score = 0;             // the log-probability after the penalty
  float log_probability = 0;    // sum over all tokens, eos included
  bool ended = false;           // whether it ended with eos; else it was cut off at `longest`
};

// The work of one sentence's search.
struct SearchCounts {
  std::uint64_t steps = 0;  // number of iterations, the last included
  // Numbers of hypotheses that entered the iterations. OpenNMT-py also runs those that have ended
  // while they are among the best; rows_live leaves these out.
  std::uint64_t rows = 0, rows_live = 0;
  std::uint64_t beam_width_sum = 0;  // sum of the widths chosen
  SearchCounts& operator+=(const SearchCounts& other) {
    steps += other.steps, rows += other.rows, rows_live += other.rows_live,
        beam_width_sum += other.beam_width_sum;
    return *this;
  }
  // Returns the mean of the chosen widths over the iterations, as P4 has it; 0 without any.
  double average_beam_width() const {
    return steps == 0 ? 0 : static_cast<double>(beam_width_sum) / static_cast<double>(steps);
  }
  bool operator==(const SearchCounts&) const = default;
};

struct SearchResult {
  std::vector<Hypothesis> best;  // at most n_best, by falling score
  SearchCounts counts;
  Activity activity;  // counts of the decoder's layers in the network's order, then the attention
  std::vector<double> spreads;  // sigma of the best `widest` candidates of every step
};

// The decoder's half of an operating point, with the search over it.
struct SearchPoint {
  OperatingPoint layers;
  SearchOptions search;
};

// Receives results point by point, one for each sentence of the batch. When search() throws, what
// was received is void.
class SearchSink {
 public:
  virtual ~SearchSink() = default;
  virtual void receive(Index point, std::vector<SearchResult>&& results) = 0;
};

// Results do not depend on which sentences share a batch. Packs weights for an arithmetic when
// first asked for it.
class DecoderEngine {
 public:
  virtual ~DecoderEngine() = default;

  // Searches one encoded batch under each of the points. `observer` sees the decoder's layers as
  // DecoderRecord says. Throws Error when an observer is given to an engine that shows none, and
  // when weights give no probabilities.
  virtual void search(const EncodedBatch& batch, std::span<const SearchPoint> points,
                      SearchSink& sink, LayerObserver* observer = nullptr) = 0;

  // Does the same for one point and returns a result for each sentence.
  std::vector<SearchResult> search(const EncodedBatch& batch, const OperatingPoint& point,
                                   const SearchOptions& options, LayerObserver* observer = nullptr);

  // Returns ln P(target | source), eos included, of each sentence. Targets have no bos and eos.
  virtual std::vector<double> log_probabilities(const EncodedBatch& batch,
                                                const OperatingPoint& point,
                                                std::span<const std::vector<int>> targets) = 0;
};

std::unique_ptr<DecoderEngine> make_cpu_decoder_engine(
    std::shared_ptr<const TranslationModel> model, const EngineOptions& options);

}  // namespace edgeval
