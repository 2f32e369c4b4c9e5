#include "eval/command/options/metric_options.hpp"

#include "eval/command/options/common_options.hpp"
#include "eval/command/options/text_options.hpp"

namespace edgeval {

void add_metric_options(CLI::App& command, MetricChoice& options,
                        const std::vector<std::string>& metrics) {
  command
      .add_option("--input-format", options.input_format,
                  "kaldi: ID words; trn: words (ID); lines: words, paired by line number; nemo: "
                  "JSON lines with text and pred_text; run: utterances.jsonl; auto: by looking, "
                  "lines where only metrics of translations are counted")
      ->check(CLI::IsMember({"auto", "kaldi", "trn", "lines", "nemo", "run"}))
      ->capture_default_str();
  command.add_option("--metric", options.metrics, "What to count; several with a comma between")
      ->check(CLI::IsMember(metrics))
      ->delimiter(',')
      ->capture_default_str();
  command
      .add_option("--align", options.align,
                  "Prices of substitution, insertion, deletion: unit 1/1/1 (as many errors as "
                  "Kaldi and jiwer count), sclite 4/3/3")
      ->check(CLI::IsMember({"unit", "sclite"}))
      ->capture_default_str();
  add_text_options(command, options.text);
  add_text_budget(command, options.budget);
  command.add_option("--tokenize", options.tokenize, "Tokenizer of bleu")
      ->check(CLI::IsMember(kTokenizerNames))
      ->capture_default_str();
  command
      .add_option("--smooth", options.smooth, "What bleu does about n-grams that are never right")
      ->check(CLI::IsMember(kSmoothingNames))
      ->capture_default_str();
  command
      .add_option("--smooth-value", options.smooth_value,
                  "Value of the smoothing: 0.1 for floor and 1 for add-k unless given")
      ->check(between_numbers(1e-9, 1e9))
      ->type_name("X");
  command.add_flag("--lower-case", options.lower_case,
                   "Compare without case in bleu, chrf and chrf++");
  command.add_flag("--effective-order", options.effective_order,
                   "Leave out of bleu the orders no hypothesis reaches");
}

}  // namespace edgeval
