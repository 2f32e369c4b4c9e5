#include "cuda/device/device.hpp"

#include <algorithm>

#include "cuda/device/devices.hpp"
#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

cudaDeviceProp properties_of(int number) {
  cudaDeviceProp properties{};
  EDGEVAL_CUDA(cudaGetDeviceProperties(&properties, number));
  return properties;
}

}  // namespace

bool built_with_cuda() { return true; }

std::vector<Device> devices() {
  std::vector<Device> usable;
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    static_cast<void>(
        cudaGetLastError());  // clears the error of a missing driver, for later checks
    return usable;
  }
  for (int number = 0; number < count; ++number) {
    const cudaDeviceProp properties = properties_of(number);
    // A GPU newer than those that the kernels are compiled for translates the newest of these.
    if (10 * properties.major + properties.minor >= least_capability())
      usable.push_back({number, properties.name});
  }
  return usable;
}

std::string device_name(int number) { return properties_of(number).name; }

std::vector<int> choose_devices(const std::vector<int>& numbers) {
  const std::vector<Device> usable = devices();
  EDGEVAL_EXPECTS(!usable.empty(), "there is no GPU that edgeval can use (compute capability ",
                  least_capability() / 10, ".", least_capability() % 10,
                  " or later, with a driver for CUDA ", CUDART_VERSION / 1000,
                  "); use --device cpu");
  if (numbers.empty()) return {usable.front().number};
  std::string names;
  for (const Device& device : usable)
    names += concat(names.empty() ? "" : ", ", "gpu:", device.number, " (", device.name, ")");
  for (const int number : numbers) {
    EDGEVAL_EXPECTS(std::ranges::count(usable, number, &Device::number) == 1,
                    "--device: there is no gpu:", number, " that edgeval can use; there is ",
                    names);
    EDGEVAL_EXPECTS(std::ranges::count(numbers, number) == 1, "--device: gpu:", number,
                    " is named twice");
  }
  return numbers;
}

int current_device() {
  int number = 0;
  EDGEVAL_CUDA(cudaGetDevice(&number));
  return number;
}

CurrentDevice::CurrentDevice(int number) : before_(current_device()), number_(number) {
  if (before_ != number_) EDGEVAL_CUDA(cudaSetDevice(number_));
}

CurrentDevice::~CurrentDevice() {
  if (before_ != number_) EDGEVAL_CUDA_NOTHROW(cudaSetDevice(before_));
}

}  // namespace edgeval::gpu
