// A CUDA graph. Its launches are recorded once and replayed as one, which spares the host the work
// on every single launch.
#pragma once

#include <functional>
#include <memory>

#include "cuda/device/error.hpp"

namespace edgeval::gpu {

class Graph {
 public:
  // Captures what `record` gives to `stream`; nothing runs yet.
  Graph(const std::function<void()>& record, cudaStream_t stream);
  void launch(cudaStream_t stream) const { EDGEVAL_CUDA(cudaGraphLaunch(graph_.get(), stream)); }

 private:
  struct Destroy {
    void operator()(cudaGraphExec_t graph) const {
      EDGEVAL_CUDA_NOTHROW(cudaGraphExecDestroy(graph));
    }
  };
  std::unique_ptr<CUgraphExec_st, Destroy> graph_;
};

}  // namespace edgeval::gpu
