#include "eval/task/speech_session.hpp"

#include <algorithm>
#include <numeric>

#include "eval/task/progress.hpp"
#include "host/core/error.hpp"
#include "host/core/number_text.hpp"
#include "host/core/parallel.hpp"
#include "host/core/text.hpp"
#include "host/engine/counting.hpp"

namespace edgeval {
namespace {

struct PreparedSpeech : Prepared {
  explicit PreparedSpeech(Ragged<float> all) : features(std::move(all)) {}
  const Ragged<float> features;
};

}  // namespace

SpeechSession::SpeechSession(const Model& trained, data::TestSet set, const EngineChoice& choice,
                             MakeEngine make)
    : set_(std::move(set)),
      choice_(choice),
      extractor_(trained.frontend),
      networks_(
          trained, make ? std::move(make)
                        : [choice](const Model& model) { return make_engine(model, choice); }),
      audio_(set_, trained.frontend.sample_rate) {}

std::string SpeechSession::device(const Weights& weights) {
  return networks_.runner(weights)->device();
}

const std::vector<MatrixReport>& SpeechSession::matrices(const Weights& weights) {
  return networks_.matrices(weights);
}

Point SpeechSession::resolve(const Policy& policy, const Profile* profile) {
  return {policy.weights, edgeval::resolve(policy, network(policy.weights), profile)};
}

Activity SpeechSession::busiest(const Point& point) {
  networks_.runner(point.weights);
  return busiest_activity(network(point.weights), point.layers, 2);
}

Item SpeechSession::item(Index number) const {
  const auto n = static_cast<std::size_t>(number);
  return {.id = set_.utterances[n].id,
          .references = {set_.utterances[n].text},
          .length = plan_.frames[n]};
}

double SpeechSession::audio_seconds() const {
  return std::accumulate(plan_.seconds.begin(), plan_.seconds.end(), 0.0);
}

std::vector<std::vector<Index>> SpeechSession::batches() {
  plan_ = plan_batches(set_, trained(), extractor_, choice_.batch);
  return plan_.batches;
}

std::unique_ptr<Prepared> SpeechSession::prepare(const std::vector<Index>& items) {
  const auto start = std::chrono::steady_clock::now();
  const int threads = choice_.threads > 0 ? choice_.threads : hardware_threads();
  auto prepared =
      std::make_unique<PreparedSpeech>(batch_features(audio_, items, plan_, extractor_, threads));
  feature_seconds_ += seconds_since(start);
  return prepared;
}

std::vector<Outcome> SpeechSession::run(const Prepared& prepared, const Point& point) {
  const auto& speech = static_cast<const PreparedSpeech&>(prepared);
  BatchResult result =
      networks_.runner(point.weights)->run(speech.features, point.layers, wanted());
  std::vector<Outcome> outcomes;
  for (Index n = 0; n < result.utterances(); ++n)
    outcomes.push_back({.texts = {decode(result, n)},
                        .activity = std::move(result.activity[static_cast<std::size_t>(n)])});
  return outcomes;
}

std::vector<std::string> SpeechSession::warnings(const PointResult& /*result*/) const {
  return plan_.warnings;
}

TaskReport SpeechSession::report(const Evaluation& evaluation) {
  const double seconds = evaluation.seconds, audio = audio_seconds();
  const auto utterances = static_cast<double>(set_.utterances.size());
  const auto rate = [&](double amount) { return seconds > 0 ? amount / seconds : 0; };
  TaskReport report;
  report.data = {{"path", set_.path.string()},
                 {"layout", set_.layout},
                 {"split", set_.split},
                 {"sha256", audio_.sha256()},
                 {"utterances", set_.utterances.size()},
                 {"frames", std::accumulate(plan_.frames.begin(), plan_.frames.end(), Index{0})},
                 {"seconds", audio}};
  report.preparing = {{"seconds_features", feature_seconds_}};
  report.rates = {{"utterances_per_second", rate(utterances)},
                  {"realtime_speed", rate(audio)},
                  {"rtf", nullptr}};
  if (audio > 0) report.rates["rtf"] = seconds / audio;
  report.set = concat(visible(set_.path.string()), set_.split.empty() ? "" : ", ",
                      visible(set_.split), ": ", counted(set_.utterances.size(), "utterance"), ", ",
                      fixed(audio / 60, 1), " min of audio");
  report.speed_line = concat(fixed(seconds, 2), " s: ", fixed(utterances / seconds, 1),
                             " utterances/s, ", fixed(audio / seconds, 0), " times real time\n");
  return report;
}

}  // namespace edgeval
