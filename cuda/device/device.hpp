// Chooses a GPU and makes it current. Every thread has a current device, on which CUDA takes
// memory, makes streams and launches kernels. What lives on a device is made, used and destroyed
// while that device is current.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cuda/device/error.hpp"

namespace edgeval::gpu {

// Returns `numbers` if all of these are usable devices; the number of the first usable one if they
// are empty. Throws Error when one is not there or comes twice, and names those that can be used.
std::vector<int> choose_devices(const std::vector<int>& numbers);

std::string device_name(int number);
int current_device();

// Returns ten times the least compute capability that the kernels are compiled for: 80 is 8.0.
int least_capability();

// Makes a device current to this thread for as long as it lives.
class CurrentDevice {
 public:
  explicit CurrentDevice(int number);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int before_, number_;
};

// Holds a T that lives on one device. That device is current while the T is made, used and
// destroyed.
template <class T>
class OnDevice {
 public:
  template <class... Arguments>
  explicit OnDevice(int number, Arguments&&... arguments) : number_(number) {
    const CurrentDevice now(number_);
    const Settle settle;
    thing_.emplace(std::forward<Arguments>(arguments)...);
  }
  ~OnDevice() {
    try {
      const CurrentDevice now(number_);
      thing_.reset();
    } catch (...) {  // the device is broken, and what it held is lost anyway
      thing_.reset();
    }
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  // Calls work(T&) while the device is current and returns its result.
  template <class Work>
  auto with(const Work& work) {
    const CurrentDevice now(number_);
    return work(*thing_);
  }

 private:
  int number_;
  std::optional<T> thing_;
};

}  // namespace edgeval::gpu
