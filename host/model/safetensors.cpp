#include "host/model/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/json.hpp"
#include "host/model/short_floats.hpp"

namespace edgeval {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr std::size_t kMaxDimensions = 8;

static_assert(std::endian::native == std::endian::little,
              "tensors are copied as they lie in the file");

// Returns the bytes of an element, or 0 for a dtype that is not read.
Index element_size(std::string_view dtype, Safetensors::Contents contents) {
  if (dtype == "F32") return 4;
  if (dtype == "F16" || dtype == "BF16") return 2;
  if (contents == Safetensors::Contents::kModel) return 0;
  for (const auto& [bytes, names] :
       {std::pair<Index, std::string_view>{8, " F64 I64 U64 C64 "},
        {4, " I32 U32 "},
        {2, " I16 U16 "},
        {1, " I8 U8 BOOL F8_E4M3 F8_E5M2 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ "}})
    if (names.find(concat(" ", dtype, " ")) != std::string_view::npos) return bytes;
  return 0;
}

// Whether the file is one that torch.save wrote: a zip, or pickles of protocols 2 to 5, with no
// brace where the header of a safetensors file would begin.
bool is_torch(std::string_view file) {
  const bool pickled = file.size() > 1 && file[0] == '\x80' && file[1] >= 2 && file[1] <= 5;
  return (file.starts_with("PK") || pickled) &&
         !(file.size() > kLengthBytes && file[kLengthBytes] == '{');
}

template <class Convert>
void convert(std::string_view bytes, std::span<float> values, Convert to_float) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t bits;
    std::memcpy(&bits, bytes.data() + 2 * i, sizeof bits);
    values[i] = to_float(bits);
  }
}

// Returns the header's JSON text, after checks that it lies within the file.
std::string_view header_text(std::string_view file, const std::string& path) {
  EDGEVAL_EXPECTS(!is_torch(file), path,
                  ": a checkpoint of PyTorch, no model file; edgeval import --model ", path,
                  " --out model.safetensors makes one (a state dict also needs --describe)");
  EDGEVAL_EXPECTS(file.size() >= kLengthBytes, path, ": ", file.size(),
                  " bytes are too short for a safetensors file");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  EDGEVAL_EXPECTS(length <= kMaxHeader, path, ": header length ", length,
                  " is beyond the limit of ", kMaxHeader, " bytes; not a safetensors file?");
  EDGEVAL_EXPECTS(length <= file.size() - kLengthBytes, path, ": header length ", length,
                  " reaches beyond the end of the file of ", file.size(), " bytes");
  const std::string_view header = file.substr(kLengthBytes, length);
  EDGEVAL_EXPECTS(header.starts_with('{'), path, ": the header does not start with {");
  expect_utf8(header, path);
  return header;
}

// Returns the number of elements of the shape. Throws on dimensions below `least` and on products
// that overflow.
Index element_count(const Json& shape, std::uint64_t least, const std::string& place) {
  EDGEVAL_EXPECTS(shape.size() <= kMaxDimensions, place, ": ", shape.size(),
                  " dimensions, at most ", kMaxDimensions, " are read");
  std::uint64_t count = 1;
  for (const Json& dimension : shape) {
    const std::uint64_t size = dimension.is_number_unsigned() ? dimension.get<std::uint64_t>() : 0;
    EDGEVAL_EXPECTS(dimension.is_number_unsigned() && size >= least, place, ": dimension ",
                    dimension.dump(), " of the shape must be a positive whole number");
    EDGEVAL_EXPECTS(count == 0 || size <= INT64_MAX / count, place,
                    ": the product of the shape overflows");
    count *= size;
  }
  return static_cast<Index>(count);
}

}  // namespace

std::string shape_text(const std::vector<Index>& shape) {
  return concat("[", separated(shape, ", ", [](Index size) { return concat(size); }), "]");
}

Safetensors::Safetensors(std::string_view file, std::string path, Contents contents)
    : path_(std::move(path)), contents_(contents) {
  const std::string_view header = header_text(file, path_);
  data_ = file.substr(kLengthBytes + header.size());
  read_header(header);
  check_tiling();
}

void Safetensors::read_header(std::string_view header) {
  const Json json = parse_json(header, path_ + ": header");
  EDGEVAL_EXPECTS(json.is_object(), path_, ": the header is no object");
  if (json.contains("__metadata__")) read_metadata(json["__metadata__"]);
  // This comes before the tensors, which may be another program's.
  if (contents_ == Contents::kModel) metadata("edgeval");
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__") continue;
    const Fields fields(entry, concat(path_, ": tensor ", shown(name)));
    tensors_.emplace(name, read_tensor(fields));
  }
}

void Safetensors::read_metadata(const Json& entries) {
  EDGEVAL_EXPECTS(entries.is_object(), path_, ": __metadata__ must be an object");
  for (const auto& [key, text] : entries.items()) {
    EDGEVAL_EXPECTS(text.is_string(), path_, ": __metadata__: ", shown(key), " must be a text");
    metadata_.emplace(key, text.get_ref<const std::string&>());
  }
}

Safetensors::Tensor Safetensors::read_tensor(const Fields& fields) const {
  const std::string& place = fields.place();
  fields.expect_only({"dtype", "shape", "data_offsets"});
  Tensor tensor;
  tensor.dtype = fields.text("dtype");
  const Index size = element_size(tensor.dtype, contents_);
  EDGEVAL_EXPECTS(size > 0 || contents_ == Contents::kAny, place, ": dtype ", shown(tensor.dtype),
                  " is not read; F32, F16 and BF16 are");
  const Index count =
      element_count(fields.array("shape"), contents_ == Contents::kAny ? 0 : 1, place);
  tensor.shape = fields.array("shape").get<std::vector<Index>>();
  const Json& offsets = fields.array("data_offsets");
  EDGEVAL_EXPECTS(
      offsets.size() == 2 && offsets[0].is_number_unsigned() && offsets[1].is_number_unsigned(),
      place, ": data_offsets must be two whole numbers");
  tensor.begin = offsets[0].get<std::uint64_t>();
  tensor.end = offsets[1].get<std::uint64_t>();
  EDGEVAL_EXPECTS(tensor.begin <= tensor.end && tensor.end <= data_.size(), place,
                  ": data_offsets [", tensor.begin, ", ", tensor.end, "] do not lie within the ",
                  data_.size(), " bytes of data");
  const auto bytes = static_cast<Index>(tensor.end - tensor.begin);
  EDGEVAL_EXPECTS(size == 0 || (count <= bytes && count * size == bytes), place, ": shape ",
                  shape_text(tensor.shape), " of ", tensor.dtype, " does not fill its ", bytes,
                  " bytes");
  return tensor;
}

void Safetensors::check_tiling() const {
  std::vector<std::pair<std::size_t, const std::string*>> order;  // by where they begin
  for (const auto& [name, tensor] : tensors_)
    if (tensor.begin < tensor.end) order.emplace_back(tensor.begin, &name);
  std::sort(order.begin(), order.end());
  std::size_t end = 0;
  for (const auto& [begin, name] : order) {
    EDGEVAL_EXPECTS(begin == end, path_, ": tensor ", shown(*name), ": begins at byte ", begin,
                    ", but the data before it is used up to byte ", end,
                    begin < end ? " (they overlap)" : " (a gap)");
    end = tensors_.at(*name).end;
  }
  EDGEVAL_EXPECTS(end == data_.size(), path_, ": ", data_.size() - end,
                  " bytes after the last tensor belong to none");
}

const std::string& Safetensors::metadata(const std::string& key) const {
  const auto found = metadata_.find(key);
  EDGEVAL_EXPECTS(
      found != metadata_.end(), path_, ": no ", shown(key),
      " in __metadata__: not a model of edgeval; edgeval import --model ", path_,
      " --describe describe.json --out model.safetensors makes one of PyTorch's weights");
  return found->second;
}

Index Safetensors::rows(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() || found->second.shape.empty() ? 0 : found->second.shape.front();
}

Matrix<float> Safetensors::take_matrix(const std::string& name, Index rows, Index cols) {
  return take(name, {rows, cols}, rows);
}

Matrix<float> Safetensors::take_vector(const std::string& name, Index cols) {
  return take(name, {cols}, 1);
}

Matrix<float> Safetensors::take(const std::string& name, const std::vector<Index>& shape,
                                Index rows) {
  const auto found = tensors_.find(name);
  EDGEVAL_EXPECTS(found != tensors_.end(), path_, ": tensor ", shown(name), " is missing");
  Tensor& tensor = found->second;
  EDGEVAL_EXPECTS(tensor.shape == shape, path_, ": tensor ", shown(name), ": shape ",
                  shape_text(tensor.shape), ", must be ", shape_text(shape));
  EDGEVAL_EXPECTS(!tensor.taken, path_, ": tensor ", shown(name), ": two layers want it");
  tensor.taken = true;

  Matrix<float> matrix(rows, shape.back());
  const std::span<float> values = matrix.values();
  const std::string_view bytes = data_.substr(tensor.begin, tensor.end - tensor.begin);
  if (tensor.dtype == "F32") std::memcpy(values.data(), bytes.data(), bytes.size());
  if (tensor.dtype == "F16") convert(bytes, values, from_half);
  if (tensor.dtype == "BF16") convert(bytes, values, from_bfloat);
  const auto wrong =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  EDGEVAL_EXPECTS(wrong == values.end(), path_, ": tensor ", shown(name), ": element ",
                  wrong - values.begin(), " is ", *wrong, ", must be finite");
  return matrix;
}

std::vector<Safetensors::Entry> Safetensors::entries() const {
  std::vector<std::pair<std::size_t, Entry>> order;
  for (const auto& [name, tensor] : tensors_) {
    const std::string_view bytes = data_.substr(tensor.begin, tensor.end - tensor.begin);
    const auto size = static_cast<std::size_t>(element_size(tensor.dtype, contents_));
    order.push_back({tensor.begin, {name, tensor.dtype, tensor.shape, size, bytes}});
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Entry> all;
  for (auto& [begin, entry] : order) all.push_back(std::move(entry));
  return all;
}

void Safetensors::expect_all_taken() const {
  for (const auto& [name, tensor] : tensors_)
    EDGEVAL_EXPECTS(tensor.taken, path_, ": tensor ", shown(name), ": no layer uses it");
}

}  // namespace edgeval
