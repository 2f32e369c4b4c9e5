#include "cuda/device/graph.hpp"

namespace edgeval::gpu {
namespace {

struct DestroyGraph {
  void operator()(cudaGraph_t graph) const { EDGEVAL_CUDA_NOTHROW(cudaGraphDestroy(graph)); }
};

}  // namespace

Graph::Graph(const std::function<void()>& record, cudaStream_t stream) {
  EDGEVAL_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t recorded = nullptr;
  try {
    record();
  } catch (...) {
    EDGEVAL_CUDA_NOTHROW(
        cudaStreamEndCapture(stream, &recorded));  // the stream must leave capture mode
    if (recorded != nullptr) EDGEVAL_CUDA_NOTHROW(cudaGraphDestroy(recorded));
    throw;
  }
  EDGEVAL_CUDA(cudaStreamEndCapture(stream, &recorded));
  const std::unique_ptr<CUgraph_st, DestroyGraph> owner(recorded);
  cudaGraphExec_t executable = nullptr;
  EDGEVAL_CUDA(cudaGraphInstantiate(&executable, recorded, 0));
  graph_.reset(executable);
}

}  // namespace edgeval::gpu
