#include "host/import/source/source_tensors.hpp"

#include <algorithm>
#include <cmath>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

// How often an element may be taken: embedding and generator may share their weights.
constexpr std::uint64_t kMaxUses = 2;

// Returns the shape without dimensions of size 1 in front, but keeps its last dimension.
std::vector<Index> squeezed(const std::vector<Index>& shape) {
  std::size_t first = 0;
  while (first + 1 < shape.size() && shape[first] == 1) ++first;
  return {shape.begin() + static_cast<std::ptrdiff_t>(first), shape.end()};
}

// Returns the length of a wrapper's prefix in front of a name.
std::size_t wrapper_length(std::string_view name) {
  for (const std::string_view wrapper : {"module.", "model.", "_orig_mod."})
    if (name.starts_with(wrapper)) return wrapper.size();
  return 0;
}

}  // namespace

std::string SourceTensors::place(const std::string& name) const {
  const Tensor* tensor = find(name);
  return concat(path(), ": tensor ", shown(tensor == nullptr ? prefix_ + name : tensor->name));
}

void SourceTensors::add(SourceEntry entry) {
  EDGEVAL_EXPECTS(index_.emplace(entry.name, tensors_.size()).second, place(entry.name),
                  ": occurs twice");
  tensors_.push_back({std::move(entry)});
}

void SourceTensors::add_row_major(const std::string& name, const Storage& storage,
                                  const std::vector<Index>& shape) {
  elements_ += storage.count;
  SourceEntry entry{name, {storage, 0, shape, {}}};
  try {
    entry.stored = row_major(storage, shape, place(name));
  } catch (const Error& error) {
    entry.problem = error.what();
  }
  add(std::move(entry));
}

std::vector<std::string> SourceTensors::ignore(const std::string& start) {
  std::vector<std::string> names;
  for (Tensor& tensor : tensors_) {
    std::string_view name = tensor.name;
    bool found = name.starts_with(start);
    while (const std::size_t wrapper = wrapper_length(name)) {
      name.remove_prefix(wrapper);
      found = found || name.starts_with(start);
    }
    if (!found) continue;
    tensor.ignored = true;
    names.push_back(tensor.name);
  }
  return names;
}

void SourceTensors::drop_common_prefix() {
  std::vector<std::string_view> names;
  for (const Tensor& tensor : tensors_)
    if (tensor.is_tensor && !tensor.ignored) names.push_back(tensor.name);
  if (names.empty()) return;
  const std::string first(names.front());
  std::size_t dropped = 0;
  while (const std::size_t wrapper = wrapper_length(names.front())) {
    const std::string start(names.front().substr(0, wrapper));
    if (!std::all_of(names.begin(), names.end(), [&](auto n) { return n.starts_with(start); }))
      break;
    for (std::string_view& name : names) name.remove_prefix(wrapper);
    dropped += wrapper;
  }
  prefix_ = first.substr(0, dropped);
  index_.clear();
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    index_.emplace(without_prefix(tensors_[i].name), i);
}

std::string SourceTensors::without_prefix(const std::string& name) const {
  return name.starts_with(prefix_) ? name.substr(prefix_.size()) : name;
}

void SourceTensors::add_weight_norm(const std::string& name, const std::string& g,
                                    const std::string& v) {
  const std::vector<Index>&scales = shape(g), &whole = shape(v);
  bool fits = scales.empty() || scales.size() == whole.size();
  for (std::size_t d = 0; fits && d < scales.size(); ++d)
    fits = scales[d] == 1 || scales[d] == whole[d];
  EDGEVAL_EXPECTS(fits, place(g), ": shape ", shape_text(scales), " is no weight norm of ",
                  shown(v), " of shape ", shape_text(whole));
  Tensor made{{prefix_ + name, {}}};
  made.stored.shape = whole;
  // The new tensor stands where g stood, so that modules keep their order.
  const std::size_t place_of = index_.at(g);
  made.made_of = {tensors_.size(), index_.at(v)};
  at(g).taken = at(v).taken = true;
  tensors_.push_back(std::move(tensors_[place_of]));
  tensors_[place_of] = std::move(made);
  index_[g] = tensors_.size() - 1;
  index_[name] = place_of;
}

std::vector<std::string> SourceTensors::names() const {
  std::vector<std::string> names;
  for (const Tensor& tensor : tensors_)
    if (tensor.is_tensor && !tensor.ignored && !tensor.taken)
      names.push_back(without_prefix(tensor.name));
  return names;
}

const SourceTensors::Tensor* SourceTensors::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const SourceTensors::Tensor& SourceTensors::readable(const std::string& name) const {
  const Tensor* tensor = find(name);
  EDGEVAL_EXPECTS(tensor != nullptr, place(name), " is missing");
  const std::size_t dot = name.rfind('.');
  EDGEVAL_EXPECTS(!tensor->ignored, place(name), ": is wanted by module ",
                  shown(dot == std::string::npos ? "" : name.substr(0, dot)),
                  " and ignored; ignore all of the module or nothing of it");
  EDGEVAL_EXPECTS(tensor->problem.empty(), tensor->problem);
  return *tensor;
}

const std::vector<Index>& SourceTensors::shape(const std::string& name) const {
  return readable(name).stored.shape;
}

std::vector<std::pair<std::string, std::vector<Index>>> SourceTensors::parts(
    const std::string& name) const {
  const Tensor& tensor = readable(name);
  std::vector<std::pair<std::string, std::vector<Index>>> all;
  for (const std::size_t part : tensor.made_of)
    all.emplace_back(tensors_[part].name, tensors_[part].stored.shape);
  if (all.empty()) all.emplace_back(tensor.name, tensor.stored.shape);
  return all;
}

std::vector<float> SourceTensors::take(const std::string& name, const std::vector<Index>& wanted) {
  const std::vector<Index>& is = shape(name);
  Tensor& tensor = at(name);
  EDGEVAL_EXPECTS(is == wanted || (wanted.size() == 1 && squeezed(is) == wanted), place(name),
                  ": shape ", shape_text(is), ", must be ", shape_text(wanted));
  EDGEVAL_EXPECTS(!tensor.taken, place(name), ": two layers want it");
  if (tensor.made_of.empty()) expect_floats(tensor);
  tensor.taken = true;
  taken_ += static_cast<std::uint64_t>(elements_in(is));
  EDGEVAL_EXPECTS(taken_ <= kMaxUses * elements_, place(name),
                  ": the tensors share storages more than ", kMaxUses, " times over");
  std::vector<float> values =
      tensor.made_of.empty() ? floats_of(tensor.stored) : weight_norm(tensor);
  const auto wrong =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  EDGEVAL_EXPECTS(wrong == values.end(), place(name), ": element ", wrong - values.begin(), " is ",
                  *wrong, " as a 32-bit float, must be finite");
  return values;
}

void SourceTensors::expect_floats(const Tensor& tensor) const {
  const std::string& dtype = tensor.stored.storage.dtype;
  EDGEVAL_EXPECTS(is_float(dtype), path_, ": tensor ", shown(tensor.name), ": is of ", dtype,
                  ", must be of floats");
}

// Computes in double and rounds once.
std::vector<float> SourceTensors::weight_norm(const Tensor& tensor) const {
  const Tensor &g = tensors_[tensor.made_of[0]], &v = tensors_[tensor.made_of[1]];
  expect_floats(g);
  expect_floats(v);
  const std::vector<double> scales = doubles_of(g.stored), values = doubles_of(v.stored);
  const std::vector<Index>&shape = v.stored.shape, &coarse = g.stored.shape;
  // Returns the index of the element of g that belongs to element i of v.
  const auto scale_of = [&](std::size_t i) {
    Index at = 0, step = 1, rest = static_cast<Index>(i);
    for (std::size_t d = coarse.size(); d-- > 0; rest /= shape[d]) {
      at += coarse[d] == 1 ? 0 : rest % shape[d] * step;
      step *= coarse[d];
    }
    return static_cast<std::size_t>(at);
  };
  std::vector<double> squares(scales.size());
  for (std::size_t i = 0; i < values.size(); ++i) squares[scale_of(i)] += values[i] * values[i];
  std::vector<float> weights(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    weights[i] =
        static_cast<float>(values[i] * (scales[scale_of(i)] / std::sqrt(squares[scale_of(i)])));
  return weights;
}

std::vector<std::string> SourceTensors::expect_all_taken(const char* cure) const {
  std::vector<std::string> others;
  for (const Tensor& tensor : tensors_) {
    if (tensor.taken || tensor.ignored) continue;
    if (!tensor.is_tensor) {
      others.push_back(tensor.name);
      continue;
    }
    EDGEVAL_EXPECTS(tensor.problem.empty(), tensor.problem);
    throw Error(concat(path_, ": tensor ", shown(tensor.name), ": shape ",
                       shape_text(tensor.stored.shape), ": ", cure));
  }
  return others;
}

}  // namespace edgeval
