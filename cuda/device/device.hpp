// Which GPU: every thread has a current one, where CUDA takes memory, makes streams and launches.
// What lives on a device is made, used and destroyed while that device is current.
#pragma once

#include <optional>
#include <string>

#include "cuda/device/error.hpp"

namespace edgeval::gpu {

// The device with this number, or of kFirstDevice the first that can be used. Throws Error, which
// names those that are there, where it is none of them.
int choose_device(int number);

std::string device_name(int number);

// Ten times the least compute capability that the kernels are compiled for: 80 is 8.0.
int least_capability();

// Makes a device current to this thread for as long as it lives.
class CurrentDevice {
 public:
  explicit CurrentDevice(int number);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int before_ = 0, number_;
};

// A T of one device.
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
    } catch (...) {  // a broken device: what it held is lost anyway
      thing_.reset();
    }
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  // work(T&).
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
