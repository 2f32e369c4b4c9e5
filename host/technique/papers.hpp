// Papers that several techniques, or a technique and an accelerator, come from, as `edgeval info`
// cites them. A paper that only one technique comes from stands in the technique's header.
#pragma once

namespace edgeval {

inline constexpr const char* kPaperP0 =
    "P0: Silfa, Arnau, Gonzalez, Boosting LSTM performance through dynamic precision selection, "
    "arXiv 1911.04244";
inline constexpr const char* kPaperP1 =
    "P1: Jo, Kung, Lee, Lee, Similarity-based LSTM architecture for energy-efficient edge-level "
    "speech recognition";
inline constexpr const char* kPaperP2 =
    "P2: Rezk, Purnaprajna, Nordstrom, Ul-Abdin, Recurrent neural networks: an embedded computing "
    "perspective, 2020";
inline constexpr const char* kPaperP3 =
    "P3: Riera, Arnau, Gonzalez, Computation reuse in DNNs by exploiting input similarity, ISCA "
    "2018";
inline constexpr const char* kPaperMemoization =
    "Silfa, Dot, Arnau, Gonzalez, Neuron-level fuzzy memoization in RNNs, MICRO 2019, arXiv "
    "2202.06563";

}  // namespace edgeval
