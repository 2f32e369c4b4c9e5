#include "host/import/opennmt/opennmt_options.hpp"

#include <algorithm>

#include "host/core/error.hpp"
#include "host/core/json.hpp"

namespace edgeval {

using pickle::Kind;
using pickle::Value;

const Value* OpennmtOptions::find(const char* name) const {
  const Value* value =
      options_.kind == Kind::kRecord ? attribute(options_, name) : pickle::find(options_, name);
  return value == nullptr || value->kind == Kind::kNone ? nullptr : value;
}

std::string OpennmtOptions::text(const char* name, const std::string& otherwise) const {
  const Value* value = find(name);
  if (value == nullptr) return otherwise;
  EDGEVAL_EXPECTS(value->kind == Kind::kText, path_, ": opt: ", name, " is ", described(*value),
                  ", must be a text");
  return std::string(value->text);
}

bool OpennmtOptions::flag(const char* name) const {
  const Value* value = find(name);
  if (value == nullptr) return false;
  EDGEVAL_EXPECTS(value->kind == Kind::kBool || value->kind == Kind::kInteger, path_,
                  ": opt: ", name, " is ", described(*value), ", must be true or false");
  return value->integer != 0;
}

void OpennmtOptions::expect(const char* name, const std::vector<std::string>& known,
                            const char* otherwise) const {
  const std::string value = text(name, otherwise);
  EDGEVAL_EXPECTS(std::find(known.begin(), known.end(), value) != known.end(), path_,
                  ": opt: ", name, " is ", shown(value), ", which is not read");
}

void OpennmtOptions::check() const {
  expect("model_type", {"text"}, "text");
  expect("encoder_type", {"rnn", "brnn"}, "rnn");
  expect("decoder_type", {"rnn"}, "rnn");
  expect("model_task", {"seq2seq"}, "seq2seq");
  expect("rnn_type", {"LSTM", "GRU"}, "LSTM");
  expect("brnn_merge", {"concat"}, "concat");
  expect("global_attention", {"general", "dot", "mlp"}, "general");
  expect("global_attention_function", {"softmax"}, "softmax");
  expect("generator_function", {"softmax", "log_softmax"}, "softmax");
  for (const char* name : {"position_encoding", "coverage_attn", "copy_attn"})
    EDGEVAL_EXPECTS(!flag(name), path_, ": opt: ", name, " is set, which is not read");
  EDGEVAL_EXPECTS(text("context_gate", "") == "", path_,
                  ": opt: context_gate is set, which is not read");
}

}  // namespace edgeval
