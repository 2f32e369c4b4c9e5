// The decoder of a translation model in integers (docs/techniques.md, "Decoder"),
// one hypothesis and one number at a time in whole numbers of 128 bits, every rounding a division,
// the tables from long double. Each hypothesis has operand states of its own, copied when it forks.
// Nothing of host/numeric is used.
#pragma once

#include "host/engine/translate/decoder.hpp"
#include "tests/literal/literal_translation.hpp"

namespace edgeval::test {

// keys, states: what the encoder gave of this sentence. Every layer of the decoder in int16 or
// int8, operands as_is, reuse or delta. Log-probabilities are multiples of 2^-16, so scores are
// exact.
LiteralTranslation literal_fixed_translation(const TranslationModel& model,
                                             const OperatingPoint& point,
                                             MatrixView<const float> keys,
                                             const EncoderStates& states, Index sentence,
                                             const SearchOptions& options);

}  // namespace edgeval::test
