// The decoder engine on the GPU. The host launches the steps of the beam search without waiting for
// the device: each for as many rows as it last heard of, some steps ago, and a few more. Where
// these are too few, the device skips the step; when the host hears of it, it launches the next
// ones for as many rows as there can be (cuda/translate/search_rows.hpp).
#include <algorithm>
#include <array>
#include <numeric>

#include "cuda/engine.hpp"
#include "cuda/on_devices.hpp"
#include "cuda/translate/decoder_runner.hpp"
#include "host/engine/translate/sentence_search.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kAhead = 4;  // steps that are launched before the first of them is heard of

// Brings reports of the steps to the host, in the order of their launches.
class Reports {
 public:
  Reports() : states_(kAhead) {}
  ~Reports() {  // waits, since reports that were asked for are still written
    for (; heard_ < asked_; ++heard_)
      events_[static_cast<std::size_t>(heard_ % kAhead)].wait_nothrow();
  }

  // Asks for a report of the step whose launches came before.
  void ask(const SearchState* state, const Stream& stream) {
    const Index at = asked_++ % kAhead;
    EDGEVAL_CUDA(
        cudaMemcpyAsync(&states_[at], state, sizeof *state, cudaMemcpyDeviceToHost, stream));
    events_[static_cast<std::size_t>(at)].record(stream);
  }
  bool full() const { return asked_ - heard_ == kAhead; }
  SearchState wait() {
    const Index at = heard_++ % kAhead;
    events_[static_cast<std::size_t>(at)].synchronize();
    return states_[at];
  }

 private:
  PinnedBuffer<SearchState> states_;
  std::array<Event, kAhead> events_;
  Index asked_ = 0, heard_ = 0;
};

// Does the engine's work while its device is current.
class SearchOnDevice {
 public:
  SearchOnDevice(std::shared_ptr<const TranslationModel> model, const DecoderLimits& limits)
      : model_(std::move(model)), limits_(limits) {}

  // Puts what is found for the sentences [first, last) of a batch in their places of `results`.
  void search(const EncodedBatch& batch, Index first, Index last, const SearchPoint& point,
              std::vector<SearchResult>& results) {
    in_parts(batch, first, last, [&](const Part& part) {
      std::ranges::move(search_part(part, point.layers, point.search),
                        results.begin() + part.first);
    });
  }

  // Does the same with the sums of the sentences' targets.
  void log_probabilities(const EncodedBatch& batch, Index first, Index last,
                         const OperatingPoint& point, std::span<const std::vector<int>> targets,
                         std::vector<double>& sums) {
    in_parts(batch, first, last, [&](const Part& part) {
      const auto own = targets.subspan(static_cast<std::size_t>(part.first),
                                       static_cast<std::size_t>(part.sentences));
      std::ranges::move(score_part(part, point, own), sums.begin() + part.first);
    });
  }

 private:
  // The sentences [first, first + sentences) of a batch.
  struct Part {
    const EncodedBatch& batch;
    Index first, sentences;
  };

  // Runs as many of the sentences at once as fit into the memory, and halves the number until they
  // do. If it had to halve, it gives all memory back at the end, for others. `work` adds to the
  // results only once nothing can fail any more.
  template <class Work>
  void in_parts(const EncodedBatch& batch, Index first, Index last, const Work& work) {
    Index most = limits_.sentences;
    while (first < last) {
      const Index count = std::min(most, last - first);
      try {
        const Settle settle;
        if (!decoder_) decoder_.emplace(model_, threads_of_each(limits_.gpus, limits_.threads));
        work(Part{batch, first, count});
        first += count;
      } catch (const OutOfMemory&) {
        release();
        EDGEVAL_EXPECTS(count > 1, "the decoder with a sentence of ", batch.keys.length(first),
                        " positions does not fit into the memory of the GPU; use --device cpu",
                        limits_.gpus.memory > 0 ? " or a greater --gpu-memory" : "");
        most = count / 2;
      } catch (...) {
        release();
        throw;
      }
    }
    if (most < limits_.sentences) release();
  }

  void release() {
    decoder_.reset();
    search_memory_ = {};
  }

  std::vector<SearchResult> search_part(const Part& part, const OperatingPoint& point,
                                        const SearchOptions& options) {
    const Index sentences = part.sentences, widest = widest_of(options.beam);
    std::vector<std::int32_t> order(static_cast<std::size_t>(sentences));
    std::iota(order.begin(), order.end(), 0);
    search_memory_.reserve(sentences * widest, sentences, widest, options.longest,
                           decoder_->stream());
    decoder_->start(
        {part.batch, part.first, sentences, point, order, sentences * widest, options.longest});
    search_memory_.start(decoder_->stream());
    const Index steps = run_steps(sentences, options);
    return replay(steps, options);
  }

  // Runs steps until every sentence is done. Returns how many steps that took.
  Index run_steps(Index sentences, const SearchOptions& options) {
    const Index widest = widest_of(options.beam);
    Reports reports;
    SearchState heard{
        .rows = sentences, .running = sentences, .step = 0, .finished = 0, .overflowed = 0};
    for (Index rows = sentences;;) {  // the first step has a row for each sentence
      launch_step(rows, options);
      reports.ask(decoder_->rows().state, decoder_->stream());
      if (reports.full()) heard = reports.wait();
      expect_numbers(heard);
      const Index going = sentences - static_cast<Index>(heard.finished);
      if (going == 0) break;
      const Index most = going * widest;
      const bool knows =
          heard.step > 0 &&
          heard.running > 0;  // else it heard of no step, or of one launched for too few rows
      rows = knows ? std::min(most, heard.rows + heard.rows / 16 + limits_.spare_rows) : most;
    }
    decoder_->stream().synchronize();
    return heard.step;
  }

  void launch_step(Index rows, const SearchOptions& options) {
    const Stream& stream = decoder_->stream();
    const RowView view = decoder_->rows();
    const SearchView search = search_memory_.view(options, static_cast<int>(*model_->target.eos));
    decoder_->step(rows, search.attended, search.widest);
    launch_candidates(decoder_->vocabulary_arithmetic(), decoder_->vocabulary(), view, search, rows,
                      stream);
    launch_choose(options.beam, view, search, stream);
    search_memory_.scan(stream);
    launch_next_rows(view, search, stream);
    const Index* const count = search.first + search.sentences;
    decoder_->gather(count, rows * search.widest);
    launch_finish_step(view, count, stream);
  }

  void expect_numbers(const SearchState& state) const {
    EDGEVAL_EXPECTS(state.overflowed == 0, "layer ",
                    layer_name(model_->network.layers[model_->generator]),
                    ": gives no probabilities; weights of the decoder are too large for fp32");
  }

  // Makes hypotheses of what the device chose at each step.
  std::vector<SearchResult> replay(Index steps, const SearchOptions& options) const {
    const SearchMemory::History history = search_memory_.download(steps, decoder_->stream());
    std::vector<Activity> activity = decoder_->activity();
    const std::vector<KeyCounts> keys = decoder_->keys();
    const auto widest = static_cast<Index>(widest_of(options.beam)),
               sentences = static_cast<Index>(activity.size());
    std::vector<SearchResult> results;
    for (Index n = 0; n < sentences; ++n) {
      SentenceSearch sentence(options, static_cast<int>(*model_->target.eos));
      for (Index t = 0; !sentence.done(); ++t) {
        EDGEVAL_ASSERT(t < steps);
        const Index at = t * sentences + n;
        const std::span best(history.candidates.data() + at * widest,
                             static_cast<std::size_t>(widest));
        const auto found = static_cast<std::size_t>(
            std::ranges::find_if_not(best, &Candidate::exists) - best.begin());
        const std::int32_t* const attended = history.attended.data() + at * widest;
        const std::vector<Index> positions(attended, attended + sentence.live().size());
        sentence.advance(best.first(found), history.width[static_cast<std::size_t>(at)], positions);
      }
      SearchResult& result = results.emplace_back(sentence.take());
      result.activity = std::move(activity[static_cast<std::size_t>(n)]);
      decoder_->counts().complete(keys[static_cast<std::size_t>(n)],
                                  static_cast<Index>(result.counts.rows_live), result.activity);
    }
    return results;
  }

  // Scores the targets' own tokens, longest target first, so that those that go on are the first
  // rows of every step.
  std::vector<double> score_part(const Part& part, const OperatingPoint& point,
                                 std::span<const std::vector<int>> targets) {
    const auto sentences = static_cast<Index>(targets.size());
    std::vector<std::int32_t> order(targets.size());
    std::iota(order.begin(), order.end(), 0);
    const auto length = [&](std::int32_t n) { return targets[static_cast<std::size_t>(n)].size(); };
    std::ranges::stable_sort(order, std::ranges::greater{}, length);
    const auto steps = static_cast<Index>(targets[static_cast<std::size_t>(order[0])].size()) + 1;
    decoder_->start({part.batch, part.first, sentences, point, order, sentences, steps});
    const Stream& stream = decoder_->stream();
    const RowView view = decoder_->rows();
    sums_.reserve_discarding(sentences, stream);
    sums_.zero(sentences, stream);
    std::vector<std::int32_t> tokens;  // the next tokens of all rows, step by step
    std::vector<std::size_t> ends;     // where each step ends among them
    for (Index t = 0; t < steps; ++t) {
      for (std::int32_t n : order) {
        const std::vector<int>& target = targets[static_cast<std::size_t>(n)];
        if (std::ssize(target) < t) break;
        tokens.push_back(std::ssize(target) == t ? static_cast<int>(*model_->target.eos)
                                                 : target[static_cast<std::size_t>(t)]);
      }
      ends.push_back(tokens.size());
    }
    ends.push_back(tokens.size());
    tokens_.upload(tokens, stream);
    Index first = 0;
    for (std::size_t t = 0; t + 1 < ends.size(); ++t) {
      const Index rows = static_cast<Index>(ends[t]) - first,
                  next_rows = static_cast<Index>(ends[t + 1] - ends[t]);
      const std::int32_t* const next = tokens_.data() + first;
      decoder_->step(rows, nullptr, 1);
      launch_scores(decoder_->vocabulary_arithmetic(), decoder_->vocabulary(), view, next,
                    sums_.data(), rows, stream);
      launch_go_on(view, next, next_rows, stream);
      first += rows;
    }
    std::vector<double> sums(targets.size());
    SearchState state{};
    const Settle settle;
    sums_.download(sums.data(), sentences, stream);
    EDGEVAL_CUDA(cudaMemcpyAsync(&state, view.state, sizeof state, cudaMemcpyDeviceToHost, stream));
    stream.synchronize();
    expect_numbers(state);
    return sums;
  }

  const std::shared_ptr<const TranslationModel> model_;
  const DecoderLimits limits_;
  std::optional<DecoderRunner> decoder_;
  SearchMemory search_memory_;
  DeviceBuffer<std::int32_t> tokens_;
  DeviceBuffer<double> sums_;
};

class GpuDecoderEngine final : public DecoderEngine {
 public:
  GpuDecoderEngine(std::shared_ptr<const TranslationModel> model, const DecoderLimits& limits)
      : search_(limits.gpus, std::move(model), limits) {}

  using DecoderEngine::search;
  void search(const EncodedBatch& batch, std::span<const SearchPoint> points, SearchSink& sink,
              LayerObserver* observer) override {
    EDGEVAL_EXPECTS(
        observer == nullptr,
        "what passes between a decoder's layers is seen on the CPU only; use --device cpu");
    for (std::size_t p = 0; p < points.size(); ++p) {
      std::vector<SearchResult> results(static_cast<std::size_t>(batch.keys.sequences()));
      search_.share(batch.keys.offsets, [&](SearchOnDevice& search, Index first, Index last) {
        search.search(batch, first, last, points[p], results);
      });
      sink.receive(static_cast<Index>(p), std::move(results));
    }
  }

  std::vector<double> log_probabilities(const EncodedBatch& batch, const OperatingPoint& point,
                                        std::span<const std::vector<int>> targets) override {
    std::vector<double> sums(targets.size());
    search_.share(batch.keys.offsets, [&](SearchOnDevice& search, Index first, Index last) {
      search.log_probabilities(batch, first, last, point, targets, sums);
    });
    return sums;
  }

 private:
  OnDevices<SearchOnDevice> search_;
};

}  // namespace

std::unique_ptr<DecoderEngine> make_decoder_engine(std::shared_ptr<const TranslationModel> model,
                                                   const DecoderLimits& limits) {
  return std::make_unique<GpuDecoderEngine>(std::move(model), limits);
}

}  // namespace edgeval::gpu
