// A task says what a test set of its kind is, how outputs become hypotheses, and how these are
// scored. Each task has a folder here and a line in tasks.cpp (docs/architecture.md, "Adding a
// task").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/layouts/test_set.hpp"
#include "datasets/text/unpacked.hpp"
#include "eval/task/engine_choice.hpp"
#include "eval/task/session.hpp"
#include "host/model/file.hpp"

namespace edgeval {

struct TaskInfo {
  const char* models;  // kind of models that the task runs, for people: "speech"
  const char* data;    // what --data takes, for the help; empty where another task's text says it
  const char* group;   // heading of the task's options in the help; empty: the common heading
  const char* item;    // noun for an item, which takes an s for several: "utterance"
  const char* length;  // unit of an item's length, which is its key in utterances.jsonl
  bool writes_hypotheses = false;  // whether hypotheses.txt is written, one line for each item
  bool searches = false;           // whether a beam search finds the hypotheses
};

// Takes in the options of a task. Each has its name on the command line, the variable that receives
// its value, and its meaning for the help. The variable's value at the time of the call is the
// default.
class TaskOptions {
 public:
  virtual ~TaskOptions() = default;
  virtual void text_rules(TextRules& rules) = 0;  // --case and --normalize
  virtual void files(const char* name, std::vector<std::string>& paths, const char* meaning) = 0;
  virtual void integer(const char* name, int& value, Index low, Index high,
                       const char* meaning) = 0;
  virtual void number(const char* name, double& value, double low, double high, const char* symbol,
                      const char* meaning) = 0;
  virtual void word(const char* name, std::string& value, const std::vector<std::string>& words,
                    const char* meaning) = 0;
  virtual void flag(const char* name, bool& value, const char* meaning) = 0;
};

struct DataChoice {
  std::string path;
  data::Selection selection;
  data::TextBudget budget{};  // memory that the files of text may take
};

// What a session is opened for, as the command line says it.
struct Request {
  DataChoice data;
  EngineChoice engine;
  std::uint64_t seed = 0;  // seed of the bootstrap
};

class Task {
 public:
  virtual ~Task() = default;
  virtual const TaskInfo& info() const = 0;
  // Whether the task runs this model, given the values that its options have now.
  virtual bool takes(const AnyModel& model) const = 0;
  virtual void options(TaskOptions& /*options*/) {}
  // Opens a session of the model on the requested test set, of which no item is read yet. Throws
  // Error when the test set cannot be opened or does not suit the task.
  virtual std::unique_ptr<Session> open(const AnyModel& model, const Request& request) const = 0;
};

// Returns the network of a model of any task.
std::shared_ptr<const Model> network_of(const AnyModel& model);

using Tasks = std::vector<std::unique_ptr<Task>>;
// Makes every task, with its options at their defaults.
Tasks make_tasks();
// Returns the first task that takes the model.
const Task& task_of(const Tasks& tasks, const AnyModel& model);

}  // namespace edgeval
