// The options say which parts the network has, the tensors' shapes how wide they are. Names of
// options and tensors are those of OpenNMT-py 0.1 to 2.
#include "host/model/import/opennmt.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/model/import/modules.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

using pickle::Kind;
using pickle::Value;

const char* const kEntries[] = {"model", "generator", "vocab", "opt"};

class Opennmt {
 public:
  Opennmt(const TorchArchive& archive, const std::string& name)
      : archive_(archive), source_(archive) {
    source_.add(*pickle::find(archive.root(), "model"));
    source_.add(*pickle::find(archive.root(), "generator"), "generator.");
    out_.kind = "OpenNMT-py checkpoint";
    out_.model = {{"format", 1}, {"name", name}, {"task", "translation"}};
    for (const auto& [key, value] : pickle::entries(archive.root())) {
      const std::string entry = key->kind == Kind::kText ? std::string(key->text) : described(*key);
      if (std::find(std::begin(kEntries), std::end(kEntries), entry) == std::end(kEntries))
        out_.left_out.push_back(entry);
    }
  }

  Imported run() {
    check_options();
    add_vocabularies();
    add_encoder();
    add_decoder();
    add_bridge();
    add_attention();
    add_generator();
    source_.expect_all_taken("belongs to no part that edgeval has");
    return std::move(out_);
  }

 private:
  // Options.
  const Value* option(const char* name) const {
    const Value& options = *pickle::find(archive_.root(), "opt");
    const Value* value =
        options.kind == Kind::kRecord ? attribute(options, name) : pickle::find(options, name);
    return value == nullptr || value->kind == Kind::kNone ? nullptr : value;
  }
  std::string text_option(const char* name, const std::string& otherwise) const {
    const Value* value = option(name);
    if (value == nullptr) return otherwise;
    EDGEVAL_EXPECTS(value->kind == Kind::kText, source_.path(), ": opt: ", name, " is ",
                    described(*value), ", must be a text");
    return std::string(value->text);
  }
  bool flag(const char* name) const {
    const Value* value = option(name);
    if (value == nullptr) return false;
    EDGEVAL_EXPECTS(value->kind == Kind::kBool || value->kind == Kind::kInteger, source_.path(),
                    ": opt: ", name, " is ", described(*value), ", must be true or false");
    return value->integer != 0;
  }
  void expect_option(const char* name, const std::vector<std::string>& known,
                     const char* otherwise) const {
    const std::string value = text_option(name, otherwise);
    EDGEVAL_EXPECTS(std::find(known.begin(), known.end(), value) != known.end(), source_.path(),
                    ": opt: ", name, " is ", shown(value), ", which is not read");
  }

  void check_options() const {
    expect_option("model_type", {"text"}, "text");
    expect_option("encoder_type", {"rnn", "brnn"}, "rnn");
    expect_option("decoder_type", {"rnn"}, "rnn");
    expect_option("rnn_type", {"LSTM", "GRU"}, "LSTM");
    expect_option("brnn_merge", {"concat"}, "concat");
    expect_option("global_attention", {"general", "dot", "mlp"}, "general");
    expect_option("global_attention_function", {"softmax"}, "softmax");
    expect_option("generator_function", {"softmax", "log_softmax"}, "softmax");
    for (const char* name : {"position_encoding", "coverage_attn", "copy_attn"})
      EDGEVAL_EXPECTS(!flag(name), source_.path(), ": opt: ", name, " is set, which is not read");
    EDGEVAL_EXPECTS(text_option("context_gate", "") == "", source_.path(),
                    ": opt: context_gate is set, which is not read");
  }

  // Vocabularies.
  // The texts by id: a list, or the itos of torchtext's Vocab, which a field may hold, which one
  // that holds several may hold.
  const Value* token_list(const Value* value, const std::string& side) const {
    for (int depth = 0; value != nullptr && depth < 4; ++depth) {
      const bool list = value->kind == Kind::kList && !value->items.empty();
      if (list && value->items[0]->kind == Kind::kText) return value;
      const Value* inside = attribute(*value, "itos");
      if (inside == nullptr) inside = attribute(*value, "vocab");
      if (inside == nullptr) inside = named(attribute(*value, "fields"), side);
      if (inside == nullptr) inside = named(value, side);
      value = inside;
    }
    return nullptr;
  }
  // The value of `name` in a dict or in a list of pairs.
  static const Value* named(const Value* value, const std::string& name) {
    if (value == nullptr) return nullptr;
    if (const Value* found = pickle::find(*value, name)) return found;
    if (value->kind != Kind::kList) return nullptr;
    for (const Value* pair : value->items)
      if (pair->items.size() == 2 && pair->items[0]->kind == Kind::kText &&
          pair->items[0]->text == name)
        return pair->items[1];
    return nullptr;
  }

  void add_vocabularies() {
    for (const std::string side : {"src", "tgt"}) {
      const Value* list = token_list(named(pickle::find(archive_.root(), "vocab"), side), side);
      EDGEVAL_EXPECTS(list != nullptr, source_.path(), ": vocab: no list of tokens for ", side);
      std::vector<std::string> tokens;
      for (const Value* token : list->items) {
        EDGEVAL_EXPECTS(token->kind == Kind::kText, source_.path(), ": vocab: ", side, ": token ",
                        tokens.size(), " is ", described(*token), ", must be a text");
        tokens.emplace_back(token->text);
      }
      const auto id = [&](const char* token, bool wanted) -> OrderedJson {
        const auto found = std::find(tokens.begin(), tokens.end(), token);
        EDGEVAL_EXPECTS(found != tokens.end() || !wanted, source_.path(), ": vocab: ", side,
                        " has no ", token);
        return found == tokens.end() ? OrderedJson() : OrderedJson(found - tokens.begin());
      };
      const bool target = side == "tgt";
      OrderedJson json{{"text", {{"lowercase", false}, {"split", "space"}}},
                       {"tokens", tokens},
                       {"pad", id("<blank>", false)},
                       {"unk", id("<unk>", true)},
                       {"bos", nullptr},
                       {"eos", nullptr}};
      if (target) json.update({{"bos", id("<s>", true)}, {"eos", id("</s>", true)}});
      out_.model[target ? "target" : "source"] = std::move(json);
    }
  }

  // Parts.
  // Embedding of an encoder or decoder; returns its JSON.
  OrderedJson add_embedding(const std::string& part, const std::string& name, const char* side) {
    std::string from = part + ".embeddings.make_embedding.emb_luts.0.weight";
    if (!source_.has(from)) from = part + ".embeddings.emb_luts.0.weight";
    if (!source_.has(from)) from = part + ".embeddings.word_lut.weight";
    EDGEVAL_EXPECTS(source_.has(from), source_.path(), ": no embedding of the ", part);
    const std::vector<Index> shape = source_.shape(from);
    const auto tokens = static_cast<Index>(out_.model[side]["tokens"].size());
    EDGEVAL_EXPECTS(shape.size() == 2 && shape[0] == tokens, source_.place(from),
                    ": must be a matrix with a row for each of ", tokens, " tokens");
    out_.copy(source_, from, name + ".weight", shape);
    return {{"name", name}, {"width", shape[1]}};
  }

  // The layers of torch's LSTM or GRU at `module`, or of the list of cells that input feeding uses.
  std::vector<std::vector<DirectionNames>> layers_at(const std::string& module) const {
    std::vector<std::vector<DirectionNames>> layers;
    for (;;) {
      const std::string number = std::to_string(layers.size());
      const DirectionNames cell{concat(module, ".layers.", number, "."), ""},
          forward{module + ".", "_l" + number};
      const DirectionNames backward{module + ".", "_l" + number + "_reverse"};
      if (source_.has(cell("weight_ih")))
        layers.push_back({cell});
      else if (source_.has(backward("weight_ih")))
        layers.push_back({forward, backward});
      else if (source_.has(forward("weight_ih")))
        layers.push_back({forward});
      else
        break;
    }
    EDGEVAL_EXPECTS(!layers.empty(), source_.path(), ": no layers at ", module);
    return layers;
  }

  // Returns the JSON of the layers, each checked to take `inputs` and then what the one before
  // gives.
  OrderedJson add_layers(const std::string& module, const std::string& name, Index inputs) {
    OrderedJson layers = OrderedJson::array();
    const std::string wanted = text_option("rnn_type", "LSTM") == "GRU" ? "gru" : "lstm";
    for (const std::vector<DirectionNames>& directions : layers_at(module)) {
      const RecurrentShape shape = recurrent_shape(source_, directions);
      const std::string first = directions.front()("weight_ih");
      EDGEVAL_EXPECTS(shape.type == wanted, source_.place(first), ": of ", shape.type,
                      ", but opt: rnn_type is ", wanted);
      EDGEVAL_EXPECTS(shape.inputs == inputs, source_.place(first), ": takes ", shape.inputs,
                      " inputs, but gets ", inputs);
      layers.push_back(
          import_recurrent(source_, directions, concat(name, layers.size() + 1), out_));
      inputs = shape.outputs();
    }
    return layers;
  }

  void add_encoder() {
    OrderedJson embedding = add_embedding("encoder", "source_embedding", "source");
    OrderedJson layers = add_layers("encoder.rnn", "encoder", embedding["width"]);
    out_.model["encoder"] = {{"embedding", std::move(embedding)}, {"layers", std::move(layers)}};
  }

  void add_decoder() {
    OrderedJson embedding = add_embedding("decoder", "target_embedding", "target");
    const bool feeding = source_.has("decoder.rnn.layers.0.weight_ih");
    const std::string out = "decoder.attn.linear_out.weight";
    const Index width = embedding["width"].get<Index>() + (feeding ? rows_of(out) : 0);
    out_.model["bridge"] = nullptr;  // add_bridge; here for its place
    OrderedJson layers = add_layers("decoder.rnn", "decoder", width);
    out_.model["decoder"] = {{"embedding", std::move(embedding)},
                             {"input_feeding", feeding},
                             {"layers", std::move(layers)}};
  }

  Index rows_of(const std::string& matrix) const {
    const std::vector<Index>& shape = source_.shape(matrix);
    EDGEVAL_EXPECTS(shape.size() == 2, source_.place(matrix), ": shape ", shape_text(shape),
                    ", must be a matrix");
    return shape[0];
  }

  static Index outputs(const OrderedJson& layer) {
    return layer["cells"].get<Index>() * (layer["direction"] == "both" ? 2 : 1);
  }

  void add_bridge() {
    const OrderedJson &encoder = out_.model["encoder"]["layers"],
                      &decoder = out_.model["decoder"]["layers"];
    EDGEVAL_EXPECTS(encoder.size() == decoder.size(), source_.path(), ": ", encoder.size(),
                    " layers of the encoder for ", decoder.size(),
                    " of the decoder, must be as many");
    std::vector<std::string> from;
    Index cells = 0;
    for (std::size_t i = 0; i < encoder.size(); ++i) {
      from.push_back(encoder[i]["name"]);
      EDGEVAL_EXPECTS(outputs(encoder[i]) == outputs(decoder[i]), source_.path(), ": layer ", i,
                      " of the encoder has ", outputs(encoder[i]),
                      " outputs, but the decoder's has ", outputs(decoder[i]), " cells");
      cells += outputs(encoder[i]);
    }
    if (!source_.has("encoder.bridge.0.weight")) {
      out_.model["bridge"] = {{"type", "copy"}, {"from", from}};
      return;
    }
    out_.model["bridge"] = {
        {"type", "linear"}, {"name", "bridge"}, {"from", from}, {"activation", "relu"}};
    add_bridge_matrix("0", "hidden", cells);
    if (encoder[0]["type"] == "lstm") add_bridge_matrix("1", "cell", cells);
  }

  // With both directions the toolkit sends the first and the second half of the states [layer 1
  // forward, layer 1 backward, layer 2 forward, ...] through one matrix of half the size: two
  // blocks on the diagonal.
  void add_bridge_matrix(const std::string& number, const std::string& name, Index width) {
    const std::string weight = concat("encoder.bridge.", number, ".weight"),
                      bias = concat("encoder.bridge.", number, ".bias");
    const Index rows = rows_of(weight);
    const std::string to = concat("bridge.", name);
    if (rows == width) {
      out_.copy(source_, weight, to + ".weight", {width, width});
      out_.copy(source_, bias, to + ".bias", {width});
      return;
    }
    EDGEVAL_EXPECTS(2 * rows == width, source_.place(weight), ": ", rows, " rows for states of ",
                    width);
    const std::vector<float> block = source_.take(weight, {rows, rows}),
                             half = source_.take(bias, {rows});
    std::vector<float> whole(static_cast<std::size_t>(width * width)), both(half);
    both.insert(both.end(), half.begin(), half.end());
    for (Index r = 0; r < width; ++r)
      std::copy_n(block.begin() + r % rows * rows, rows,
                  whole.begin() + r * width + r / rows * rows);
    out_.tensors.push_back({to + ".weight", {width, width}, std::move(whole)});
    out_.tensors.push_back({to + ".bias", {width}, std::move(both)});
    out_.ways.push_back({weight, shape_text({rows, rows}), to + ".weight",
                         shape_text({width, width}), "twice, on the diagonal"});
    out_.ways.push_back({bias, shape_text({rows}), to + ".bias", shape_text({width}),
                         "twice, one above the other"});
  }

  void add_attention() {
    const Index keys = outputs(out_.model["encoder"]["layers"].back());
    const Index query = outputs(out_.model["decoder"]["layers"].back());
    const std::string type = text_option("global_attention", "general"), from = "decoder.attn.",
                      to = "attention.";
    const Index width = rows_of(from + "linear_out.weight");
    OrderedJson json{{"type", type}, {"name", "attention"}};
    if (type == "general")
      out_.copy(source_, from + "linear_in.weight", to + "linear_in.weight", {keys, query});
    if (type == "mlp") {
      const Index hidden = rows_of(from + "linear_query.weight");
      json["hidden"] = hidden;
      out_.copy(source_, from + "linear_query.weight", to + "query.weight", {hidden, query});
      out_.copy(source_, from + "linear_query.bias", to + "query.bias", {hidden});
      out_.copy(source_, from + "linear_context.weight", to + "context.weight", {hidden, keys});
      out_.copy(source_, from + "v.weight", to + "score.weight", {1, hidden});
    }
    out_.copy(source_, from + "linear_out.weight", to + "linear_out.weight", {width, keys + query},
              "as it is, columns [context; query]");
    const bool biased = type == "mlp";
    if (biased) out_.copy(source_, from + "linear_out.bias", to + "linear_out.bias", {width});
    json.update({{"outputs", width},
                 {"output_bias", biased},
                 {"output_activation", biased ? "none" : "tanh"}});
    out_.model["attention"] = std::move(json);
  }

  // Equal weights of generator and target embedding are held once.
  void add_generator() {
    const std::string from = source_.has("generator.0.weight") ? "generator.0." : "generator.";
    const auto tokens = static_cast<Index>(out_.model["target"]["tokens"].size());
    const Index width = out_.model["attention"]["outputs"];
    const auto embedding =
        std::find_if(out_.tensors.begin(), out_.tensors.end(),
                     [](const auto& tensor) { return tensor.name == "target_embedding.weight"; });
    const std::vector<float> table = embedding->values;
    out_.copy(source_, from + "weight", "generator.weight", {tokens, width});
    const bool tied = out_.tensors.back().values == table;
    if (tied) {
      out_.tensors.pop_back();
      out_.ways.back() = {from + "weight", shape_text({tokens, width}), "target_embedding.weight",
                          shape_text({tokens, width}), "equal to the embedding, held once"};
    }
    out_.copy(source_, from + "bias", "generator.bias", {tokens});
    out_.model["generator"] = {{"name", "generator"},
                               {"tied_to", tied ? OrderedJson("target_embedding") : OrderedJson()}};
  }

  const TorchArchive& archive_;
  SourceTensors source_;
  Imported out_;
};

}  // namespace

bool is_opennmt(const TorchArchive& archive) {
  return std::all_of(std::begin(kEntries), std::end(kEntries), [&](const char* name) {
    return pickle::find(archive.root(), name) != nullptr;
  });
}

Imported import_opennmt(const TorchArchive& archive, const std::string& name) {
  return Opennmt(archive, name).run();
}

}  // namespace edgeval
