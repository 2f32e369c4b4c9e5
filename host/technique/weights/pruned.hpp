// Weights: the least in magnitude become 0 (Rezk et al. 2020, section IV-A2, "magnitude pruning").
// They are a share of all weights of the model (class-blind), of each matrix (class-uniform), or of
// the blocks of each matrix, a block having the magnitude of its greatest weight ("block pruning").
// Exactly floor(share x count + 0.5) are removed; of equal magnitudes the first ones. What is
// stored is one bit for each weight or block, whether it is kept, and the kept weights.
#pragma once

#include <algorithm>

#include "host/numeric/rounding.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/weights/stored.hpp"

namespace edgeval {

enum class PruningScope : std::uint8_t { kGlobal, kMatrix, kBlock };
constexpr std::array<std::string_view, 3> names(PruningScope) {
  return {"global", "matrix", "block"};
}

struct Pruned {
  static constexpr const char* kName = "pruned";
  static constexpr const char* kMeaning = "the least weights, or blocks of weights, become 0 (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double share = 0.5;
  PruningScope scope = PruningScope::kMatrix;
  double block_rows = 4;
  double block_cols = 4;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("share", self.share, "share of the weights or blocks that become 0, from 0 to 1");
    visit(
        "scope", self.scope,
        "global, matrix or block: of the model's weights, each matrix's, or each matrix's blocks");
    visit("block_rows", self.block_rows, "rows of a block, of scope block");
    visit("block_cols", self.block_cols, "columns of a block, of scope block");
  }

  const char* problem() const {
    if (!(share >= 0 && share <= 1)) return "share must be from 0 to 1";
    if (!is_whole(block_rows, 1, 65536) || !is_whole(block_cols, 1, 65536))
      return "block_rows and block_cols must be whole numbers from 1 to 65536";
    return nullptr;
  }

  std::vector<StoredMatrix> store(std::span<const WeightMatrix> matrices) const {
    const bool blocks = scope == PruningScope::kBlock;
    const Size size{blocks ? static_cast<std::int64_t>(block_rows) : 1,
                    blocks ? static_cast<std::int64_t>(block_cols) : 1};
    std::vector<StoredMatrix> stored;
    std::vector<std::uint64_t> kept;
    std::vector<Piece> pieces;
    for (std::size_t m = 0; m < matrices.size(); ++m) {
      const std::size_t before = pieces.size();
      cut(matrices[m], m, size, pieces);
      stored.push_back({.bits = pieces.size() - before, .code_bits = kFloatBits});
      kept.push_back(matrices[m].count());
      if (scope == PruningScope::kGlobal && m + 1 < matrices.size()) continue;
      remove_least(matrices, size, pieces, kept);
      pieces.clear();
    }
    for (std::size_t m = 0; m < matrices.size(); ++m) {
      stored[m].bits += kFloatBits * kept[m];
      stored[m].whole = kept[m];
      stored[m].product = {
          .kind = "sparse_multiply_add", .multiplications = kept[m], .additions = kept[m]};
    }
    return stored;
  }

 private:
  struct Size {
    std::int64_t rows, cols;
  };
  struct Piece {  // a block, cut off at the edges of the matrix, or one weight
    float magnitude;
    std::size_t matrix;
    std::int64_t row, col;
  };

  // Calls visit(weight) for all weights of a piece.
  template <class Visit>
  static void for_each_weight(const WeightMatrix& matrix, Size size, const Piece& piece,
                              Visit&& visit) {
    for (std::int64_t r = piece.row; r < std::min(piece.row + size.rows, matrix.rows); ++r)
      for (std::int64_t c = piece.col; c < std::min(piece.col + size.cols, matrix.cols); ++c)
        visit(matrix.values[static_cast<std::size_t>(r * matrix.cols + c)]);
  }

  static void cut(const WeightMatrix& matrix, std::size_t number, Size size,
                  std::vector<Piece>& pieces) {
    for (std::int64_t row = 0; row < matrix.rows; row += size.rows)
      for (std::int64_t col = 0; col < matrix.cols; col += size.cols) {
        Piece piece{0, number, row, col};
        for_each_weight(matrix, size, piece, [&](float weight) {
          piece.magnitude = std::max(piece.magnitude, absolute(weight));
        });
        pieces.push_back(piece);
      }
  }

  // The pieces are in the order of matrices, rows and columns.
  void remove_least(std::span<const WeightMatrix> matrices, Size size,
                    const std::vector<Piece>& pieces, std::vector<std::uint64_t>& kept) const {
    const auto removed =
        static_cast<std::ptrdiff_t>(std::floor(share * static_cast<double>(pieces.size()) + 0.5));
    if (removed == 0) return;
    std::vector<float> magnitudes;
    magnitudes.reserve(pieces.size());
    for (const Piece& piece : pieces) magnitudes.push_back(piece.magnitude);
    const auto last = magnitudes.begin() + removed - 1;
    std::nth_element(magnitudes.begin(), last, magnitudes.end());
    const float greatest = *last;  // of those that are removed
    // All pieces below it go, and of those that equal it the first ones.
    std::ptrdiff_t equal = removed - std::count_if(magnitudes.begin(), last, [&](float magnitude) {
                             return magnitude < greatest;
                           });
    for (const Piece& piece : pieces) {
      if (piece.magnitude > greatest) continue;
      if (piece.magnitude == greatest && equal-- <= 0) continue;
      for_each_weight(matrices[piece.matrix], size, piece, [&](float& weight) {
        weight = 0;
        --kept[piece.matrix];
      });
    }
  }
};

}  // namespace edgeval
