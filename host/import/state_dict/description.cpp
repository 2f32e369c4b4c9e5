#include "host/import/state_dict/description.hpp"

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/import/state_dict/modules.hpp"
#include "host/model/frontend_file.hpp"
#include "host/model/layer_file.hpp"

namespace edgeval {
namespace {

void read_layers(const Json& list, const std::string& path, Description& out, Problems& problems) {
  out.layers.emplace();
  for (std::size_t i = 0; i < list.size(); ++i) {
    Description::Layer layer{concat(path, ": layers[", i, "]"), {}, {}, {}};
    const bool good = problems.check([&] {
      const Fields fields(list[i], layer.place);
      layer.from = fields.text("from");
      if (fields.has("name")) layer.name = fields.text("name");
    });
    if (list[i].is_object())
      problems.expect_only(list[i], layer.place, {"from", "name", "activation"});
    if (!good) continue;
    if (list[i].contains("activation")) layer.activation = list[i]["activation"];
    out.layers->push_back(std::move(layer));
  }
}

void read_ignore(const Json& list, const std::string& path, Description& out) {
  for (const Json& start : list) {
    EDGEVAL_EXPECTS(start.is_string() && start != "", path,
                    ": ignore must be texts that tensors' names start with");
    out.ignore.push_back(start);
  }
}

}  // namespace

Description read_description(const std::string& path, Problems& problems) {
  const std::string text = read_file(path);
  expect_utf8(text, path);
  const Json json = parse_json(text, path);
  const Fields fields(json, path);
  const OrderedJson ordered = OrderedJson::parse(text);  // keeps the order of keys
  Description out;
  problems.expect_only(json, path,
                       {"name", "task", "frontend", "tokens", "blank", "layers", "ignore"});
  problems.check([&] { out.task = fields.choice("task", {"ctc"}); });
  if (!fields.has("frontend"))
    problems.add("key \"frontend\" is missing; {} stands for an fbank with Kaldi's defaults");
  else if (problems.check([&] { fields.object("frontend"); })) {
    out.frontend = complete_frontend(ordered["frontend"], out.filled_in);
    read_frontend(Json(out.frontend), path + ": frontend", problems);
  }
  std::vector<std::string> tokens;
  const bool known = problems.check([&] { tokens = read_tokens(fields); });
  problems.check([&] {
    const Index last = known ? std::ssize(tokens) - 1 : kMaxImportWidth;
    out.blank = fields.integer("blank", 0, last);
  });
  out.tokens = tokens;
  if (fields.has("name")) problems.check([&] { out.name = fields.text("name"); });
  if (fields.has("layers"))
    problems.check([&] { read_layers(fields.array("layers"), path, out, problems); });
  if (fields.has("ignore")) problems.check([&] { read_ignore(fields.array("ignore"), path, out); });
  return out;
}

}  // namespace edgeval
