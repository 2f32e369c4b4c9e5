// The decoder of a translation model in integers (docs/techniques.md, "Decoder"): one hypothesis
// and one number at a time, in whole numbers of 128 bits. Every rounding is a division, and the
// tables come from long double. Each hypothesis has operand states of its own, which are copied
// when it forks. Nothing of host/numeric is used.
#pragma once

#include "host/engine/translate/decoder.hpp"
#include "tests/literal/literal_translation.hpp"

namespace edgeval::test {

// Translates one sentence, given what the encoder made of it: its `keys`, and `states` in which it
// has the number `sentence`. Every layer of the decoder must have the arithmetic int16 or int8 and
// the operand as_is, reuse or delta. Log-probabilities are multiples of 2^-16, so that scores are
// exact.
LiteralTranslation literal_fixed_translation(const TranslationModel& model,
                                             const OperatingPoint& point,
                                             MatrixView<const float> keys,
                                             const EncoderStates& states, Index sentence,
                                             const SearchOptions& options);

}  // namespace edgeval::test
