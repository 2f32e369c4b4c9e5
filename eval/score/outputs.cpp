#include "eval/score/outputs.hpp"

#include "host/core/error.hpp"
#include "host/core/files/path.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

void expect_references(const Outputs& outputs, const std::string& path) {
  EDGEVAL_EXPECTS(!outputs.references.empty(), path,
                  " has no references; run it again with --reference, or compare the "
                  "hypotheses.txt of both runs with --reference FILE");
}

const char* described(OutputSource source) {
  return source == OutputSource::kAudio ? "speech" : "translations";
}

}  // namespace

Outputs read_hypotheses(const std::string& path, const MetricChoice& choice) {
  for (const std::string& reference : choice.references)
    EDGEVAL_EXPECTS(path_kind(reference) != PathKind::kPipe, "--reference ", reference,
                    ": is a pipe, which can be read once only, and A and B both want it; write it "
                    "to a file");
  const std::vector<TranscriptPair> pairs = choice.read(path);
  return {.ids = pairs.front().ids,
          .references = references_of(pairs),
          .hypotheses = pairs.front().hypotheses,
          .missing = pairs.front().missing};
}

void expect_comparable(const Outputs& a, const Outputs& b, const std::string& path_a,
                       const std::string& path_b) {
  constexpr const char* kCure =
      "; compare runs of one test set, with the same --split, --limit and --utterance";
  EDGEVAL_EXPECTS(a.source == b.source, path_a, " is a run of ", described(a.source), ", ", path_b,
                  " one of ", described(b.source), kCure);
  EDGEVAL_EXPECTS(a.ids.size() == b.ids.size(), path_a, " has ", a.ids.size(), " utterances, ",
                  path_b, " has ", b.ids.size(), kCure);
  expect_references(a, path_a);
  expect_references(b, path_b);
  EDGEVAL_EXPECTS(a.references.size() == b.references.size(),
                  "references of each utterance: ", path_a, " has ", a.references.size(), ", ",
                  path_b, " has ", b.references.size(),
                  "; run both with the same --reference, or compare the hypotheses.txt of both "
                  "with --reference FILE");
  for (std::size_t n = 0; n < a.ids.size(); ++n) {
    EDGEVAL_EXPECTS(a.ids[n] == b.ids[n], "utterance ", n + 1, " is ", shown(a.ids[n]), " in ",
                    path_a, " and ", shown(b.ids[n]), " in ", path_b, kCure);
    for (std::size_t which = 0; which < a.references.size(); ++which)
      EDGEVAL_EXPECTS(a.references[which][n] == b.references[which][n], "utterance ",
                      shown(a.ids[n]), " has another reference in ", path_a, " than in ", path_b,
                      kCure, ", --case and --normalize");
  }
}

}  // namespace edgeval
