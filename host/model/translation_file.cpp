#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/layer/kinds.hpp"
#include "host/model/layer_file.hpp"
#include "host/model/translation.hpp"

namespace edgeval {
namespace {

constexpr Index kMostTokens = 1 << 24;

TextConfig read_text(const Fields& fields) {
  fields.expect_only({"lowercase", "split", "merges"});
  TextConfig text{
      fields.boolean("lowercase"), fields.choice("split", {"space", "punctuation"}), {}};
  if (!fields.has("merges")) return text;
  text.merges.emplace();
  for (const Json& pair : fields.array("merges")) {
    EDGEVAL_EXPECTS(
        pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string(),
        fields.place(), ": merges[", text.merges->size(), "] must be two texts");
    text.merges->emplace_back(pair[0], pair[1]);
  }
  return text;
}

VocabularyConfig read_vocabulary(const Fields& fields) {
  fields.expect_only({"text", "tokens", "pad", "unk", "bos", "eos"});
  VocabularyConfig vocabulary;
  vocabulary.text = read_text(fields.object("text"));
  vocabulary.tokens = read_tokens(fields);
  const Index last = static_cast<Index>(vocabulary.tokens.size()) - 1;
  const auto id_or_null = [&](const char* key) {
    return fields.is_null(key) ? std::nullopt : std::optional(fields.integer(key, 0, last));
  };
  vocabulary.unk = fields.integer("unk", 0, last);
  vocabulary.pad = id_or_null("pad");
  vocabulary.bos = id_or_null("bos");
  vocabulary.eos = id_or_null("eos");
  return vocabulary;
}

// Returns the names of the kinds that a decoder takes, as "lstm or gru".
std::string decoder_kinds() {
  std::string names;
  for (LayerKind kind : RecurrentKinds::kAll)
    if (RecurrentKinds::visit(kind, []<class Kind>(Kind) { return Kind::kInDecoders; }))
      names += concat(names.empty() ? "" : " or ", name(kind));
  return names;
}

// Whether the cells leave a c that a decoder of such cells can start with.
bool leaves_c(const RecurrentLayer& layer) { return layer.in_decoders() && layer.has_c(); }

// Reads the parts of one file in turn.
class TranslationReader {
 public:
  TranslationReader(const Fields& fields, Safetensors& file) : fields_(fields), file_(file) {}

  void read(TranslationModel& model) {
    model.source = read_vocabulary(fields_.object("source"));
    model.target = read_vocabulary(fields_.object("target"));
    EDGEVAL_EXPECTS(model.target.bos && model.target.eos, fields_.place(),
                    ": target: bos and eos must be ids");
    const Fields encoder = fields_.object("encoder"), decoder = fields_.object("decoder");
    encoder.expect_only({"embedding", "layers"});
    decoder.expect_only({"embedding", "input_feeding", "layers"});
    model.source_embedding = embedding(encoder, model.source);
    source_name_ = last_name_;
    model.target_embedding = embedding(decoder, model.target);
    target_name_ = last_name_;
    model.network.layers =
        read_layers(encoder, file_, {model.source_embedding.cols(), "the embedding"}, names_);
    for (const Layer& layer : model.network.layers)
      EDGEVAL_EXPECTS(std::holds_alternative<RecurrentLayer>(layer), encoder.place(), ": layer ",
                      shown(layer_name(layer)), " is not recurrent");
    const Fields attention = fields_.object("attention");
    model.attention.outputs = attention.integer("outputs", 1, kMaxWidth);
    read_decoder(decoder, model);
    read_bridge(fields_.object("bridge"), model);
    read_attention(attention, model);
    read_generator(fields_.object("generator"), model);
  }

 private:
  const std::string& name(const Fields& fields) {
    const std::string& name = fields.text("name");
    expect_new_name(name, fields.place(), names_);
    return name;
  }

  Matrix<float> embedding(const Fields& fields, const VocabularyConfig& vocabulary) {
    const Fields entry = fields.object("embedding");
    entry.expect_only({"name", "width"});
    last_name_ = name(entry);
    EDGEVAL_EXPECTS(static_cast<Index>(vocabulary.tokens.size()) <= kMostTokens, fields.place(),
                    ": too many tokens");
    return file_.take_matrix(last_name_ + ".weight", static_cast<Index>(vocabulary.tokens.size()),
                             entry.integer("width", 1, kMaxWidth));
  }

  void read_decoder(const Fields& fields, TranslationModel& model) {
    model.input_feeding = fields.boolean("input_feeding");
    const Index feed = model.input_feeding ? model.attention.outputs : 0;
    const InputWidth width{model.target_embedding.cols() + feed,
                           feed > 0 ? "embedding and input feeding" : "the embedding"};
    for (Layer& layer : read_layers(fields, file_, width, names_)) {
      auto* recurrent = std::get_if<RecurrentLayer>(&layer);
      EDGEVAL_EXPECTS(recurrent != nullptr &&
                          recurrent->directions == std::vector{Direction::kForward} &&
                          recurrent->in_decoders(),
                      fields.place(), ": layer ", shown(layer_name(layer)),
                      ": a decoder's layers are ", decoder_kinds(), ", forward");
      model.decoder.push_back(add(model, std::move(layer)));
    }
  }

  // Adds a layer of the decoder and returns its index.
  static std::size_t add(TranslationModel& model, Layer layer) {
    model.network.layers.push_back(std::move(layer));
    ++model.network.decoder_layers;
    return model.network.layers.size() - 1;
  }
  std::size_t add_linear(TranslationModel& model, const std::string& name, Index outputs,
                         Index inputs, bool biased) {
    LinearLayer layer{.name = name, .inputs = inputs, .width = outputs};
    layer.weight = file_.take_matrix(name + ".weight", outputs, inputs);
    if (biased) layer.bias = file_.take_vector(name + ".bias", outputs);
    return add(model, std::move(layer));
  }

  // Returns the number of values of an encoder layer's final h (or c).
  static Index final_width(const RecurrentLayer& layer, bool of_c) {
    return static_cast<Index>(layer.directions.size()) * (of_c ? layer.cells : layer.width());
  }

  void read_bridge(const Fields& fields, TranslationModel& model) {
    Bridge& bridge = model.bridge;
    const bool linear = fields.choice("type", {"copy", "linear"}) == "linear";
    if (linear)
      fields.expect_only({"type", "from", "name", "activation"});
    else
      fields.expect_only({"type", "from"});
    for (const Json& from : fields.array("from")) {
      std::size_t at = 0;
      const auto encoder = model.network.stack();
      while (at < encoder.size() && Json(layer_name(encoder[at])) != from) ++at;
      EDGEVAL_EXPECTS(at < encoder.size(), fields.place(), ": from[", bridge.from.size(),
                      "] is no layer of the encoder");
      bridge.from.push_back(at);
    }
    EDGEVAL_EXPECTS(!bridge.from.empty(), fields.place(), ": from is empty");
    if (linear)
      read_linear_bridge(fields, model);
    else
      check_copy(fields, model);
  }

  void check_copy(const Fields& fields, const TranslationModel& model) const {
    EDGEVAL_EXPECTS(model.bridge.from.size() == model.decoder.size(), fields.place(),
                    ": from names ", model.bridge.from.size(), " layers, but the decoder has ",
                    model.decoder.size());
    for (std::size_t l = 0; l < model.decoder.size(); ++l) {
      const RecurrentLayer& from = model.cells(model.bridge.from[l]);
      const RecurrentLayer& to = model.cells(model.decoder[l]);
      EDGEVAL_EXPECTS(from.kind == to.kind && final_width(from, false) == to.width() &&
                          (!leaves_c(to) || final_width(from, true) == to.cells),
                      fields.place(), ": the final state of ", shown(from.name),
                      " does not fit decoder layer ", shown(to.name));
    }
  }

  void read_linear_bridge(const Fields& fields, TranslationModel& model) {
    Bridge& bridge = model.bridge;
    const std::string& prefix = name(fields);
    const std::string& activation = fields.choice("activation", {"none", "relu", "tanh"});
    bridge.tanh = activation == "tanh";
    const Activation rectifier{activation == "relu" ? Activation::Type::kRelu
                                                    : Activation::Type::kNone};
    Index h = 0, c = 0, to_h = 0, to_c = 0;
    bool all_leave_c = true;
    for (std::size_t at : bridge.from) {
      const RecurrentLayer& layer = model.cells(at);
      h += final_width(layer, false), c += final_width(layer, true);
      all_leave_c = all_leave_c && leaves_c(layer);
    }
    for (std::size_t at : model.decoder) {
      const RecurrentLayer& layer = model.cells(at);
      to_h += layer.width(), to_c += layer.cells;
      EDGEVAL_EXPECTS(leaves_c(layer) == all_leave_c, fields.place(),
                      ": encoder and decoder must both be of lstm layers or both of gru layers");
    }
    bridge.hidden = add_linear(model, prefix + ".hidden", to_h, h, true);
    if (all_leave_c) bridge.cell = add_linear(model, prefix + ".cell", to_c, c, true);
    for (std::optional<std::size_t> layer : {bridge.hidden, bridge.cell})
      if (layer) std::get<LinearLayer>(model.network.layers[*layer]).activation = rectifier;
  }

  void read_attention(const Fields& fields, TranslationModel& model) {
    Attention& attention = model.attention;
    const std::string& type = fields.choice("type", {"dot", "general", "mlp"});
    std::vector<std::string> keys{"type", "name", "outputs", "output_bias", "output_activation"};
    if (type == "mlp") keys.push_back("hidden");
    fields.expect_only(keys);
    attention.name = name(fields);
    const Index k = model.keys(), d = model.queries();
    if (type == "dot")
      EDGEVAL_EXPECTS(k == d, fields.place(),
                      ": dot attention needs as many outputs of the encoder (", k,
                      ") as of the decoder (", d, ")");
    if (type == "general") {
      attention.type = Attention::Type::kGeneral;
      attention.probe = add_linear(model, attention.name + ".linear_in", k, d, false);
    }
    if (type == "mlp") {
      attention.type = Attention::Type::kMlp;
      attention.hidden = fields.integer("hidden", 1, kMaxWidth);
      attention.probe = add_linear(model, attention.name + ".query", attention.hidden, d, true);
      attention.context =
          add_linear(model, attention.name + ".context", attention.hidden, k, false);
      attention.score = file_.take_matrix(attention.name + ".score.weight", 1, attention.hidden);
    }
    attention.output_tanh = fields.choice("output_activation", {"tanh", "none"}) == "tanh";
    attention.output = add_linear(model, attention.name + ".linear_out", attention.outputs, k + d,
                                  fields.boolean("output_bias"));
  }

  void read_generator(const Fields& fields, TranslationModel& model) {
    fields.expect_only({"name", "tied_to"});
    LinearLayer generator{.name = name(fields), .inputs = model.attention.outputs};
    generator.width = static_cast<Index>(model.target.tokens.size());
    if (fields.is_null("tied_to")) {
      generator.weight =
          file_.take_matrix(generator.name + ".weight", generator.width, generator.inputs);
    } else {
      const std::string& tied = fields.choice("tied_to", {target_name_, source_name_});
      const Matrix<float>& weight =
          tied == target_name_ ? model.target_embedding : model.source_embedding;
      EDGEVAL_EXPECTS(weight.rows() == generator.width && weight.cols() == generator.inputs,
                      fields.place(), ": tied_to names a matrix [", weight.rows(), ", ",
                      weight.cols(), "], must be [", generator.width, ", ", generator.inputs, "]");
      generator.weight = weight.clone();
    }
    generator.bias = file_.take_vector(generator.name + ".bias", generator.width);
    model.generator = add(model, std::move(generator));
  }

  const Fields& fields_;
  Safetensors& file_;
  std::set<std::string> names_;
  std::string last_name_, source_name_, target_name_;
};

}  // namespace

TranslationModel read_translation_model(std::string_view bytes, const std::string& path) {
  TranslationModel model;
  model.network.path = path;
  Safetensors file(bytes, path);
  const Json json = parse_json(file.metadata("edgeval"), path + ": edgeval");
  const Fields fields(json, path);
  fields.integer("format", 1, 1);
  model.network.task = fields.choice("task", {"translation"});
  fields.expect_only({"format", "name", "task", "source", "target", "encoder", "bridge", "decoder",
                      "attention", "generator"});
  model.network.name = fields.text("name");
  TranslationReader(fields, file).read(model);
  file.expect_all_taken();
  model.network.sha256 = sha256(bytes);
  return model;
}

}  // namespace edgeval
