#include "eval/command/serve/line_reader.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "host/core/files/path.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

constexpr std::size_t kBytesAtOnce = std::size_t{1} << 16;

[[noreturn]] void throw_unreadable() {
  throw_system_error("standard input", "cannot be read", errno);
}

}  // namespace

LineReader::LineReader(int descriptor, std::size_t longest)
    : descriptor_(descriptor), longest_(longest) {}

bool LineReader::has_input() const {
  pollfd waiting{descriptor_, POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&waiting, 1, 0);
  while (ready < 0 && errno == EINTR);
  if (ready < 0) throw_unreadable();
  return ready > 0;
}

void LineReader::read() {
  bytes_.resize(kBytesAtOnce), taken_ = 0;
  ssize_t count = 0;
  do count = ::read(descriptor_, bytes_.data(), bytes_.size());
  while (count < 0 && errno == EINTR);
  if (count < 0) throw_unreadable();
  bytes_.resize(static_cast<std::size_t>(count));
  has_ended_ = count == 0;
}

bool LineReader::take_line() {
  const std::size_t end = std::min(bytes_.find('\n', taken_), bytes_.size());
  const std::size_t kept = std::min(end - taken_, longest_ - line_.text.size());
  line_.text.append(bytes_, taken_, kept);
  line_.is_cut = line_.is_cut || kept < end - taken_;
  const bool is_whole = end < bytes_.size();
  taken_ = is_whole ? end + 1 : end;
  return is_whole || has_ended_;
}

std::vector<InputLine> LineReader::next(std::size_t most) {
  std::vector<InputLine> lines;
  while (lines.size() < most) {
    if (taken_ == bytes_.size()) {
      if (has_ended_ || (!lines.empty() && !has_input())) break;
      read();
    }
    if (!take_line()) continue;
    const Index number = line_.number;
    if (line_.is_cut || !trimmed(line_.text).empty()) lines.push_back(std::move(line_));
    line_ = {.number = number + 1, .text = {}};
  }
  return lines;
}

}  // namespace edgeval
