// Computes BLEU of a test set (Papineni et al. 2002). It equals sacrebleu's corpus score (Post
// 2018) to the last printed digit:
//
//   BLEU = BP exp(1/4 sum over n = 1 … 4 of ln p_n),  p_n = 100 correct_n / total_n
//   BP   = min(1, exp(1 - reference length / hypothesis length))
//
// total_n is the number of n-grams in the hypotheses. An n-gram of a hypothesis counts as correct
// at most as often as it stands in the reference that has it most often. The reference length of a
// sentence is the length closest to that of the hypothesis, or the shorter one of two that are
// equally close. A p_n without a correct n-gram is smoothed (Chen and Cherry 2014); if there is no
// correct n-gram for any n, BLEU is 0.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/score/statistics/statistics.hpp"
#include "eval/score/text/tokenizer.hpp"

namespace edgeval {

inline constexpr int kBleuOrder = 4;

// The version of sacrebleu whose rules are followed. It is part of the signatures.
inline constexpr const char* kSacrebleuVersion = "2.6.0";

enum class Smoothing { kExp, kFloor, kAddK, kNone };

// Names of the kinds of smoothing, in the order of the enum.
inline const std::vector<std::string> kSmoothingNames{"exp", "floor", "add-k", "none"};

struct BleuOptions {
  Tokenizer tokenizer = Tokenizer::k13a;
  Smoothing smoothing = Smoothing::kExp;
  std::optional<double> smoothing_value{};  // for floor (by default 0.1) and add-k (by default 1)
  bool lower_case = false;
  // Whether the mean leaves out those n for which the hypotheses have no n-grams.
  bool effective_order = false;
};

struct BleuScore {
  double value = 0;                             // 0 to 100
  std::array<double, kBleuOrder> precisions{};  // in percent, smoothed
  double brevity_penalty = 1;
  double hypothesis_length = 0;  // number of tokens
  double reference_length = 0;   // number of tokens
};

// References as [which one][sentence]; each has a text for every hypothesis.
using References = std::span<const std::vector<std::string>>;

// Returns the statistics [sentences, 10]: for each sentence the hypothesis length, the reference
// length, the numbers of correct n-grams for n = 1 … 4 and those of all n-grams of the hypothesis.
Statistics bleu_statistics(References references, std::span<const std::string> hypotheses,
                           const BleuOptions& options);

// Returns the score of sums of statistics.
BleuScore bleu_score(std::span<const double> sums, const BleuOptions& options);

// Returns "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0".
std::string bleu_signature(const BleuOptions& options, std::size_t references);

// Returns "BLEU|SIGNATURE = 33.51 64.2/40.1/27.0/18.4 (BP = 1.000 ratio = 1.010 hyp_len = 12100
// ref_len = 11980)".
std::string bleu_line(const BleuScore& score, const std::string& signature, int decimals);

}  // namespace edgeval
