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
#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 256;
// Blocks that a multiprocessor should hold at least. 0 leaves the number to the compiler, which
// would spill registers to hold more where sums have 64 bits.
template <class Numbers>
constexpr int kMemoBlocks = sizeof(typename Numbers::Sum) == 8 ? 3 : 0;

__device__ const std::int32_t* second_sums(SumRows rows, Index row) {
  return rows.data ? rows.data.as<std::int32_t>() + row * rows.stride : nullptr;
}

// Element is float, the byte of an 8-bit element, or the upper digit of a 16-bit element, which has
// the element's sign.
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

// first_stride: number of elements from one row's first digit to the next row's.
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
  EDGEVAL_SHARED(DynamicPrecision::Rule, rule, 1);  // made once, as its shares are doubles
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

// Each operand that selects has a specialisation:
//   choice                        returns what its kernel reads as SelectionStep::choice
//   bytes<Numbers>                returns the bytes of memory for one lane
//   launch_second                 makes the elements of the second product
//   launch_step<Format, Numbers>  launches its kernel
template <class Technique>
struct Selecting;

template <>
struct Selecting<Memoized> {
  static Memoized::Rule choice(const Memoized& memoized) { return memoized.decision(); }
  template <class Numbers>
  static Index bytes(Index neurons, Index /*cells*/) {
    return neurons * Index{sizeof(NeuronMemo<typename Numbers::Sum>)};
  }
  static void launch_second(const LayerPolicy& policy, const SecondOperand& task,
                            PolicyStruct choice, cudaStream_t stream) {
    if (std::holds_alternative<Fp32>(policy.arithmetic))
      gpu::launch_second<float, Signs<float>>(task, 1, choice, stream);
    else
      gpu::launch_second<std::int8_t, Signs<std::int8_t>>(
          task, std::holds_alternative<Int16>(policy.arithmetic) ? 2 : 1, choice, stream);
  }
  template <class Format, class Numbers>
  static void launch_step(const RecurrentStep& step, const SelectionStep& selection, Index lanes,
                          Index ahead, cudaStream_t stream) {
    const Index neurons = step.gates() * step.cells;
    launch(stream, memo_kernel<Format, Numbers>, {lanes}, threads_for(neurons, kMostThreads), step,
           selection, neurons, ahead);
  }
};

template <>
struct Selecting<DynamicPrecision> {
  static DynamicPrecision choice(const DynamicPrecision& precision) { return precision; }
  template <class Numbers>
  static Index bytes(Index /*neurons*/, Index cells) {
    return cells * Index{sizeof(Detector<Numbers>)};
  }
  static void launch_second(const LayerPolicy&, const SecondOperand& task, PolicyStruct choice,
                            cudaStream_t stream) {
    gpu::launch_second<std::int8_t, FourBits>(task, 1, choice, stream);
  }
  template <class Format, class Numbers>
  static void launch_step(const RecurrentStep& step, const SelectionStep& selection, Index lanes,
                          Index ahead, cudaStream_t stream) {
    launch(stream, precision_kernel<Format, Numbers>, {lanes},
           threads_for(step.cells, kMostThreads), step, selection, step.gates() * step.cells,
           ahead);
  }
};

// Calls f(technique) with the policy's operand, which must be one that selects.
template <class F>
void with_selecting(const LayerPolicy& policy, const F& f) {
  std::visit(
      [&]<class Technique>(const Technique& operand) {
        if constexpr (edgeval::selects<Technique>())
          f(operand);
        else
          EDGEVAL_ASSERT(!"an operand that selects");
      },
      policy.operand);
}

// Calls launch(Types<Format, Numbers>) with those in which the technique runs.
template <class Technique, class Launch>
void with_numbers_of_selecting(const LayerPolicy& policy, const Launch& launch) {
  std::visit(
      [&]<class Choice>(const Choice& arithmetic) {
        if constexpr (!acts_under<Technique, Choice>())
          EDGEVAL_ASSERT(!"an operand that check_point lets through");
        else if constexpr (std::is_same_v<Choice, Fp32> && eight_bits_of_floats<Technique>())
          with_numbers_of<QuantizedFormat>(policy, launch);
        else
          with_numbers_of<decltype(format_of(arithmetic))>(policy, launch);
      },
      policy.arithmetic);
}

}  // namespace

Index selection_bytes(const LayerPolicy& policy, Index neurons, Index cells) {
  Index bytes = 0;
  with_selecting(policy, [&]<class Technique>(const Technique&) {
    with_numbers_of_selecting<Technique>(
        policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
          bytes = Selecting<Technique>::template bytes<Numbers>(neurons, cells);
        });
  });
  return bytes;
}

std::vector<std::byte> choice_bytes(const LayerPolicy& policy) {
  std::vector<std::byte> bytes;
  with_selecting(policy, [&]<class Technique>(const Technique& operand) {
    bytes = bytes_of(Selecting<Technique>::choice(operand));
  });
  return bytes;
}

void launch_second_operand(const LayerPolicy& policy, const SecondOperand& task,
                           PolicyStruct choice, cudaStream_t stream) {
  if (task.rows == 0 || task.width == 0) return;
  with_selecting(policy, [&]<class Technique>(const Technique&) {
    Selecting<Technique>::launch_second(policy, task, choice, stream);
  });
}

void launch_selection(const LayerPolicy& policy, const RecurrentStep& step,
                      const SelectionStep& selection, Index lanes, Index ahead,
                      cudaStream_t stream) {
  if (lanes == 0) return;
  with_selecting(policy, [&]<class Technique>(const Technique&) {
    with_numbers_of_selecting<Technique>(
        policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
          Selecting<Technique>::template launch_step<Format, Numbers>(step, selection, lanes, ahead,
                                                                      stream);
        });
  });
}

}  // namespace edgeval::gpu
