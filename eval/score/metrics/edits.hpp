// The kinds of edits that turn a reference into a hypothesis, their prices, and how many there are.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgeval {

enum class EditCosts { kUnit, kSclite };

enum class Edit : std::uint8_t { kCorrect, kSubstitution, kDeletion, kInsertion };
inline constexpr std::string_view kEditLetters = "CSDI";

struct EditCounts {
  std::uint64_t substitutions = 0;
  std::uint64_t deletions = 0;
  std::uint64_t insertions = 0;
  std::uint64_t reference = 0;  // number of words or characters of the reference

  std::uint64_t errors() const { return substitutions + deletions + insertions; }
  // Adds one edit.
  void count(Edit edit) {
    substitutions += edit == Edit::kSubstitution ? 1 : 0;
    deletions += edit == Edit::kDeletion ? 1 : 0;
    insertions += edit == Edit::kInsertion ? 1 : 0;
    reference += edit == Edit::kInsertion ? 0 : 1;
  }
  EditCounts& operator+=(const EditCounts& other) {
    substitutions += other.substitutions;
    deletions += other.deletions;
    insertions += other.insertions;
    reference += other.reference;
    return *this;
  }
  bool operator==(const EditCounts&) const = default;
};

}  // namespace edgeval
