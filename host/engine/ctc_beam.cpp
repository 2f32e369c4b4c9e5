#include "host/engine/ctc_beam.hpp"

#include <algorithm>
#include <span>

#include "host/body/ctc_beam.hpp"

namespace edgeval {
namespace {

constexpr int kNone = -1;

// All prefixes that were ever in the beam, as a tree: the way from the root to a node spells a
// prefix, and no other node has the same one.
class PrefixTree {
 public:
  struct Node {
    int parent = kNone, token = kNone;
    int row = kNone;  // its row in the beam
    int first_child = kNone, next_sibling = kNone;
  };

  Node& operator[](int node) { return nodes_[static_cast<std::size_t>(node)]; }

  // Returns the child of a node with this token, or kNone.
  int find(int node, int token) {
    int child = (*this)[node].first_child;
    while (child != kNone && (*this)[child].token != token) child = (*this)[child].next_sibling;
    return child;
  }
  int find_or_add(int node, int token) {
    int child = find(node, token);
    if (child != kNone) return child;
    child = static_cast<int>(nodes_.size());
    nodes_.push_back({node, token, kNone, kNone, (*this)[node].first_child});
    (*this)[node].first_child = child;
    return child;
  }
  std::vector<int> prefix(int node) {
    std::vector<int> tokens;
    for (; (*this)[node].parent != kNone; node = (*this)[node].parent)
      tokens.push_back((*this)[node].token);
    std::reverse(tokens.begin(), tokens.end());
    return tokens;
  }

 private:
  std::vector<Node> nodes_{Node{.row = 0}};
};

struct Row {
  CtcPrefix prefix;
  int node;
};

class Search {
 public:
  Search(int blank, const Beam& beam) : blank_(blank), beam_(beam) {}

  void step(std::span<const float> outputs) {
    const auto tokens = static_cast<Index>(outputs.size());
    const FrameSum frame = frame_sum(SerialBlock{}, tables_, outputs.data(), tokens);
    logs_.clear();
    for (const float z : outputs) logs_.push_back(frame.log_probability(z));
    candidates_.clear();
    stays_.clear();
    for (std::size_t r = 0; r < rows_.size(); ++r) stay(static_cast<int>(r));
    // Where the beam is full, candidates behind all prefixes that stay are not among the best.
    const int widest = widest_of(beam_);
    std::int64_t least = kNeverLog / 2;
    if (std::ssize(candidates_) >= widest)
      least = std::ranges::min(candidates_, {}, &CtcCandidate::score).score;
    // The first prefix is the likeliest, so that tokens behind which it is not among the best are
    // of no use to any.
    const std::int64_t likeliest = rows_.front().prefix.all;
    tokens_.clear();
    for (int v = 0; v < tokens; ++v)
      if (v != blank_ && likeliest + log(v) >= least) tokens_.push_back({log(v), v});
    const auto before = [](const auto& a, const auto& b) { return a.before(b); };
    const auto some = std::min(std::ssize(tokens_), std::ptrdiff_t{tokens_of_row(0, widest)});
    std::ranges::partial_sort(tokens_, tokens_.begin() + some, before);
    tokens_.resize(static_cast<std::size_t>(some));
    for (std::size_t r = 0; r < rows_.size(); ++r) extend(static_cast<int>(r), least);
    const auto count = std::min(std::ssize(candidates_), std::ptrdiff_t{widest});
    std::ranges::partial_sort(candidates_, candidates_.begin() + count, before);
    candidates_.resize(static_cast<std::size_t>(count));
    keep();
  }

  CtcSearch result() {
    result_.ids = tree_.prefix(rows_.front().node);
    result_.score = static_cast<double>(rows_.front().prefix.all) / (1 << kStateBits);
    return std::move(result_);
  }

 private:
  std::int64_t log(int token) const { return logs_[static_cast<std::size_t>(token)]; }
  const Row& row(int r) const { return rows_[static_cast<std::size_t>(r)]; }

  void stay(int r) {
    const PrefixTree::Node& node = tree_[row(r).node];
    const bool last = node.parent != kNone;
    const int before = last ? tree_[node.parent].row : kNone;
    const std::int64_t extended =
        before == kNone ? kNeverLog
                        : extended_log(row(before).prefix, tree_[node.parent].token == node.token,
                                       log(node.token));
    const CtcPrefix after = stays_.emplace_back(
        stayed(tables_, row(r).prefix, last, log(blank_), last ? log(node.token) : 0, extended));
    candidates_.push_back({after.all, CtcCandidate::kStays, r});
  }

  void extend(int r, std::int64_t least) {
    const CtcPrefix& prefix = row(r).prefix;
    const int node = row(r).node;
    const int last = tree_[node].token;
    const auto most = static_cast<std::size_t>(tokens_of_row(r, widest_of(beam_)));
    for (const auto& [log, v] : std::span(tokens_).first(std::min(tokens_.size(), most))) {
      if (prefix.all + log < least) return;  // and so are all behind it
      const std::int64_t score = extended_log(prefix, v == last, log);
      if (score < least || !is_possible(score)) continue;
      const int child = tree_.find(node, v);  // which stays, if it is in the beam
      if (child == kNone || tree_[child].row == kNone) candidates_.push_back({score, v, r});
    }
  }

  // Makes rows of those candidates that the beam keeps.
  void keep() {
    const int count = static_cast<int>(candidates_.size());
    const int width = std::visit(
        [&](const auto& choice) {
          return choice.rule().keep(NatsOfCandidates{candidates_.data()}, count);
        },
        beam_);
    ++result_.frames;
    result_.rows += rows_.size();
    result_.beam_width_sum += static_cast<std::uint64_t>(width);
    std::vector<Row> next;
    for (int i = 0; i < std::min(count, width); ++i) {
      const CtcCandidate& kept = candidates_[static_cast<std::size_t>(i)];
      const int from = row(kept.row).node;
      next.push_back({kept.after(stays_.data()), kept.token == CtcCandidate::kStays
                                                     ? from
                                                     : tree_.find_or_add(from, kept.token)});
    }
    for (const Row& gone : rows_) tree_[gone.node].row = kNone;
    rows_ = std::move(next);
    for (std::size_t r = 0; r < rows_.size(); ++r) tree_[rows_[r].node].row = static_cast<int>(r);
  }

  const int blank_;
  const Beam beam_;
  const SoftmaxTables tables_ = softmax_tables();
  PrefixTree tree_;
  std::vector<Row> rows_{{empty_prefix(), 0}};
  std::vector<std::int64_t> logs_;
  std::vector<FrameToken> tokens_;  // those that a prefix may be extended by in this frame
  std::vector<CtcCandidate> candidates_;
  std::vector<CtcPrefix> stays_;  // of each row, where it stays
  CtcSearch result_;
};

}  // namespace

CtcSearch ctc_beam_search(MatrixView<const float> outputs, int blank, const Beam& beam) {
  Search search(blank, beam);
  for (Index t = 0; t < outputs.rows; ++t) {
    const std::span<const float> frame(outputs.row(t), static_cast<std::size_t>(outputs.cols));
    if (!std::ranges::all_of(frame, is_finite)) return {.overflowed = t};
    search.step(frame);
  }
  return search.result();
}

}  // namespace edgeval
