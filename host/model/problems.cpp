#include "host/model/problems.hpp"

#include <algorithm>

namespace edgeval {
namespace {

constexpr std::size_t kMaxSaid = 20;

// Takes a message PLACE key "a" is missing, or PLACE keys "a", "b" are missing, apart into the
// place and the names in quotes. Returns false for any other message.
bool parse_missing(const std::string& message, std::string& place, std::string& names) {
  for (const auto& [start, end] :
       {std::pair<std::string_view, std::string_view>{"key \"", " is missing"},
        {"keys \"", " are missing"}}) {
    const std::size_t at = message.find(start);
    if (at == std::string::npos || !message.ends_with(end)) continue;
    place = message.substr(0, at);
    names = message.substr(at + start.size() - 1);
    names.resize(names.size() - end.size());
    return true;
  }
  return false;
}

}  // namespace

void Problems::add(std::string message) {
  const std::string start = path_ + ": ";
  if (message.starts_with(start)) message.erase(0, start.size());
  std::string place, names, last_place, last_names;
  if (!messages_.empty() && parse_missing(message, place, names) &&
      parse_missing(messages_.back(), last_place, last_names) && place == last_place)
    messages_.back() = concat(place, "keys ", last_names, ", ", names, " are missing");
  else
    messages_.push_back(std::move(message));
}

void Problems::expect_only(const Json& object, const std::string& place,
                           const std::vector<std::string>& known) {
  bool said = false;  // whether a message has listed the known keys
  for (const auto& [key, value] : object.items()) {
    const Json alone{{key, nullptr}};
    try {
      Fields(alone, place).expect_only(known);
    } catch (const Error& error) {
      std::string message = error.what();
      const std::size_t list = message.find("; known: ");
      if (said) message.erase(std::min(list, message.size()));
      said = said || list != std::string::npos;
      add(std::move(message));
    }
  }
}

void Problems::finish() const {
  if (messages_.empty()) return;
  std::string text = path_ + ": ";
  if (messages_.size() > 1) text += concat(messages_.size(), " problems:");
  for (std::size_t i = 0; i < std::min(messages_.size(), kMaxSaid); ++i)
    text += messages_.size() == 1 ? messages_[i] : concat(" (", i + 1, ") ", messages_[i]);
  if (messages_.size() > kMaxSaid) text += " ...";
  throw Error(text);
}

}  // namespace edgeval
