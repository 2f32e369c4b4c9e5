#include "eval/command/profile_command.hpp"

#include <iostream>

#include "eval/command/evaluate.hpp"
#include "eval/command/options/common_options.hpp"
#include "eval/policy/profile_collector.hpp"
#include "eval/report/notes.hpp"
#include "eval/report/table.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/json.hpp"
#include "host/core/number_text.hpp"
#include "host/core/text.hpp"
#include "host/model/file.hpp"

namespace edgeval {
namespace {

constexpr const char* kProfileExample =
    "Example (from the folder edgeval was cloned into):\n"
    "  edgeval profile --model datasets/spoken/speech-blstm3x128.safetensors --data "
    "datasets/spoken --out profile.json\n"
    "  edgeval profile --model datasets/captions/multi30k-en-de.safetensors --data "
    "datasets/captions/captions.en \\\n"
    "      --out captions_profile.json\n"
    "Profile on training data, never on the test set you report.\n";

struct ProfileOptions {
  std::string model;
  Request request;
  std::string out = "profile.json";
  int width = 5;  // width of a translation's beam
  const CLI::Option* width_option = nullptr;
  OutputChoice output;
};

std::string text_table(const Profile& profile) {
  std::vector<std::vector<std::string>> rows{
      {"layer", "least", "greatest", "zeros", "99.99 % of |x|", "fraction bits"}};
  for (const LayerProfile& layer : profile.layers) {
    const double zeros =
        100 * static_cast<double>(layer.input.zeros) / static_cast<double>(layer.input.elements);
    rows.push_back({layer.name, printed("%.5g", layer.range_min()),
                    printed("%.5g", layer.range_max()), printed("%.1f %%", zeros),
                    printed("%.5g", layer.input_magnitude_p9999),
                    std::to_string(layer.fraction_bits())});
  }
  std::string text = table(rows);
  if (profile.spread)
    text += concat("spread of the best ", profile.spread->width, " candidates' scores over ",
                   profile.spread->steps, " steps: 5 % ",
                   printed("%.3f", profile.spread->percentiles.at("5")), ", 50 % ",
                   printed("%.3f", profile.spread->percentiles.at("50")), ", 95 % ",
                   printed("%.3f", profile.spread->percentiles.at("95")), " nats\n");
  return text;
}

// Returns the request for a session. A translation model gets the CPU, since only the CPU engine
// shows a decoder's layers to an observer.
Request request_for(const ProfileOptions& options, const TaskInfo& task, const Model& model) {
  Request request = options.request;
  if (task.searches) {
    EDGEVAL_EXPECTS(
        !request.engine.asks_for_gpu(), "--device ", request.engine.device,
        ": the profile of a translation model is made on the CPU; leave the option out");
    request.engine.device = "cpu";
  } else {
    expect_one_device(request.engine);
    EDGEVAL_EXPECTS(options.width_option->count() == 0, "--width is for translation models; ",
                    model.path, " is of task ", model.task);
  }
  return request;
}

// Returns the point at which the profile is made: the dense network as trained and, for a
// translation, a fixed beam of the width that --width names.
Point point_for(const ProfileOptions& options, const TaskInfo& task, Session& session) {
  Policy dense;
  if (task.searches) dense.beam = FixedBeam{static_cast<double>(options.width)};
  return session.resolve(dense, nullptr);
}

ProfileCollector collector_for(const Session& session, std::shared_ptr<const Model> model,
                               const Point& point) {
  Index length = 0;  // number of frames or source tokens
  for (Index n = 0; n < session.items(); ++n) length += session.item(n).length;
  const Index rows =
      point.search ? session.items() * widest_of(point.search->beam) * point.search->longest : 0;
  return {std::move(model), length, rows};
}

// Returns the profile of the spread of the best candidates' scores, or nothing when there is only
// one candidate.
std::optional<SpreadProfile> spread_of(const Point& point, const std::vector<Outcome>& outcomes) {
  if (!point.search || widest_of(point.search->beam) < 2) return std::nullopt;
  std::vector<double> spreads;
  for (const Outcome& outcome : outcomes)
    spreads.insert(spreads.end(), outcome.search->spreads.begin(), outcome.search->spreads.end());
  return spread_profile(widest_of(point.search->beam), std::move(spreads));
}

// Returns what a profile says about the data that it was made of. Transcripts and translations are
// not named, since a profile does not depend on them.
nlohmann::ordered_json data_of(const Session& session) {
  nlohmann::ordered_json data = session.data();
  for (const char* other : {"layout", "references", "seconds"}) data.erase(other);
  return data;
}

// The order of the steps makes a mistake of the user show before the long work begins.
void run_profile(const ProfileOptions& options) {
  const AnyModel any = load_any_model(options.model);
  const std::shared_ptr<const Model> model = network_of(any);
  const Tasks tasks = make_tasks();
  const Task& task = task_of(tasks, any);
  const std::unique_ptr<Session> session =
      task.open(any, request_for(options, task.info(), *model));
  const Point point = point_for(options, task.info(), *session);
  const std::vector<std::vector<Index>> batches = session->observed_batches();
  write_notes(std::cerr, session->notes(), options.output.quiet);
  write_warnings(std::cerr, session->set_warnings());
  expect_writable(options.out);
  ProfileCollector collector = collector_for(*session, model, point);
  const std::vector<Outcome> outcomes =
      observe(*session, batches, point, collector, task.info().item, options.output.display());
  write_notes(std::cerr, session->late_notes(), options.output.quiet);
  Profile profile = collector.finish();
  profile.spread = spread_of(point, outcomes);
  nlohmann::ordered_json json = to_json(profile);
  json["data"] = data_of(*session);
  const std::string text = to_text(json);
  write_file(options.out, text);
  std::cout << (options.output.format == "json"
                    ? text
                    : text_table(profile) + "wrote " + visible(options.out) + "\n");
}

}  // namespace

void setup_profile(CLI::App& app) {
  auto options = std::make_shared<ProfileOptions>();
  CLI::App* command = app.add_subcommand("profile", "Measure the layers' inputs on a training set");
  command->add_option("--model", options->model, "The network: a safetensors file")
      ->type_name("FILE")
      ->required();
  add_data_options(*command, options->request.data);
  command->add_option("--out", options->out, "The profile's file")
      ->type_name("FILE")
      ->capture_default_str();
  options->width_option =
      command
          ->add_option("--width", options->width,
                       "Width of the beam with which a translation model searches")
          ->check(between(1, kWidestBeam))
          ->type_name("N")
          ->capture_default_str();
  add_engine_options(*command, options->request.engine);
  add_cache_options(*command, options->request.engine);
  add_output_options(*command, options->output);
  command->footer(kProfileExample);
  command->callback([options] { run_profile(*options); });
}

}  // namespace edgeval
