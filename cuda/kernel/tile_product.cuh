// Products of bytes by tensor cores, a tile of lanes and columns of a thread block at a time, whose
// sums stay in registers. Rows of operands and of weights pass through shared memory, a stage of
// kInner bytes of each row after the other, copied ahead of what is multiplied.
//
// A warp has the sums of kWarpLanes lanes and kWarpColumns columns, as mma.m16n8k32 spreads them
// (cuda/device/ptx.cuh). The rows of a stage follow one another without padding. The parts of 16
// bytes of a row change places (place_of), so that eight rows that are loaded at once meet no bank
// of shared memory twice.
#pragma once

#include <cuda_pipeline.h>

#include "cuda/device/block.cuh"
#include "cuda/device/digits.hpp"
#include "cuda/device/ptx.cuh"
#include "host/numeric/host_device.hpp"

namespace edgeval::gpu {

// The sizes of a tile for elements of so many digits.
template <int Digits>
struct Tile {
  static constexpr int kDigits = Digits;
  // Sums of a column: for 16 bits those of two upper digits, of an upper and a lower one, and of
  // two lower ones, in this order. The middle one takes both mixed products, which stay within 32
  // bits for up to 65,535 terms.
  static constexpr int kSums = 2 * kDigits - 1;
  static constexpr int kInner = 64 / kDigits;  // bytes of a digit's row in a stage
  static constexpr int kParts = kInner / 16;   // of 16 bytes, of such a row
  static constexpr int kLaneTiles = kDigits == 1 ? 2 : 1, kColumnTiles = 8;  // of a warp
  static constexpr int kLaneWarps = 4, kColumnWarps = 2;                     // of a block
  static constexpr int kThreads = kWarp * kLaneWarps * kColumnWarps;
  static constexpr int kWarpLanes = 16 * kLaneTiles, kWarpColumns = 8 * kColumnTiles;
  static constexpr int kLanes = kWarpLanes * kLaneWarps, kColumns = kWarpColumns * kColumnWarps;
  // A stage has the lanes' rows, digit by digit, and then the columns'.
  static constexpr int kRows = kDigits * (kLanes + kColumns);
  static constexpr int kStages = 3, kStageBytes = kRows * kInner;
  static constexpr int kBytes = kStages * kStageBytes;  // of shared memory

  // Returns where a part of a row stands behind the beginning of its row, for rows of this rest
  // modulo 8.
  __device__ static int place_of(int row, int part) { return 16 * (part ^ (row * kParts / 8)); }
  // Returns the place of the stage behind one.
  __device__ static int next_stage(int place) {
    return place + kStageBytes == kBytes ? 0 : place + kStageBytes;
  }
};

// Sums [digits][lanes][columns] that a thread has, as the instruction spreads them.
template <class T>
struct TileSums {
  std::int32_t at[T::kSums][T::kLaneTiles][T::kColumnTiles][4];
};

// One of the products that a tile sums. The rows of both factors are `stride` bytes long, a
// multiple of 16; where x has bytes that are no elements, w has zeros.
struct TileFactors {
  const std::int8_t* x;  // row of the tile's first lane, digit by digit
  const std::int8_t* w;  // [digits, outputs, stride]
  int stride;
};

// Returns a or b, field by field, so that both stay in registers.
__device__ __forceinline__ TileFactors either(bool first, const TileFactors& a,
                                              const TileFactors& b) {
  return {first ? a.x : b.x, first ? a.w : b.w, first ? a.stride : b.stride};
}

// Copies the rows of a tile into shared memory. weight_row(column) returns the row of w that
// belongs to a column of the tile, or -1 if none does; such columns, and lanes from `lanes` on,
// become zeros.
template <class T>
class TileLoader {
 public:
  template <class WeightRow>
  __device__ TileLoader(int lanes, int outputs, const WeightRow& weight_row) {
    EDGEVAL_UNROLL
    for (int i = 0; i < kCopies; ++i) {
      const int row = static_cast<int>(threadIdx.x) / T::kParts + i * kRowsAtOnce;
      if (i < kLaneCopies) {
        const int digit = row / T::kLanes, lane = row % T::kLanes;
        row_[i] = lane < lanes ? lane * T::kDigits + digit : -1;
      } else {
        const int of_columns = row - T::kDigits * T::kLanes;
        const int digit = of_columns / T::kColumns, output = weight_row(of_columns % T::kColumns);
        row_[i] = output >= 0 ? digit * outputs + output : -1;
      }
    }
  }

  // Begins to copy the bytes from `inner` on of all rows.
  __device__ void load(const TileFactors& factors, int inner, unsigned char* stage) const {
    const int row = static_cast<int>(threadIdx.x) / T::kParts;
    const int part = static_cast<int>(threadIdx.x) % T::kParts, at = inner + 16 * part;
    EDGEVAL_UNROLL
    for (int i = 0; i < kCopies; ++i) {
      unsigned char* const to =
          stage + row * T::kInner + T::place_of(row % 8, part) + i * kRowsAtOnce * T::kInner;
      const std::int8_t* const rows = i < kLaneCopies ? factors.x : factors.w;
      const bool there = row_[i] >= 0 && at < factors.stride;
      __pipeline_memcpy_async(to, rows + (there ? Index{row_[i]} * factors.stride + at : 0), 16,
                              there ? 0 : 16);
    }
  }

 private:
  static constexpr int kRowsAtOnce = T::kThreads / T::kParts;
  static constexpr int kCopies = T::kRows / kRowsAtOnce;
  static constexpr int kLaneCopies = T::kDigits * T::kLanes / kRowsAtOnce;
  static_assert(kCopies * kRowsAtOnce == T::kRows && kRowsAtOnce % 8 == 0);
  static_assert(kLaneCopies * kRowsAtOnce == T::kDigits * T::kLanes);

  int row_[kCopies];  // of x or of w, digit by digit; -1: none
};

// Adds the products of a stage to the sums. lane, column: the warp's first ones within the tile.
template <class T>
__device__ __forceinline__ void multiply_stage(const unsigned char* stage, int lane, int column,
                                               TileSums<T>& sums) {
  constexpr int kSteps = T::kParts / 2;   // of the instruction along the stage
  constexpr int kAtOnce = 4 / T::kParts;  // column tiles that one load brings
  // A load brings four matrices; this thread gives the address of one row of one of them.
  const int matrix = static_cast<int>(threadIdx.x) % kWarp / 8;
  const int row = static_cast<int>(threadIdx.x) % 8;
  const unsigned char* const lanes = stage + (lane + matrix % 2 * 8 + row) * T::kInner;
  const unsigned char* const columns =
      stage + (T::kDigits * T::kLanes + column + matrix / T::kParts * 8 + row) * T::kInner +
      T::place_of(row, matrix % T::kParts);
  unsigned x[T::kDigits][T::kLaneTiles][kSteps][4];
  EDGEVAL_UNROLL
  for (int d = 0; d < T::kDigits; ++d) EDGEVAL_UNROLL
  for (int m = 0; m < T::kLaneTiles; ++m) EDGEVAL_UNROLL
  for (int k = 0; k < kSteps; ++k)
    load_matrices(
        lanes + (d * T::kLanes + 16 * m) * T::kInner + T::place_of(row, 2 * k + matrix / 2),
        x[d][m][k]);
  EDGEVAL_UNROLL
  for (int j = 0; j < T::kColumnTiles; j += kAtOnce) {
    unsigned w[T::kDigits][4];
    EDGEVAL_UNROLL
    for (int d = 0; d < T::kDigits; ++d)
      load_matrices(columns + (d * T::kColumns + 8 * j) * T::kInner, w[d]);
    EDGEVAL_UNROLL
    for (int of_w = 0; of_w < T::kDigits; ++of_w) EDGEVAL_UNROLL
    for (int of_x = 0; of_x < T::kDigits; ++of_x) EDGEVAL_UNROLL
    for (int m = 0; m < T::kLaneTiles; ++m) EDGEVAL_UNROLL
    for (int i = 0; i < 4; i += 2) {  // the halves of what a load brought
      const unsigned(&a)[4] = x[of_x][m][i / 2 % kSteps];
      multiply_bytes({{a[0], a[1], a[2], a[3]}, {w[of_w][i], w[of_w][i + 1]}},
                     sums.at[of_x + of_w][m][j + i / 2 / kSteps]);
    }
  }
}

// Shifts all sums up, modulo 2^32.
template <class T>
__device__ __forceinline__ void shift_up(TileSums<T>& sums, int shift) {
  for (auto& of_digits : sums.at)
    for (auto& of_lanes : of_digits)
      for (auto& of_columns : of_lanes)
        for (std::int32_t& sum : of_columns)
          sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) << shift);
}

// Adds to the sums those of `first`, shifted up, and those of `second`. All threads of the block
// must call it; `busy` says whether any sum of the thread's warp is wanted. memory: T::kBytes of
// shared memory. lane, column: the warp's first ones.
template <class T>
__device__ void multiply_tile(const TileFactors& first, int shift, const TileFactors& second,
                              const TileLoader<T>& loader, bool busy, int lane, int column,
                              unsigned char* memory, TileSums<T>& sums) {
  const auto stages_of = [](const TileFactors& factors) {
    return (factors.stride + T::kInner - 1) / T::kInner;
  };
  const int before = stages_of(first), all = before + stages_of(second);
  int coming = 0, writing = 0, reading = 0;  // the stage to copy next, and places of stages
  const auto load = [&] {
    const bool of_first = coming < before;
    if (coming < all)
      loader.load(either(of_first, first, second),
                  (of_first ? coming : coming - before) * T::kInner, memory + writing);
    __pipeline_commit();
    ++coming;
    writing = T::next_stage(writing);
  };
  for (int s = 0; s < T::kStages - 1; ++s) load();
  const auto multiply = [&](int stages) {
    EDGEVAL_ROLLED
    for (int s = 0; s < stages; ++s) {
      __pipeline_wait_prior(T::kStages - 2);
      CudaBlock{}.synchronize();  // the stage is there, and nobody reads the one before it any more
      load();
      if (busy) multiply_stage<T>(memory + reading, lane, column, sums);
      reading = T::next_stage(reading);
    }
  };
  EDGEVAL_ROLLED
  for (int part = 0; part < 2; ++part) {
    multiply(part == 0 ? before : all - before);
    if (part == 0) shift_up(sums, shift);
  }
}

}  // namespace edgeval::gpu
