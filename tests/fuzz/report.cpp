// Reads the report.json of a run, prices it again as `energy` does, and writes and reads its
// activity.
#include "eval/report/activity_json.hpp"

#include "eval/command/energy_command.hpp"
#include "host/core/json.hpp"
#include "tests/fuzz/command.hpp"

using namespace edgeval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::bytes_of(data, size);
  fuzz::takes([&] {
    const Json json = parse_json(bytes, "report.json");
    if (!json.is_object() || !json.contains("activity")) return;
    const Activity activity = activity_from_json(json["activity"], "activity");
    const Json again = parse_json(to_json(activity).dump(), "again");
    fuzz::expect(activity_from_json(again, "again") == activity,
                 "an activity that was written reads as it was");
  });
  const fuzz::File file(bytes);
  fuzz::command(setup_energy, {"energy", "--report", file.path().string()});
  return 0;
}
