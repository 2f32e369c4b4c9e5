// What runs on several devices at once. Each device takes consecutive sequences of a batch, about
// as much work as every other one, on a thread of its own; so results come without a copy of their
// inputs, and one device alone is used as if there were no others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/device/device.hpp"
#include "cuda/device/memory.hpp"
#include "host/core/error.hpp"
#include "host/core/parallel.hpp"
#include "host/engine/engine.hpp"

namespace edgeval::gpu {

// Parts consecutive sequences, those from offsets[n] to offsets[n + 1], into so many shares of
// about as many frames. Returns where each share begins, and where the last one ends. No share has
// more than its part of all frames and those of the longest sequence; the last ones may have none.
std::vector<Index> shares_of(const std::vector<Index>& offsets, Index shares);

// Returns the names of devices for people: "NVIDIA H200", "2 x NVIDIA H200" or "A, B".
std::string names_of(const std::vector<int>& numbers);

// Returns how many of the host's threads each device has, at least one. threads: of all devices; 0:
// all of the machine.
int threads_of_each(const Gpus& gpus, int threads);

// A T on each device. Throws Error when a device is not there or has no memory left.
template <class T>
class OnDevices {
 public:
  // Each T is made with these arguments, while its device is current.
  template <class... Arguments>
  explicit OnDevices(const Gpus& gpus, const Arguments&... arguments)
      : numbers_(choose_devices(gpus.numbers)) {
    for (const int number : numbers_) {
      const CurrentDevice now(number);
      limit_memory(gpus.memory);
      try {
        things_.push_back(std::make_unique<OnDevice<T>>(number, arguments...));
      } catch (const OutOfMemory&) {
        throw Error(concat("gpu:", number, " has no memory left; use --device cpu or another GPU",
                           gpus.memory > 0 ? ", or a greater --gpu-memory" : ""));
      }
    }
  }

  Index count() const { return std::ssize(things_); }
  std::string names() const { return names_of(numbers_); }

  // Calls work(T&, first, last) for the sequences [first, last) of each device that has any, all at
  // the same time; where there are no sequences, for one device. When a call throws, the others end
  // first.
  template <class Work>
  void share(const std::vector<Index>& offsets, const Work& work) {
    const std::vector<Index> begin = shares_of(offsets, count());
    parallel_for(count(), static_cast<int>(count()), [&](Index d) {
      const Index first = begin[d], last = begin[d + 1];
      if (first == last && (d > 0 || begin.back() > 0)) return;
      things_[d]->with([&](T& thing) { work(thing, first, last); });
    });
  }

 private:
  std::vector<int> numbers_;
  std::vector<std::unique_ptr<OnDevice<T>>> things_;
};

}  // namespace edgeval::gpu
