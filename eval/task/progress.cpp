#include "eval/task/progress.hpp"

#include <ostream>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

constexpr double kSecondsBetweenLines = 5;
constexpr Index kBarWidth = 30;

}  // namespace

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Progress::Progress(std::string item, Index total, Display display)
    : item_(std::move(item)),
      total_(total),
      display_(display),
      start_(std::chrono::steady_clock::now()),
      shown_(start_) {
  if (display_.out != nullptr && display_.terminal) show();
}

Progress::~Progress() {
  if (display_.out != nullptr && display_.terminal) *display_.out << kClearLine << std::flush;
}

void Progress::advance(Index count) {
  done_ += count;
  if (display_.out == nullptr) return;
  if (!display_.terminal && seconds_since(shown_) < kSecondsBetweenLines) return;
  shown_ = std::chrono::steady_clock::now();
  show();
}

void Progress::show() const {
  const double seconds = seconds_since(start_);
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  const double left = rate > 0 ? static_cast<double>(total_ - done_) / rate : 0;
  std::string text;
  if (display_.terminal) {
    const auto filled =
        static_cast<std::size_t>(total_ > 0 ? kBarWidth * done_ / total_ : kBarWidth);
    text = concat(kClearLine, "[", std::string(filled, '#'), std::string(kBarWidth - filled, '.'),
                  "] ");
  }
  text += concat(done_, " of ", total_, " ", item_, "s");
  if (done_ > 0) text += printed(", %.3g/s, %.0f s left", rate, left);
  if (!display_.terminal) text += "\n";
  *display_.out << text << std::flush;
}

}  // namespace edgeval
