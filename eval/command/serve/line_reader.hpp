// Reads lines from a file descriptor, such as standard input, all that are there at a time.
#pragma once

#include <string>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

struct InputLine {
  Index number = 0;     // from 1
  std::string text;     // without the line break
  bool is_cut = false;  // whether the line is longer than the reader keeps
};

class LineReader {
 public:
  // Keeps `longest` bytes of a line at most. The descriptor stays open.
  explicit LineReader(int descriptor, std::size_t longest = std::size_t{1} << 20);

  // Waits until there is a line or the input ends, and returns the lines that are there by then, at
  // most `most`; nothing when the input has ended. Lines of white space alone are left out. A last
  // line needs no line break. Throws Error when the input cannot be read.
  std::vector<InputLine> next(std::size_t most);

 private:
  bool has_input() const;  // whether a read would not wait
  void read();             // waits for bytes, or notices the end
  // Goes on with the line that has begun, and returns whether it is whole.
  bool take_line();

  const int descriptor_;
  const std::size_t longest_;
  std::string bytes_;                        // that were read last
  std::size_t taken_ = 0;                    // how many of these are in lines
  InputLine line_{.number = 1, .text = {}};  // that has begun
  bool has_ended_ = false;
};

}  // namespace edgeval
