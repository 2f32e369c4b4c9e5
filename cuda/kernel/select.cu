// Kernels of the selections. A thread block owns one lane at one step: a thread per neuron
// (memoization) or cell (dynamic precision) up to 256, several beyond; the memory of a neuron or
// cell is touched by one thread. The second operand is made element by element, a thread block per
// row.
#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/kernel/format.cuh"
#include "cuda/kernel/select.hpp"
#include "cuda/kernel/step.cuh"
#include "host/body/memo.hpp"
#include "host/body/precision.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 256;
// Blocks that a multiprocessor should hold at least; 0 leaves it to the compiler, which spills to
// hold more where sums have 64 bits.
template <class Numbers>
constexpr int kMemoBlocks = sizeof(typename Numbers::Sum) == 8 ? 3 : 0;

__device__ const std::int32_t* second_sums(SumRows rows, Index row) {
  return rows.data ? rows.data.as<std::int32_t>() + row * rows.stride : nullptr;
}

// Element: float, or a byte: that of 8 bits, or the upper digit of 16, which has the sign of both.
template <class Element>
struct Signs {
  static __device__ std::int8_t second(Element element, PolicyStruct) {
    return static_cast<std::int8_t>(sign_of(static_cast<float>(element)));
  }
};
struct FourBits {
  static __device__ std::int8_t second(std::int8_t element, PolicyStruct choice) {
    return static_cast<std::int8_t>(choice.as<DynamicPrecision>().low_code(element));
  }
};

// first_stride: elements from one row's first digit to the next row's.
template <class Element, class Form>
__global__ void __launch_bounds__(kMostThreads)
    second_operand_kernel(SecondOperand task, Index first_stride, PolicyStruct choice) {
  const Index row = blockIdx.x;
  const Element* const first = task.first.data.as<Element>() + row * first_stride;
  std::int8_t* const second = task.second.data.as<std::int8_t>() + row * task.second.stride;
  CudaBlock{}.for_each(task.width, [&](Index i) { second[i] = Form::second(first[i], choice); });
}

template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostThreads, kMemoBlocks<Numbers>)
    memo_kernel(RecurrentStep step, SelectionStep selection, Index neurons, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const StepLane<Format, Numbers> lane(step, n, k);
  using Sum = typename Numbers::Sum;
  const auto wx = lane.wx(neurons);
  const auto uh = lane.uh(neurons);
  const std::int32_t* const second_wx = second_sums(selection.second_wx, lane.chunk_row());
  const std::int32_t* const second_uh = second_sums(selection.second_uh, n);
  const Numbers& numbers = lane.numbers();
  unsigned long long* const selected = step.places->selected;
  const int remembered = memo_row(
      block, selection.choice.as<Memoized::Rule>(), neurons,
      MemoRow<Sum, std::remove_const_t<decltype(wx)>>{
          .wx = wx,
          .uh = uh,
          .chosen_wx = lane.chosen(step.chosen_wx),
          .chosen_uh = lane.chosen(step.chosen_uh),
          .memo = selection.memory.as<NeuronMemo<Sum>>() + n * neurons},
      [&](Index at) {
        if (second_wx == nullptr) return numbers.product(wx[at], uh[at], at);
        return static_cast<double>(second_wx[at] + (second_uh == nullptr ? 0 : second_uh[at]));
      });
  block.once([&] {
    atomicAdd(selected + step.pack.lane[n], static_cast<unsigned long long>(remembered));
  });
}

template <class Numbers>
using Detector = DynamicPrecision::Detector<typename Numbers::State>;

// Signed bytes need no offsets, so that the sums of both precisions differ by 16 x 16 alone.
template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostThreads)
    precision_kernel(RecurrentStep step, SelectionStep selection, Index neurons, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const StepLane<Format, Numbers> lane(step, n, k);
  const auto& choice = selection.choice.as<DynamicPrecision>();
  EDGEVAL_SHARED(DynamicPrecision::Rule, rule, 1);  // made once: its shares are doubles
  block.once([&] { rule[0] = choice.machine(step.pack.steps[n]); });
  block.synchronize();
  const int low =
      precision_row(block, rule[0], k,
                    PrecisionRow<typename Numbers::State>{
                        .wx = lane.wx(neurons),
                        .uh = lane.uh(neurons),
                        .low_wx = second_sums(selection.second_wx, lane.chunk_row()),
                        .low_uh = second_sums(selection.second_uh, n),
                        .chosen_wx = lane.chosen(step.chosen_wx),
                        .chosen_uh = lane.chosen(step.chosen_uh),
                        .cells = step.cells,
                        .gate_rows = neurons,
                        .c = lane.c(),
                        .elements = selection.memory.as<Detector<Numbers>>() + n * step.cells},
                    [](std::int32_t sum, Source, Index) { return sum * 256; });
  block.once([&] {
    atomicAdd(step.places->selected + step.pack.lane[n], static_cast<unsigned long long>(low));
  });
}

template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>, "choices travel as bytes");
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

template <class Element, class Form>
void launch_second(const SecondOperand& task, Index digits, PolicyStruct choice,
                   cudaStream_t stream) {
  const int threads = threads_for(task.width, kMostThreads);
  launch(stream, second_operand_kernel<Element, Form>, {task.rows}, threads, task,
         digits * task.first.stride, choice);
}

void launch_memo(const LayerPolicy& policy, const RecurrentStep& step,
                 const SelectionStep& selection, Index lanes, Index ahead, cudaStream_t stream) {
  const Index neurons = step.gates() * step.cells;
  with_numbers(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    const int threads = threads_for(neurons, kMostThreads);
    launch(stream, memo_kernel<Format, Numbers>, {lanes}, threads, step, selection, neurons, ahead);
  });
}

// launch(Types<Format, Numbers>): those of dynamic precision.
template <class Launch>
void with_precision(const LayerPolicy& policy, const Launch& launch) {
  if (eight_bits_of_floats(policy))
    with_numbers_of<QuantizedFormat>(policy, launch);
  else
    with_numbers_of<FixedFormat<8>>(policy, launch);
}

void launch_precision(const LayerPolicy& policy, const RecurrentStep& step,
                      const SelectionStep& selection, Index lanes, Index ahead,
                      cudaStream_t stream) {
  with_precision(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    const int threads = threads_for(step.cells, kMostThreads);
    launch(stream, precision_kernel<Format, Numbers>, {lanes}, threads, step, selection,
           step.gates() * step.cells, ahead);
  });
}

}  // namespace

Index selection_bytes(const LayerPolicy& policy, Index neurons, Index cells) {
  Index bytes = 0;
  if (std::holds_alternative<DynamicPrecision>(policy.operand)) {
    with_precision(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
      bytes = cells * Index{sizeof(Detector<Numbers>)};
    });
    return bytes;
  }
  with_numbers(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    bytes = neurons * Index{sizeof(NeuronMemo<typename Numbers::Sum>)};
  });
  return bytes;
}

std::vector<std::byte> choice_bytes(const LayerPolicy& policy) {
  if (const auto* memoized = std::get_if<Memoized>(&policy.operand))
    return bytes_of(memoized->decision());
  return bytes_of(std::get<DynamicPrecision>(policy.operand));
}

void launch_second_operand(const LayerPolicy& policy, const SecondOperand& task,
                           PolicyStruct choice, cudaStream_t stream) {
  if (task.rows == 0 || task.width == 0) return;
  if (std::holds_alternative<DynamicPrecision>(policy.operand))
    launch_second<std::int8_t, FourBits>(task, 1, choice, stream);
  else if (std::holds_alternative<Fp32>(policy.arithmetic))
    launch_second<float, Signs<float>>(task, 1, choice, stream);
  else
    launch_second<std::int8_t, Signs<std::int8_t>>(
        task, std::holds_alternative<Int16>(policy.arithmetic) ? 2 : 1, choice, stream);
}

void launch_selection(const LayerPolicy& policy, const RecurrentStep& step,
                      const SelectionStep& selection, Index lanes, Index ahead,
                      cudaStream_t stream) {
  if (lanes == 0) return;
  if (std::holds_alternative<Memoized>(policy.operand))
    launch_memo(policy, step, selection, lanes, ahead, stream);
  else
    launch_precision(policy, step, selection, lanes, ahead, stream);
}

}  // namespace edgeval::gpu
