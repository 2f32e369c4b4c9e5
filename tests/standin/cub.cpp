#include "tests/standin/cub.hpp"

#include "tests/standin/machine.hpp"

namespace edgeval::standin {

cudaError_t library_call(void* scratch, std::size_t& bytes, std::size_t wanted, cudaStream_t stream,
                         std::function<void()> work) {
  const Machine::Call call;
  if (!call.ok()) return call.error();
  if (scratch == nullptr) {
    bytes = wanted;
    return cudaSuccess;
  }
  Machine& machine = Machine::get();
  if (bytes < wanted) return call.answer(cudaErrorInvalidValue, "CUB wants more scratch memory");
  if (!machine.known(stream) || !machine.holds(stream->device, scratch, wanted))
    return call.answer(cudaErrorInvalidValue, "CUB's scratch is no memory of the stream's device");
  return call.answer(machine.enqueue(stream,
                                     {.work =
                                          [=, work = std::move(work)] {
                                            std::memset(scratch, 0xFF, wanted);
                                            work();
                                          }},
                                     current_device()));
}

}  // namespace edgeval::standin
