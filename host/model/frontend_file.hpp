// The front end of a model file (docs/formats/model.md, "Front end"), and the values of what a
// description leaves out: the defaults of Kaldi's compute-fbank-feats and compute-mfcc-feats.
#pragma once

#include "host/core/frontend.hpp"
#include "host/model/problems.hpp"

namespace edgeval {

// Reads a front end that must have every key. Everything that is wrong goes to `problems`; then the
// result is of no use.
FrontendConfig read_frontend(const Json& json, const std::string& place, Problems& problems);

// Returns the object with every key of its type, in the order of docs/formats/model.md. Missing
// keys take their defaults, which are also put into `filled_in`. Unknown keys stay.
nlohmann::ordered_json complete_frontend(const nlohmann::ordered_json& given,
                                         nlohmann::ordered_json& filled_in);

}  // namespace edgeval
