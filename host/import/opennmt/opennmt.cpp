// Imports checkpoints of OpenNMT-py with a recurrent encoder and decoder, which hold vocabularies,
// options and tensors in one file (docs/formats/import.md). The options say which parts the network
// has, the shapes of the tensors how wide these are. Options and tensors have their names from
// OpenNMT-py 0.1 to 2.
#include <algorithm>
#include <map>
#include <optional>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/import/importer.hpp"
#include "host/import/opennmt/opennmt_options.hpp"
#include "host/import/opennmt/opennmt_vocabulary.hpp"
#include "host/import/state_dict/modules.hpp"
#include "host/import/torch/torch_archive.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

using pickle::Kind;
using pickle::Value;

const char* const kEntries[] = {"model", "generator", "vocab", "opt"};

class Opennmt {
 public:
  Opennmt(const TorchArchive& archive, const std::string& name)
      : archive_(archive),
        options_(*pickle::find(archive.root(), "opt"), archive.path()),
        source_(archive.path(), archive.elements()) {
    add_entries(source_, archive, *pickle::find(archive.root(), "model"));
    add_entries(source_, archive, *pickle::find(archive.root(), "generator"), "generator.");
    out_.model = {{"format", 1}, {"name", name}, {"task", "translation"}};
    for (const auto& [key, value] : pickle::entries(archive.root())) {
      const std::string entry = key->kind == Kind::kText ? std::string(key->text) : described(*key);
      if (std::find(std::begin(kEntries), std::end(kEntries), entry) == std::end(kEntries))
        out_.left_out.push_back(entry);
    }
  }

  Imported run() {
    options_.check();
    add_vocabularies();
    add_encoder();
    add_decoder();
    add_bridge();
    add_attention();
    add_generator();
    for (const std::string& name : source_.expect_all_taken("belongs to no part that edgeval has"))
      out_.left_out.push_back(name);
    return std::move(out_);
  }

 private:
  const Value& vocab() const { return *pickle::find(archive_.root(), "vocab"); }

  void add_vocabularies() {
    const auto task = text_of_vocab(vocab(), "data_task", source_.path());
    EDGEVAL_EXPECTS(!task || *task == "seq2seq", source_.path(), ": vocab: data_task is ",
                    shown(*task), ", which is not read");
    for (const std::string side : {"src", "tgt"}) {
      const OpennmtVocabulary vocabulary = read_opennmt_vocabulary(vocab(), side, source_.path());
      const auto id = [&](const std::string& token, bool wanted) -> OrderedJson {
        const std::optional<Index> found = vocabulary.id(token);
        EDGEVAL_EXPECTS(found || !wanted, source_.path(), ": vocab: ", side, " has no ", token);
        return found ? OrderedJson(*found) : OrderedJson();
      };
      const bool target = side == "tgt";
      OrderedJson json{{"text", {{"lowercase", false}, {"split", "space"}}},
                       {"tokens", vocabulary.tokens},
                       {"pad", id("<blank>", false)},
                       {"unk", id("<unk>", true)},
                       {"bos", nullptr},
                       {"eos", nullptr}};
      if (target) {
        const std::string first = start_token();
        json.update({{"bos", id(first, true)}, {"eos", id("</s>", true)}});
        // The weights of the token that starts decoding count, so it must not be a pad.
        if (json["pad"] == json["bos"]) json["pad"] = nullptr;
      }
      const std::string name = target ? "target" : "source";
      add_repeated(vocabulary, name, json);
      out_.model[name] = std::move(json);
    }
  }

  // Returns the token from which decoding starts: the vocabulary's, else the options', else <s>.
  std::string start_token() {
    const std::string key = "decoder_start_token";
    const std::optional<std::string> own = text_of_vocab(vocab(), key, source_.path());
    const std::string token = own ? *own : options_.text(key.c_str(), "<s>");
    if (token != "<s>")
      out_.notes.push_back(
          concat("decoding starts from ", shown(token), ", the checkpoint's ", key));
    return token;
  }

  // Says which texts stand several times. In the model file such a text has the last of its ids,
  // unless it is a special token. Where training used another id, the rows of both ids are
  // exchanged.
  void add_repeated(const OpennmtVocabulary& vocabulary, const std::string& name,
                    const OrderedJson& json) {
    constexpr std::size_t kNamed = 5;
    std::size_t count = 0;
    for (const auto& [token, places] : vocabulary.many) {
      const Index id = *vocabulary.id(token);
      out_.repeated_tokens.push_back(
          {{"side", name}, {"token", token}, {"ids", places}, {"id", id}});
      if (++count <= kNamed)
        out_.notes.push_back(concat(name, ": token ", shown(token), " stands ", places.size(),
                                    " times, first as ", places.front(), ", last as ",
                                    places.back(), "; its id is ", id,
                                    vocabulary.looked_up ? ", as stoi says" : ", its last place"));
      bool special = false;
      for (const char* key : {"pad", "unk", "bos", "eos"}) special = special || json[key] == id;
      if (!special && id != places.back()) exchanges_[name].emplace_back(id, places.back());
    }
    if (count > kNamed)
      out_.notes.push_back(concat(name, ": ", count - kNamed, " more tokens stand several times"));
  }

  // Exchanges these rows in the tensor copied last, whose rows belong to ids.
  void exchange_rows(const std::string& name) {
    std::vector<float>& values = out_.tensors.back().values;
    const Index width = static_cast<Index>(values.size()) / out_.tensors.back().shape[0];
    for (const auto& [a, b] : exchanges_[name])
      std::swap_ranges(values.begin() + a * width, values.begin() + (a + 1) * width,
                       values.begin() + b * width);
    if (!exchanges_[name].empty()) out_.ways.back().done += ", rows of repeated tokens exchanged";
  }

  // Adds the embedding of an encoder or decoder and returns its JSON.
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
    exchange_rows(side);
    return {{"name", name}, {"width", shape[1]}};
  }

  // Returns the layers of torch's LSTM or GRU at `module`, or those of the list of cells that input
  // feeding uses.
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

  // Returns the JSON of the layers. Each must take what the layer before it gives, the first one
  // `inputs`.
  OrderedJson add_layers(const std::string& module, const std::string& name, Index inputs) {
    OrderedJson layers = OrderedJson::array();
    const std::string wanted = options_.text("rnn_type", "LSTM") == "GRU" ? "gru" : "lstm";
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
    out_.model["bridge"] = nullptr;  // add_bridge fills it in; it stands here for its place
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

  // For two directions OpenNMT-py sends the first and the second half of the states [layer 1
  // forward, layer 1 backward, layer 2 forward, ...] through one matrix of half the size. That is a
  // matrix with two equal blocks on its diagonal.
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
    const std::string type = options_.text("global_attention", "general"), from = "decoder.attn.",
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

  // Adds the generator. Weights that equal the target embedding are held once.
  void add_generator() {
    const std::string from = source_.has("generator.0.weight") ? "generator.0." : "generator.";
    const auto tokens = static_cast<Index>(out_.model["target"]["tokens"].size());
    const Index width = out_.model["attention"]["outputs"];
    const auto embedding =
        std::find_if(out_.tensors.begin(), out_.tensors.end(),
                     [](const auto& tensor) { return tensor.name == "target_embedding.weight"; });
    const std::vector<float> table = embedding->values;
    out_.copy(source_, from + "weight", "generator.weight", {tokens, width});
    exchange_rows("target");
    const bool tied = out_.tensors.back().values == table;
    if (tied) {
      out_.tensors.pop_back();
      out_.ways.back() = {from + "weight", shape_text({tokens, width}), "target_embedding.weight",
                          shape_text({tokens, width}), "equal to the embedding, held once"};
    }
    out_.copy(source_, from + "bias", "generator.bias", {tokens});
    exchange_rows("target");
    out_.model["generator"] = {{"name", "generator"},
                               {"tied_to", tied ? OrderedJson("target_embedding") : OrderedJson()}};
  }

  const TorchArchive& archive_;
  OpennmtOptions options_;
  SourceTensors source_;
  Imported out_;
  std::map<std::string, std::vector<std::pair<Index, Index>>> exchanges_;  // pairs of ids, by side
};

bool is_opennmt(const TorchArchive& archive) {
  return std::all_of(std::begin(kEntries), std::end(kEntries), [&](const char* name) {
    return pickle::find(archive.root(), name) != nullptr;
  });
}

// Where the request names a state dict within the checkpoint, that is imported by itself.
bool recognises_opennmt(const SourceFile& source) {
  return source.state_dict().empty() && is_opennmt(source.as<TorchArchive>());
}

Contents read_opennmt(const SourceFile& source, const ImportRequest& request) {
  return Opennmt(source.as<TorchArchive>(), request.name).run();
}

}  // namespace

extern const Importer kOpennmtImporter{"OpenNMT-py checkpoint", "an OpenNMT-py checkpoint",
                                       recognises_opennmt, read_opennmt};

}  // namespace edgeval
