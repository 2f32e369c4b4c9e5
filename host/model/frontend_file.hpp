// The front end of a model file (docs/formats/model.md, "Front end"), and what a description leaves
// out of it: the defaults of Kaldi's compute-fbank-feats and compute-mfcc-feats.
#pragma once

#include "host/core/frontend.hpp"
#include "host/model/problems.hpp"

namespace edgeval {

// Every key is wanted. All that is wrong goes to `problems`, and then the result is of no use.
FrontendConfig read_frontend(const Json& json, const std::string& place, Problems& problems);

// The object with every key of its type, in the order of docs/formats/model.md; keys that it does
// not have take their defaults, also put into `filled_in`. Unknown keys stay.
nlohmann::ordered_json complete_frontend(const nlohmann::ordered_json& given,
                                         nlohmann::ordered_json& filled_in);

}  // namespace edgeval
