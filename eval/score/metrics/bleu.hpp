// BLEU of a test set (Papineni et al. 2002), equal to sacrebleu's corpus score (Post 2018) to the
// last printed digit:
//
//   BLEU = BP exp(1/4 sum over n = 1 … 4 of ln p_n),  p_n = 100 correct_n / total_n
//   BP   = min(1, exp(1 - reference length / hypothesis length))
//
// An n-gram is correct as often as the reference has it that has it most often. The reference
// length of a sentence is the one closest to the hypothesis, the shorter of two as close. A p_n of
// nothing correct is smoothed (Chen and Cherry 2014); without any correct n-gram BLEU is 0.
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

// The version of sacrebleu whose rules these are; part of the signatures.
inline constexpr const char* kSacrebleuVersion = "2.6.0";

enum class Smoothing { kExp, kFloor, kAddK, kNone };

// In the order of the enum.
inline const std::vector<std::string> kSmoothingNames{"exp", "floor", "add-k", "none"};

struct BleuOptions {
  Tokenizer tokenizer = Tokenizer::k13a;
  Smoothing smoothing = Smoothing::kExp;
  std::optional<double> smoothing_value{};  // of floor (0.1 when left out) and add-k (1)
  bool lower_case = false;
  bool effective_order = false;  // the mean is over the n for which the hypotheses have n-grams
};

struct BleuScore {
  double value = 0;                             // 0 to 100
  std::array<double, kBleuOrder> precisions{};  // in percent, smoothed
  double brevity_penalty = 1;
  double hypothesis_length = 0;  // tokens
  double reference_length = 0;
};

// References as [which one][sentence], each with a text for every hypothesis.
using References = std::span<const std::vector<std::string>>;

// [hypothesis length, reference length, 4 counts of correct n-grams, 4 of all] of every sentence.
Statistics bleu_statistics(References references, std::span<const std::string> hypotheses,
                           const BleuOptions& options);

BleuScore bleu_score(std::span<const double> sums, const BleuOptions& options);

// "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"
std::string bleu_signature(const BleuOptions& options, std::size_t references);

// "BLEU|SIGNATURE = 33.51 64.2/40.1/27.0/18.4 (BP = 1.000 ratio = 1.010 hyp_len = 12100 ref_len =
// 11980)"
std::string bleu_line(const BleuScore& score, const std::string& signature, int decimals);

}  // namespace edgeval
