// Puts texts and numbers together to a message. No stream and hardly a template are needed, since
// nearly every source has messages, and they must compile fast.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace edgeval {

// A Part is a text, a character or a number, and lives until the end of the statement. A float is
// written with at most six significant digits (printf's %g), and a bool, a signed char and an
// unsigned char as whole numbers. A text may not be null.
class Part {
 public:
  Part(const char* text) : text_(text) {}
  Part(std::string_view text) : text_(text) {}
  Part(const std::string& text) : text_(text) {}
  Part(char character) : own_{character}, text_(own_, 1) {}
  Part(double number);
  template <std::signed_integral Number>
  Part(Number number) : Part(Signed{number}) {}
  template <std::unsigned_integral Number>
  Part(Number number) : Part(Unsigned{number}) {}
  Part(const Part&) = delete;  // text_ may point to own_
  Part& operator=(const Part&) = delete;

  std::string_view text() const { return text_; }

 private:
  struct Signed {
    long long number;
  };
  struct Unsigned {
    unsigned long long number;
  };
  explicit Part(Signed number);
  explicit Part(Unsigned number);

  char own_[24];  // holds a number or a character
  std::string_view text_;
};

// Returns all parts written one after the other, as in joined({"lane ", 3, " of ", 7}).
std::string joined(std::initializer_list<Part> parts);

template <class... Parts>
std::string concat(const Parts&... parts) {
  return joined({parts...});
}

// Returns the text of each element, text_of(element), with the separator between neighbours.
template <class Range, class TextOf>
std::string separated(const Range& range, std::string_view separator, TextOf text_of) {
  std::string text;
  bool first = true;
  for (const auto& element : range) {
    if (!first) text += separator;
    first = false;
    text += text_of(element);
  }
  return text;
}
template <class Range>
std::string separated(const Range& texts, std::string_view separator = ", ") {
  return separated(
      texts, separator, [](const auto& text) -> const auto& { return text; });
}

}  // namespace edgeval
