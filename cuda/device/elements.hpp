// Pointers to device memory whose type a layer's policy decides: float in fp32, bytes or words in
// integers, the state of whichever rule an operand has. A runner allocates it in bytes. Writers and
// readers ask for the same type, which each of them takes from the policy, kernels by their
// template arguments. This is plain C++, so that it can be tested without a GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "host/numeric/host_device.hpp"

namespace edgeval::gpu {

// Points to elements whose type is one of Types; readers and writers name it.
template <class... Types>
class Elements {
  template <class T>
  static constexpr bool kKnown = (std::is_same_v<T, Types> || ...);

 public:
  Elements() = default;
  EDGEVAL_HD Elements(std::nullptr_t) {}
  // `data` may point to bytes, which are room for any of the types.
  template <class T>
  requires(kKnown<T> || std::is_same_v<T, std::byte>) EDGEVAL_HD Elements(T* data) : data_(data) {}

  template <class T>
  EDGEVAL_HD T* as() const {
    static_assert(kKnown<T>, "none of the types that these elements may have");
    return static_cast<T*>(data_);
  }
  EDGEVAL_HD void* memory() const { return data_; }
  EDGEVAL_HD explicit operator bool() const { return data_ != nullptr; }
  bool operator==(const Elements&) const = default;

 private:
  void* data_ = nullptr;
};

// Points to elements of a type that the policy decides.
class PolicyElements {
 public:
  PolicyElements() = default;
  PolicyElements(std::byte* room) : data_(room) {}
  template <class T>
  EDGEVAL_HD T* as() const {
    static_assert(std::is_trivially_copyable_v<T>, "zeros and copies of bytes are values of it");
    return static_cast<T*>(data_);
  }
  void* memory() const { return data_; }
  bool operator==(const PolicyElements&) const = default;

 private:
  void* data_ = nullptr;
};

// Points to a struct that kernels read, or to several, of a type that the policy decides.
class PolicyStruct {
 public:
  PolicyStruct() = default;
  PolicyStruct(const std::byte* room) : data_(room) {}
  template <class T>
  EDGEVAL_HD const T& as() const {
    static_assert(std::is_trivially_copyable_v<T>, "it comes as a copy of bytes");
    return *static_cast<const T*>(data_);
  }
  // Returns the i-th of several structs that follow one another.
  template <class T>
  EDGEVAL_HD const T& at(std::ptrdiff_t i) const {
    return *(&as<T>() + i);
  }
  bool operator==(const PolicyStruct&) const = default;

 private:
  const void* data_ = nullptr;
};

}  // namespace edgeval::gpu
