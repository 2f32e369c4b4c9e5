// The task "ctc" turns speech into text.
#include "eval/task/ctc/ctc_session.hpp"
#include "eval/task/task.hpp"

namespace edgeval {
namespace {

class CtcTask : public Task {
 public:
  const TaskInfo& info() const override {
    static const TaskInfo info{
        .models = "speech",
        .data = "Speech: a manifest, or a folder in a known layout (AN4, LibriSpeech, Kaldi)",
        .group = "",
        .item = "utterance",
        .length = "frames"};
    return info;
  }
  bool takes(const AnyModel& model) const override {
    return std::holds_alternative<std::shared_ptr<const Model>>(model);
  }
  void options(TaskOptions& options) override { options.text_rules(text_); }
  std::unique_ptr<Session> open(const AnyModel& model, const Request& request) const override {
    return std::make_unique<CtcSession>(
        std::get<std::shared_ptr<const Model>>(model),
        data::open_test_set(request.data.path, request.data.selection),
        CtcOptions{text_, request.seed}, request.engine);
  }

 private:
  TextRules text_;
};

}  // namespace

std::unique_ptr<Task> make_ctc_task() { return std::make_unique<CtcTask>(); }

}  // namespace edgeval
