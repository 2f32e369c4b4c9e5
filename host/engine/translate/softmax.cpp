#include "host/engine/translate/softmax.hpp"

#include "host/body/softmax.hpp"

namespace edgeval {

// gnu::flatten inlines the functions inside the loops, which then vectorise.
[[gnu::flatten]] void log_softmax(float* z, Index width) {
  log_softmax_row(SerialBlock{}, z, width);
}

[[gnu::flatten]] void log_softmax(const std::int32_t* z, Index width, float* y) {
  log_softmax_row(SerialBlock{}, softmax_tables(), z, width, y);
}

}  // namespace edgeval
