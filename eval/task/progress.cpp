#include "eval/task/progress.hpp"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace edgeval {
namespace {

constexpr double kSecondsBetweenLines = 5;
constexpr int kBarWidth = 30;

}  // namespace

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Progress::Progress(std::string what, Index total, bool quiet)
    : what_(std::move(what)),
      total_(total),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      printed_(start_) {
  if (!quiet_ && terminal_) print();
}

Progress::~Progress() {
  if (!quiet_ && terminal_) std::fprintf(stderr, "\r\033[K");
}

void Progress::advance(Index count) {
  done_ += count;
  if (quiet_ || (!terminal_ && seconds_since(printed_) < kSecondsBetweenLines)) return;
  printed_ = std::chrono::steady_clock::now();
  print();
}

void Progress::print() const {
  const double seconds = seconds_since(start_);
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  const double left = rate > 0 ? static_cast<double>(total_ - done_) / rate : 0;
  if (terminal_) {
    const int filled = total_ > 0 ? static_cast<int>(kBarWidth * done_ / total_) : kBarWidth;
    std::fprintf(stderr, "\r\033[K[%s%s] ", std::string(filled, '#').c_str(),
                 std::string(kBarWidth - filled, '.').c_str());
  }
  std::fprintf(stderr, "%lld of %lld %s", static_cast<long long>(done_),
               static_cast<long long>(total_), what_.c_str());
  if (done_ > 0) std::fprintf(stderr, ", %.3g/s, %.0f s left", rate, left);
  if (!terminal_) std::fprintf(stderr, "\n");
  std::fflush(stderr);
}

}  // namespace edgeval
