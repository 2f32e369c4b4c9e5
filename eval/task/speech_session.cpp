#include "eval/task/speech_session.hpp"

#include <algorithm>
#include <numeric>

#include "eval/task/progress.hpp"
#include "host/core/error.hpp"
#include "host/core/parallel.hpp"
#include "host/engine/counting.hpp"

namespace edgeval {
namespace {

// The features of a batch and the numbers of its utterances. What an engine prepares of them lives
// as long as a call, since an engine is given up when another choice of weights comes.
struct PreparedSpeech : Prepared {
  PreparedSpeech(Ragged<float> those, std::vector<Index> numbers)
      : features(std::make_shared<const Ragged<float>>(std::move(those))),
        items(std::move(numbers)) {}
  const std::shared_ptr<const Ragged<float>> features;
  const std::vector<Index> items;
};

}  // namespace

SpeechSession::SpeechSession(std::shared_ptr<const Model> trained, data::TestSet set,
                             const EngineChoice& choice, MakeEngine make)
    : choice_(choice),
      extractor_(trained->frontend),
      networks_(
          std::move(trained),
          make ? std::move(make)
               : [choice](const auto& model) { return make_engine(model, choice); }),
      audio_(std::move(set), networks_.trained().frontend.sample_rate) {
  if (!choice_.feature_folder.empty())
    cache_.emplace(choice_.feature_folder, networks_.trained().frontend);
}

std::string SpeechSession::device() { return networks_.runner()->device(); }

std::vector<MatrixReport> SpeechSession::matrices(const Weights& weights) {
  return networks_.matrices(weights);
}

Point SpeechSession::resolve(const Policy& policy, const Profile* profile) {
  OperatingPoint layers = resolve_without_weights(policy, trained(), profile);
  networks_.expect_fit(policy.weights, layers);
  return {policy.weights, std::move(layers)};
}

Activity SpeechSession::busiest(const Point& point) {
  networks_.runner();
  return busiest_activity(trained(), point.layers, 2, networks_.sizes(point.weights));
}

Item SpeechSession::item(Index number) const {
  const auto n = static_cast<std::size_t>(number);
  return {.id = set().utterances[n].id,
          .references = {set().utterances[n].text},
          .length = plan_.frames[n]};
}

double SpeechSession::audio_seconds() const {
  return std::accumulate(plan_.seconds.begin(), plan_.seconds.end(), 0.0);
}

std::vector<std::vector<Index>> SpeechSession::batches() {
  plan_ = plan_batches(set(), trained(), extractor_, choice_.batch,
                       takes_gpu(choice_) ? devices_of(choice_) : 0);
  return plan_.batches;
}

std::unique_ptr<Prepared> SpeechSession::prepare(const std::vector<Index>& items) {
  const auto start = std::chrono::steady_clock::now();
  auto prepared = std::make_unique<PreparedSpeech>(
      batch_features(audio_, items, plan_, extractor_, threads(), cache_ ? &*cache_ : nullptr),
      items);
  feature_seconds_ += seconds_since(start);
  return prepared;
}

// Decodes the results of an engine and passes them on as outcomes.
class SpeechSession::Decoding : public ResultSink {
 public:
  // `items` are the utterances of the batch. `numbers` are the numbers, among the points of the
  // call of Session::run, of the engine's.
  Decoding(const SpeechSession& session, std::span<const Index> items,
           std::span<const Index> numbers, OutcomeSink& sink)
      : session_(session), items_(items), numbers_(numbers), sink_(sink) {}

  void receive(std::span<const Index> points, Index first, BatchResult&& result) override {
    std::vector<Index> numbers;
    for (const Index point : points) numbers.push_back(numbers_[static_cast<std::size_t>(point)]);
    for (Index n = 0; n < result.utterances(); ++n) {
      Outcome outcome = decoded(result, n, items_[static_cast<std::size_t>(first + n)]);
      outcome.activity = std::move(result.activity[static_cast<std::size_t>(n)]);
      sink_.receive(numbers, first + n, std::move(outcome));
    }
  }

 private:
  Outcome decoded(const BatchResult& result, Index utterance, Index item) const {
    try {
      return session_.decode(result, utterance);
    } catch (const Error& error) {
      throw Error(concat("utterance ", session_.item(item).id, ": ", error.what()));
    }
  }

  const SpeechSession& session_;
  const std::span<const Index> items_;
  const std::span<const Index> numbers_;
  OutcomeSink& sink_;
};

int SpeechSession::threads() const {
  return choice_.threads > 0 ? choice_.threads : hardware_threads();
}

void SpeechSession::run(Prepared& prepared, std::span<const Point> points, OutcomeSink& sink,
                        LayerObserver* observer) {
  const auto& speech = static_cast<const PreparedSpeech&>(prepared);
  for (const std::vector<Index>& numbers : by_weights(points)) {
    const auto at = [&](Index number) -> const Point& {
      return points[static_cast<std::size_t>(number)];
    };
    const std::shared_ptr<Engine> engine = networks_.runner(at(numbers.front()).weights);
    std::vector<OperatingPoint> layers;
    for (const Index number : numbers) {
      OperatingPoint& point = layers.emplace_back(at(number).layers);
      if (at(number).search) point.beam = at(number).search->beam;
    }
    Decoding decoding(*this, speech.items, numbers, sink);
    const std::unique_ptr<PreparedBatch> batch = engine->prepare(speech.features);
    engine->run(*batch, layers, wanted(points), decoding, observer);
  }
}

std::vector<std::string> SpeechSession::late_notes() const {
  const std::string note = cache_ ? cache_->note() : "";
  return note.empty() ? std::vector<std::string>() : std::vector{note};
}

void SpeechSession::read_all() {
  parallel_for(items(), threads(), [&](Index n) { audio_.read(n); });
}

nlohmann::ordered_json SpeechSession::data() const {
  return {{"path", set().path.string()},
          {"layout", set().layout},
          {"split", set().split},
          {"sha256", audio_.sha256()},
          {"utterances", set().utterances.size()},
          {"frames", std::accumulate(plan_.frames.begin(), plan_.frames.end(), Index{0})},
          {"seconds", audio_seconds()}};
}

}  // namespace edgeval
