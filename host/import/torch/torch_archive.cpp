#include "host/import/torch/torch_archive.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/import/source/source_tensors.hpp"
#include "host/import/source/stored_zip.hpp"
#include "host/import/torch/globals.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

using pickle::Kind;
using pickle::Value;

constexpr std::size_t kMaxDimensions = 8;
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
                                  // The ten bytes of 0x1950a86a20f9469cfc6c.
                                  10);
constexpr std::int64_t kProtocol = 1001;
constexpr std::size_t kDirectory = 1 << 22;  // in bytes, of a zip of some 40,000 storages

// The classes of storages whose element size is known. Other classes may lie in a zip, which says
// where each storage ends, but their tensors cannot be taken.
struct Dtype {
  std::string_view global, name;
  std::uint64_t size;
};
constexpr std::array kDtypes{Dtype{"torch.FloatStorage", "F32", 4},
                             Dtype{"torch.DoubleStorage", "F64", 8},
                             Dtype{"torch.HalfStorage", "F16", 2},
                             Dtype{"torch.BFloat16Storage", "BF16", 2},
                             Dtype{"torch.LongStorage", "LongStorage", 8},
                             Dtype{"torch.IntStorage", "IntStorage", 4},
                             Dtype{"torch.ShortStorage", "ShortStorage", 2},
                             Dtype{"torch.CharStorage", "CharStorage", 1},
                             Dtype{"torch.ByteStorage", "ByteStorage", 1},
                             Dtype{"torch.BoolStorage", "BoolStorage", 1},
                             Dtype{"torch.ComplexFloatStorage", "ComplexFloatStorage", 8},
                             Dtype{"torch.ComplexDoubleStorage", "ComplexDoubleStorage", 16},
                             Dtype{"torch.QInt8Storage", "QInt8Storage", 1},
                             Dtype{"torch.QUInt8Storage", "QUInt8Storage", 1},
                             Dtype{"torch.QInt32Storage", "QInt32Storage", 4},
                             Dtype{"torch.UntypedStorage", "UntypedStorage", 1},
                             Dtype{"torch.storage.UntypedStorage", "UntypedStorage", 1}};

const Dtype* dtype_of(std::string global) {
  if (global.starts_with("torch.cuda.")) global.erase(5, 5);  // files of older versions name it so
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const Dtype& d) { return d.global == global; });
  return found == kDtypes.end() ? nullptr : &*found;
}

bool is_tuple(const Value& value, std::size_t least) {
  return value.kind == Kind::kTuple && value.items.size() >= least;
}

// Returns the whole numbers of a tuple, none of them negative.
std::vector<Index> sizes(const Value& value, const std::string& place, const char* what) {
  const Value& tuple =
      value.kind == Kind::kRecord && value.text == "torch.Size" && is_tuple(*value.made_of, 1)
          ? *value.made_of->items[0]
          : value;
  EDGEVAL_EXPECTS(tuple.kind == Kind::kTuple && tuple.items.size() <= kMaxDimensions, place,
                  ": its ", what, " is no tuple of at most ", kMaxDimensions, " numbers");
  std::vector<Index> numbers;
  for (const Value* item : tuple.items) {
    EDGEVAL_EXPECTS(item->kind == Kind::kInteger && item->integer >= 0, place, ": its ", what,
                    " holds ",
                    item->kind == Kind::kInteger ? std::to_string(item->integer) : described(*item),
                    ", must be whole numbers, 0 or more");
    numbers.push_back(item->integer);
  }
  return numbers;
}

// Throws unless the elements lie apart from each other and within the storage.
void check_layout(const StoredTensor& tensor, const std::string& place) {
  const std::uint64_t count = tensor.storage.count;
  std::vector<std::pair<Index, Index>> order;  // pairs of stride and size
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    EDGEVAL_EXPECTS(tensor.shape[d] > 0, place, ": shape ", shape_text(tensor.shape),
                    ": has no elements");
    if (tensor.shape[d] > 1) order.emplace_back(tensor.strides[d], tensor.shape[d]);
  }
  std::sort(order.begin(), order.end());
  // The number of places from the first to the last element of the dimensions so far.
  std::uint64_t span = 1;
  for (const auto& [stride, size] : order) {
    const auto step = static_cast<std::uint64_t>(stride);
    EDGEVAL_EXPECTS(step >= span, place, ": its elements overlap (stride ", stride, ")");
    const std::uint64_t steps = static_cast<std::uint64_t>(size) - 1;
    EDGEVAL_EXPECTS(span <= count && step <= count / steps, place,
                    ": reaches beyond its storage of ", count, " elements");
    span += step * steps;
  }
  const auto offset = static_cast<std::uint64_t>(tensor.offset);
  EDGEVAL_EXPECTS(offset <= count && span <= count - offset, place,
                  ": reaches beyond its storage of ", count, " elements");
}

// Whether the file opens with a pickle, of any protocol, of torch's magic number.
bool starts_with_magic(std::string_view file) {
  if (!file.starts_with('\x80')) return false;
  try {
    const pickle::Pickle first(file, "", is_plain_global);
    return first.root().kind == Kind::kLong && first.root().text == kMagic;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

TorchArchive::TorchArchive(std::string_view file, std::string path) : path_(std::move(path)) {
  EDGEVAL_EXPECTS(file.size() < 262 || file.substr(257, 5) != "ustar", path_,
                  ": a tar archive, from torch 0.1.9 or before, which is not read; save it anew "
                  "with a later torch");
  if (file.starts_with("PK"))
    read_zip(file);
  else
    read_legacy(file);
}

void TorchArchive::read_zip(std::string_view file) {
  // The directory at the end has the names of the members. TorchScript compresses its code.
  const std::string_view end = file.substr(file.size() - std::min(file.size(), kDirectory));
  EDGEVAL_EXPECTS(
      end.find("/constants.pkl") == std::string_view::npos, path_,
      ": a TorchScript program; save the state dict: torch.save(model.state_dict(), FILE)");
  const std::map<std::string, std::string_view> members = stored_members(file, path_);
  std::string folder;
  for (const auto& [name, bytes] : members) {
    const std::size_t slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash) == "/data.pkl")
      folder = name.substr(0, slash);
  }
  const auto member = [&](const std::string& name) {
    return members.find(concat(folder, "/", name));
  };
  EDGEVAL_EXPECTS(!folder.empty(), path_, ": a zip without data.pkl: not by torch.save");
  const auto order = member("byteorder");
  EDGEVAL_EXPECTS(order == members.end() || order->second == "little", path_,
                  ": byteorder is not little");
  const std::string_view bytes = member("data.pkl")->second;
  pickle_ = std::make_unique<pickle::Pickle>(bytes, concat(path_, ": data.pkl"), is_plain_global);
  EDGEVAL_EXPECTS(pickle_->size() == bytes.size(), path_,
                  ": data.pkl: ", bytes.size() - pickle_->size(), " bytes follow the pickle");
  collect_storages();
  for (auto& [key, storage] : storages_) {
    const auto found = member("data/" + key);
    EDGEVAL_EXPECTS(found != members.end(), path_, ": storage ", shown(key), " is missing");
    storage.bytes = found->second;
    EDGEVAL_EXPECTS(storage.size == 0 || (storage.bytes.size() / storage.size == storage.count &&
                                          storage.bytes.size() % storage.size == 0),
                    path_, ": storage ", shown(key), ": ", storage.count, " elements of ",
                    storage.dtype, " are wanted, but it has ", storage.bytes.size(), " bytes");
  }
}

void TorchArchive::read_legacy(std::string_view file) {
  std::size_t at = 0;
  const auto next = [&](const char* what) {
    auto read = std::make_unique<pickle::Pickle>(file.substr(at), concat(path_, ": ", what),
                                                 is_plain_global);
    at += read->size();
    return read;
  };
  EDGEVAL_EXPECTS(
      starts_with_magic(file), path_,
      ": neither a zip nor the five pickles of an older torch.save: no checkpoint of PyTorch",
      file.starts_with('\x80') ? "; save it anew: torch.save(model.state_dict(), FILE)" : "");
  next("magic number");
  const auto protocol = next("protocol");
  EDGEVAL_EXPECTS(protocol->root().kind == Kind::kInteger && protocol->root().integer == kProtocol,
                  path_, ": protocol ", protocol->root().integer, " of torch.save, ", kProtocol,
                  " is read");
  const auto machine = next("machine");
  const Value* little = pickle::find(machine->root(), "little_endian");
  EDGEVAL_EXPECTS(little != nullptr && little->kind == Kind::kBool && little->integer == 1, path_,
                  ": was not written by a little-endian machine");
  pickle_ = next("object");
  collect_storages();
  const auto keys = next("keys of storages");
  EDGEVAL_EXPECTS(keys->root().kind == Kind::kList, path_, ": the keys of the storages are ",
                  described(keys->root()));
  for (const Value* key : keys->root().items) {
    const auto found = key->kind == Kind::kText ? storages_.find(key->text) : storages_.end();
    EDGEVAL_EXPECTS(found != storages_.end() && found->second.bytes.data() == nullptr, path_,
                    ": storage ", key->kind == Kind::kText ? shown(key->text) : described(*key),
                    ": no tensor wants it, or it is there twice");
    Storage& storage = found->second;
    EDGEVAL_EXPECTS(storage.size > 0, path_, ": storage ", shown(key->text), ": is a ",
                    storage.dtype, ", whose end is not known; save it anew with a later torch");
    std::uint64_t count = 0;
    EDGEVAL_EXPECTS(file.size() - at >= sizeof count, path_, ": storage ", shown(key->text),
                    " is cut off");
    std::memcpy(&count, file.data() + at, sizeof count);
    at += sizeof count;
    EDGEVAL_EXPECTS(count == storage.count, path_, ": storage ", shown(key->text), ": ",
                    storage.count, " elements are wanted, but it says ", count);
    EDGEVAL_EXPECTS(count <= (file.size() - at) / storage.size, path_, ": storage ",
                    shown(key->text), ": ", count, " elements of ", storage.dtype,
                    " reach beyond the end of the file");
    storage.bytes = file.substr(at, count * storage.size);
    at += storage.bytes.size();
  }
  for (const auto& [key, storage] : storages_)
    EDGEVAL_EXPECTS(storage.bytes.data() != nullptr, path_, ": storage ", shown(key),
                    " is missing");
  EDGEVAL_EXPECTS(at == file.size(), path_, ": ", file.size() - at,
                  " bytes follow the last storage");
}

// A persistent id is ("storage", class, key, device, elements), followed by None in older files.
void TorchArchive::collect_storages() {
  for (const Value* value : pickle_->persistent()) {
    const Value& id = *value->made_of;
    const bool named = is_tuple(id, 1) && id.items[0]->kind == Kind::kText;
    if (named && id.items[0]->text == "module" && id.items.size() >= 2 &&
        id.items[1]->kind == Kind::kGlobal)
      continue;  // this id is the class of a module
    EDGEVAL_EXPECTS(named && id.items[0]->text == "storage", path_,
                    ": a persistent id of an unknown kind");
    EDGEVAL_EXPECTS(is_tuple(id, 5) && id.items.size() <= 6 && id.items[1]->kind == Kind::kGlobal &&
                        id.items[2]->kind == Kind::kText && id.items[4]->kind == Kind::kInteger &&
                        id.items[4]->integer >= 0,
                    path_,
                    ": a storage is not described by class, key, device and number of elements");
    EDGEVAL_EXPECTS(id.items.size() == 5 || id.items[5]->kind == Kind::kNone, path_, ": storage ",
                    shown(id.items[2]->text), ": is a view of another one, which is not read");
    const std::string_view type = id.items[1]->text;
    const Dtype* dtype = dtype_of(std::string(type));
    EDGEVAL_EXPECTS(dtype != nullptr || (type.starts_with("torch.") && type.ends_with("Storage")),
                    path_, ": storage ", shown(id.items[2]->text), ": ", type,
                    " is no class of storages");
    const Storage storage{std::string(dtype != nullptr ? dtype->name : type.substr(6)),
                          dtype != nullptr ? dtype->size : 0,
                          static_cast<std::uint64_t>(id.items[4]->integer),
                          {}};
    const Storage& first = storages_.emplace(id.items[2]->text, storage).first->second;
    EDGEVAL_EXPECTS(first.dtype == storage.dtype && first.count == storage.count, path_,
                    ": storage ", shown(id.items[2]->text), ": is described in two ways");
  }
}

std::uint64_t TorchArchive::elements() const {
  std::uint64_t sum = 0;
  for (const auto& [key, storage] : storages_) sum += storage.count;
  return sum;
}

std::optional<StoredTensor> TorchArchive::tensor(const Value& value,
                                                 const std::string& place) const {
  const Value* record = &value;
  if (record->kind == Kind::kRecord && record->text == "torch._utils._rebuild_parameter") {
    EDGEVAL_EXPECTS(is_tuple(*record->made_of, 1), place, ": a parameter without a tensor");
    record = record->made_of->items[0];
  }
  if (record->kind != Kind::kRecord) return std::nullopt;
  // A tensor of a class of its own has how torch rebuilds it, the class, the arguments and
  // attributes.
  const Value *rebuild = record, *made_of = record->made_of;
  if (record->text == "torch._tensor._rebuild_from_type_v2" && is_tuple(*made_of, 3) &&
      made_of->items[0]->kind == Kind::kGlobal) {
    rebuild = made_of->items[0];
    made_of = made_of->items[2];
  }
  if (!rebuild->text.starts_with("torch._utils._rebuild_tensor")) return std::nullopt;
  const Value& arguments = *made_of;
  EDGEVAL_EXPECTS(is_tuple(arguments, 4) && arguments.items[0]->kind == Kind::kPersistent, place,
                  ": is not described by storage, offset, shape and strides");
  const Value& offset = *arguments.items[1];
  EDGEVAL_EXPECTS(offset.kind == Kind::kInteger && offset.integer >= 0, place,
                  ": its offset is negative or no number");
  const Value& id = *arguments.items[0]->made_of;  // collect_storages has checked it
  StoredTensor tensor;
  tensor.storage = storages_.find(id.items[2]->text)->second;
  tensor.offset = offset.integer;
  tensor.shape = sizes(*arguments.items[2], place, "shape");
  tensor.strides = sizes(*arguments.items[3], place, "strides");
  EDGEVAL_EXPECTS(tensor.shape.size() == tensor.strides.size(), place, ": has ",
                  tensor.shape.size(), " dimensions, but ", tensor.strides.size(), " strides");
  check_layout(tensor, place);
  return tensor;
}

void add_entry(SourceTensors& source, const TorchArchive& archive, const Value& value,
               const std::string& name) {
  const std::string place = source.place(name);
  SourceEntry entry{name, {}};
  try {
    const std::optional<StoredTensor> stored = archive.tensor(value, place);
    entry.is_tensor = stored.has_value();
    if (stored)
      entry.stored = *stored;
    else
      entry.problem = concat(place, ": is ", described(value), ", must be a tensor");
  } catch (const Error& error) {
    entry.problem = error.what();
  }
  source.add(std::move(entry));
}

void add_entries(SourceTensors& source, const TorchArchive& archive, const Value& dict,
                 const std::string& prefix) {
  for (const auto& [key, value] : pickle::entries(dict)) {
    EDGEVAL_EXPECTS(key->kind == Kind::kText, source.path(),
                    ": a tensor of the state dict is named by ", described(*key),
                    ", must be by a text");
    add_entry(source, archive, *value, concat(prefix, key->text));
  }
}

}  // namespace edgeval
