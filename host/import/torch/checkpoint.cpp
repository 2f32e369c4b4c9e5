// Finds the weights in what torch.save wrote: the state dict at the root or, whatever its key is,
// one or two levels below it; or a whole module, whose tensors are those of its state dict.
// Options, optimizers and the rest are left out.

#include <algorithm>
#include <span>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/names.hpp"
#include "host/import/importer.hpp"
#include "host/import/source/source_tensors.hpp"
#include "host/import/torch/torch_archive.hpp"

namespace edgeval {
namespace {

using pickle::Kind;
using pickle::Value;

constexpr std::size_t kMaxListed = 8;       // keys in a message
constexpr std::size_t kMaxLooks = 1 << 22;  // looks at entries, as values may hold each other
constexpr int kMaxDepth = 64;               // depth of modules within each other
constexpr std::size_t kMaxModules = 1 << 16, kMaxTensors = 1 << 17, kMaxPrefix = 1000;

using Named = std::vector<std::pair<std::string, const Value*>>;

// Returns what the value holds, by name: entries, items by number, attributes.
Named children(const Value& value) {
  Named all;
  const auto add = [&](const Value& holder) {
    for (const auto& [key, entry] : pickle::entries(holder))
      if (key->kind == Kind::kText) all.emplace_back(key->text, entry);
  };
  add(value);
  if (value.kind == Kind::kList || value.kind == Kind::kTuple)
    for (std::size_t i = 0; i < value.items.size(); ++i)
      all.emplace_back(std::to_string(i), value.items[i]);
  if (value.kind == Kind::kRecord && value.state != nullptr) add(*value.state);
  return all;
}

// Whether the value is a module of torch.nn, or of a class derived from it.
bool is_module(const Value& value) {
  return attribute(value, "_parameters") != nullptr && attribute(value, "_modules") != nullptr;
}

// Returns about how many links children() and is_module() follow.
std::size_t links(const Value& value) {
  std::size_t count = value.items.size();
  if (value.state != nullptr) count += value.state->items.size();
  if (value.made_of != nullptr)
    for (const Value* argument : value.made_of->items) count += argument->items.size();
  return count;
}

bool is_tensor(const TorchArchive& archive, const Value& value) {
  try {
    return archive.tensor(value, "").has_value();
  } catch (const Error&) {
    return true;  // it is a tensor, but one that cannot be read
  }
}

// Whether the value is a tensor of two or more dimensions called weight..., which layers have and
// optimizers lack.
bool is_weight(const TorchArchive& archive, const std::string& name, const Value& value) {
  const std::size_t dot = name.rfind('.');
  const std::string last = dot == std::string::npos ? name : name.substr(dot + 1);
  if (!last.starts_with("weight") && !last.starts_with("original")) return false;
  try {
    const std::optional<StoredTensor> tensor = archive.tensor(value, "");
    return tensor && tensor->shape.size() >= 2;
  } catch (const Error&) {
    return true;
  }
}

struct Candidate {
  std::string key;  // empty for the root
  const Value* value = nullptr;
};

class Search {
 public:
  explicit Search(const TorchArchive& archive) : archive_(archive) {}

  Candidate find(const std::string& key) {
    const Value& root = archive_.root();
    if (!key.empty()) return named(key);
    if (has_weights(root)) return {"", &root};
    std::vector<Candidate> found;
    for (const Candidate& candidate : below())
      if (has_weights(*candidate.value)) found.push_back(candidate);
    for (const char* usual : {"state_dict", "model_state_dict", "model"})
      for (const Candidate& candidate : found)
        if (candidate.key == usual) return candidate;
    if (found.size() == 1) return found.front();
    EDGEVAL_EXPECTS(found.empty(), archive_.path(), ": holds ", found.size(), " state dicts, at ",
                    keys(found), "; say which: --state-dict KEY");
    if (has_tensors(root)) return {"", &root};
    EDGEVAL_EXPECTS(!children(root).empty(), archive_.path(), ": holds ", described(root),
                    ", must be a state dict or a checkpoint with one; "
                    "torch.save(model.state_dict(), FILE) makes it");
    throw Error(concat(archive_.path(), ": no state dict among its entries: ", contents(root),
                       "; torch.save(model.state_dict(), FILE) makes one, --state-dict KEY "
                       "names one"));
  }

  // Returns the keys beside those that lead to the candidate.
  std::vector<std::string> others(const Candidate& chosen) const {
    std::vector<std::string> all;
    if (chosen.key.empty()) return all;
    for (const auto& [key, value] : pickle::entries(archive_.root()))
      if (key->kind != Kind::kText) all.push_back(described(*key));
    for (const auto& [key, value] : children(archive_.root())) {
      if (key == chosen.key) continue;
      if (!chosen.key.starts_with(key + "/")) {
        all.push_back(key);
        continue;
      }
      for (const auto& [inner, ignored] : children(*value))
        if (concat(key, "/", inner) != chosen.key) all.push_back(concat(key, "/", inner));
    }
    return all;
  }

 private:
  // Returns what may be a state dict, one and two levels below the root.
  std::vector<Candidate> below() {
    const auto holds = [](const Value& value) {
      return value.kind == Kind::kDict || value.kind == Kind::kRecord ||
             value.kind == Kind::kList || value.kind == Kind::kTuple;
    };
    std::vector<Candidate> all;
    for (const auto& [key, value] : children(archive_.root())) {
      if (!holds(*value) || is_tensor(archive_, *value)) continue;
      all.push_back({key, value});
      look(*value);
      if (is_module(*value)) continue;
      for (const auto& [inner, nested] : children(*value))
        if (holds(*nested) && !is_tensor(archive_, *nested))
          all.push_back({concat(key, "/", inner), nested});
    }
    return all;
  }
  void look(const Value& value) {
    EDGEVAL_EXPECTS((looks_ += links(value) + 1) <= kMaxLooks, archive_.path(), ": has more than ",
                    kMaxLooks, " entries in its first levels; name the state dict by --state-dict");
  }

  Candidate named(const std::string& key) {
    std::vector<std::string> known;
    for (const Candidate& candidate : below()) {
      if (candidate.key == key) {
        EDGEVAL_EXPECTS(has_tensors(*candidate.value), archive_.path(), ": --state-dict ",
                        shown(key), ": is ", described(*candidate.value),
                        ", must be a state dict or a module");
        return candidate;
      }
      if (has_tensors(*candidate.value)) known.push_back(candidate.key);
    }
    throw Error(concat(archive_.path(), ": --state-dict ", shown(key), ": no such entry",
                       known.empty() ? "" : suggestion(key, known)));
  }

  bool has_weights(const Value& value) {
    look(value);
    if (is_module(value)) return true;
    const auto entries = pickle::entries(value);
    return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
      return entry.first->kind == Kind::kText &&
             is_weight(archive_, std::string(entry.first->text), *entry.second);
    });
  }
  bool has_tensors(const Value& value) {
    look(value);
    if (is_module(value)) return true;
    const auto entries = pickle::entries(value);
    return std::any_of(entries.begin(), entries.end(),
                       [&](const auto& entry) { return is_tensor(archive_, *entry.second); });
  }

  static std::string keys(const std::vector<Candidate>& found) {
    return some(found, [](const Candidate& each) { return shown(each.key); });
  }
  static std::string contents(const Value& value) {
    return some(children(value), [](const auto& each) {
      return concat(shown(each.first), " (", described(*each.second), ")");
    });
  }
  // Returns the texts of the first elements, with "..." for the others.
  template <class All, class TextOf>
  static std::string some(const All& all, TextOf text_of) {
    return separated(std::span(all).first(std::min(all.size(), kMaxListed)), ", ", text_of) +
           (all.size() > kMaxListed ? ", ..." : "");
  }

  const TorchArchive& archive_;
  std::size_t looks_ = 0;
};

// Collects the tensors that Module.state_dict() would give: parameters, then buffers except those
// that are not persistent, then those of the modules within.
class ModuleWalk {
 public:
  ModuleWalk(const TorchArchive& archive, SourceTensors& out) : archive_(archive), out_(out) {}

  void add(const Value& module, const std::string& prefix = "", int depth = 0) {
    EDGEVAL_EXPECTS(depth < kMaxDepth && ++modules_ <= kMaxModules && prefix.size() <= kMaxPrefix,
                    archive_.path(),
                    ": its modules lie too deep within each other or are too many");
    add_tensors(*attribute(module, "_parameters"), prefix, nullptr);
    if (const Value* buffers = attribute(module, "_buffers"))
      add_tensors(*buffers, prefix, attribute(module, "_non_persistent_buffers_set"));
    for (const auto& [key, value] : pickle::entries(*attribute(module, "_modules")))
      if (key->kind == Kind::kText && is_module(*value))
        add(*value, concat(prefix, key->text, "."), depth + 1);
  }

 private:
  // Whether a set holds the text. Protocols before 4 make a set by calling set([...]).
  static bool holds(const Value& set, std::string_view text) {
    const Value* items = &set;
    if (set.kind == Kind::kRecord && set.text.ends_with(".set") && set.made_of->items.size() == 1)
      items = set.made_of->items[0];
    return std::any_of(items->items.begin(), items->items.end(),
                       [&](const Value* item) { return item->text == text; });
  }

  void add_tensors(const Value& group, const std::string& prefix, const Value* left_out) {
    for (const auto& [key, value] : pickle::entries(group)) {
      EDGEVAL_EXPECTS(++tensors_ <= kMaxTensors, archive_.path(), ": its modules have more than ",
                      kMaxTensors, " tensors");
      if (key->kind != Kind::kText || value->kind == Kind::kNone) continue;
      if (left_out != nullptr && holds(*left_out, key->text)) continue;
      add_entry(out_, archive_, *value, concat(prefix, key->text));
    }
  }

  const TorchArchive& archive_;
  SourceTensors& out_;
  std::size_t modules_ = 0, tensors_ = 0;
};

// Returns the state dict at `key`. Where the key is empty, it is the only one there is, or of
// several the one at state_dict, model_state_dict or model. Throws, listing the keys, when there is
// none or it is not clear which one is meant.
StateDict torch_state_dict(const TorchArchive& archive, const std::string& key) {
  Search search(archive);
  const Candidate found = search.find(key);
  StateDict dict{SourceTensors(archive.path(), archive.elements()), search.others(found)};
  if (is_module(*found.value))
    ModuleWalk(archive, dict.source).add(*found.value);
  else
    add_entries(dict.source, archive, *found.value);
  return dict;
}

}  // namespace

extern const Importer kTorchImporter{
    "PyTorch state dict", "a state dict that torch.save wrote",
    [](const SourceFile&) { return true; },  // the archive's reader refuses any other file
    [](const SourceFile& source, const ImportRequest&) -> Contents {
      return torch_state_dict(source.as<TorchArchive>(), source.state_dict());
    }};

}  // namespace edgeval
