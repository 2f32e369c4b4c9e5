#include <algorithm>

#include "eval/task/task.hpp"
#include "host/core/error.hpp"

namespace edgeval {

// The functions that make the tasks, each defined in the folder of its task. A task that runs
// models of another task stands before that one, since the first task that takes a model runs it.
using MakeTask = std::unique_ptr<Task>();
MakeTask make_ctc_task, make_translation_task;
constexpr MakeTask* kTasks[] = {make_ctc_task, make_translation_task};

std::shared_ptr<const Model> network_of(const AnyModel& model) {
  if (const auto* network = std::get_if<std::shared_ptr<const Model>>(&model)) return *network;
  return network_of(std::get<std::shared_ptr<const TranslationModel>>(model));
}

Tasks make_tasks() {
  Tasks tasks;
  for (MakeTask* make : kTasks) tasks.push_back(make());
  return tasks;
}

const Task& task_of(const Tasks& tasks, const AnyModel& model) {
  const auto found = std::ranges::find_if(tasks, [&](const auto& t) { return t->takes(model); });
  EDGEVAL_ASSERT(found != tasks.end());
  return **found;
}

}  // namespace edgeval
