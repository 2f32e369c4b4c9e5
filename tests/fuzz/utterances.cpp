// Reads the utterances.jsonl of two runs, which are separated by the byte 0x1E, and compares them
// as `compare` does.
#include "eval/report/stored_run.hpp"
#include "eval/score/comparison.hpp"
#include "eval/score/outputs.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [first, second] = fuzz::halves(fuzz::bytes_of(data, size));
  const fuzz::File file_a(first), file_b(second);
  fuzz::takes([&] {
    const Outputs a = read_run(file_a.path()), b = read_run(file_b.path());
    fuzz::expect(a.ids.size() == a.hypotheses.size(), "every utterance has a hypothesis");
    ComparisonOptions options;
    options.choice.metrics = default_metrics(a.source);
    options.paired.resamples = options.paired.trials = 50;
    const Comparison comparison = compare(a, b, "a", "b", options);
    fuzz::expect(comparison.differing <= comparison.utterances, "no more differ than there are");
  });
  return 0;
}
