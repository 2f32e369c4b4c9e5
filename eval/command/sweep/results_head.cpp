#include "eval/command/sweep/results_head.hpp"

#include <algorithm>

#include "eval/report/provenance.hpp"
#include "host/core/error.hpp"
#include "host/core/parallel.hpp"

namespace edgeval {

nlohmann::ordered_json results_head(Session& session, const Request& request, bool floats) {
  const Provenance provenance = provenance_on(session.device());
  nlohmann::ordered_json data = session.data();
  data.erase("path"), data.erase("references");
  nlohmann::ordered_json device = nullptr;
  if (floats) device = takes_gpu(request.engine) ? provenance.device : cpu_kind();
  return {{"version", provenance.version},     {"build", provenance.build},
          {"program", program_hash()},         {"device", device},
          {"model", session.trained().sha256}, {"data", data},
          {"choices", session.choices()},      {"metrics", session.metrics()}};
}

EngineChoice engine_of(EngineChoice choice, const Ranks& ranks) {
  if (ranks.size() == 1) return choice;
  choice = in_turn(std::move(choice), ranks.rank_on_machine());
  if (choice.threads == 0)
    choice.threads = std::max(1, hardware_threads() / ranks.size_on_processors());
  return choice;
}

}  // namespace edgeval
