// A task: what a test set of its kind is, how outputs become hypotheses, and how these are scored.
// One is a folder here and a line in tasks.cpp (docs/architecture.md, "Adding a task").
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
  const char* models;              // it runs, for people: "speech"
  const char* data;                // what --data takes of it; empty where another task says so
  const char* group;               // of its options in the help; empty: that of all other options
  const char* items;               // of its test sets, for people: "utterances"
  const char* length;              // what the length of an item counts: its key in utterances.jsonl
  bool writes_hypotheses = false;  // into a file of their own, a line each
  bool searches = false;           // for them with a beam, which has a width
};

// Takes the options of a task as a technique's fields are taken: the name on the command line,
// where the value goes, what it means. What is there already is the default.
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
  data::TextBudget budget{};  // of texts
};

struct Request {
  DataChoice data;
  EngineChoice engine;
  std::uint64_t seed = 0;  // of the bootstrap
};

class Task {
 public:
  virtual ~Task() = default;
  virtual const TaskInfo& info() const = 0;
  // Whether a model is of this task, the options being what they are.
  virtual bool takes(const AnyModel& model) const = 0;
  virtual void options(TaskOptions& /*options*/) {}
  // The test set is opened, no item of it read. The model must outlive the session.
  virtual std::unique_ptr<Session> open(const AnyModel& model, const Request& request) const = 0;
};

// The network of a model of any task.
const Model& network_of(const AnyModel& model);

// All of them, their options at their defaults; the first that takes a model runs it.
using Tasks = std::vector<std::unique_ptr<Task>>;
Tasks make_tasks();
const Task& task_of(const Tasks& tasks, const AnyModel& model);

}  // namespace edgeval
