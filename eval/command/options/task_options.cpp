#include "eval/command/options/task_options.hpp"

#include "eval/command/options/common_options.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Adds a task's options to a command, and keeps for each a function that says whether it was given.
class CommandOptions : public TaskOptions {
 public:
  CommandOptions(CLI::App& command, const char* group) : command_(command), group_(group) {}

  void text_rules(TextRules& rules) override {
    add_text_options(command_, rules);
    given_.push_back([&rules] {
      return std::string(rules.changes_anything() ? "--case and --normalize are" : "");
    });
  }
  void files(const char* name, std::vector<std::string>& paths, const char* meaning) override {
    finish(command_.add_option(name, paths, meaning)->type_name("FILE"));
  }
  void integer(const char* name, int& value, Index low, Index high, const char* meaning) override {
    finish(command_.add_option(name, value, meaning)
               ->check(between(low, high))
               ->type_name("N")
               ->capture_default_str());
  }
  void number(const char* name, double& value, double low, double high, const char* symbol,
              const char* meaning) override {
    finish(command_.add_option(name, value, meaning)
               ->check(between_numbers(low, high))
               ->type_name(symbol)
               ->capture_default_str());
  }
  void word(const char* name, std::string& value, const std::vector<std::string>& words,
            const char* meaning) override {
    finish(command_.add_option(name, value, meaning)
               ->check(CLI::IsMember(words).description(""))
               ->type_name("NAME")
               ->capture_default_str());
  }
  void flag(const char* name, bool& value, const char* meaning) override {
    finish(command_.add_flag(name, value, meaning));
  }

  std::vector<std::function<std::string()>> take_given() { return std::move(given_); }

 private:
  void finish(CLI::Option* option) {
    if (*group_ != '\0') option->group(group_);
    given_.push_back([option] { return option->count() > 0 ? option->get_name() + " is" : ""; });
  }

  CLI::App& command_;
  const char* group_;
  std::vector<std::function<std::string()>> given_;
};

}  // namespace

std::vector<GivenOptions> add_task_options(CLI::App& command, const Tasks& tasks) {
  std::vector<GivenOptions> given;
  for (const std::unique_ptr<Task>& task : tasks) {
    CommandOptions options(command, task->info().group);
    task->options(options);
    given.push_back({task.get(), [each = options.take_given()] {
                       std::string first;
                       for (const auto& option : each)
                         if (first.empty()) first = option();
                       return first;
                     }});
  }
  return given;
}

void expect_no_others(const std::vector<GivenOptions>& given, const Task& task,
                      const Model& model) {
  for (const auto& [other, first] : given) {
    if (other == &task) continue;
    const std::string option = first();
    EDGEVAL_EXPECTS(option.empty(), option, " for ", other->info().models, " models; ", model.path,
                    " is of task ", model.task);
  }
}

}  // namespace edgeval
