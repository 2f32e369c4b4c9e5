// A file that torch.save wrote: before torch 1.6 five pickles in a row (magic number, protocol,
// facts of the machine, the object, the keys of its storages), then the storages; since then a zip
// with the same object as data.pkl. The object is read by the inert reader of pickle.hpp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/matrix.hpp"
#include "host/import/torch/pickle.hpp"

namespace edgeval {

struct Storage {
  std::string dtype;       // F32, F64, F16, BF16; others by torch's name, such as LongStorage
  std::uint64_t size = 0;  // of an element in bytes
  std::uint64_t count = 0;
  std::string_view bytes;
};

// A tensor where it lies: element (i, j, ...) is at offset + i strides[0] + j strides[1] + ... of
// its storage. No two elements are at one place, and all lie within the storage.
struct StoredTensor {
  const Storage* storage = nullptr;
  Index offset = 0;
  std::vector<Index> shape, strides;
};

class TorchArchive {
 public:
  // Keeps views on `file`. Throws Error, opening with `path`, at anything that torch.save does not
  // write.
  TorchArchive(std::string_view file, std::string path);

  const pickle::Value& root() const { return pickle_->root(); }
  const std::string& path() const { return path_; }
  std::uint64_t elements() const;  // of all storages

  // The tensor that the value describes; none when it describes something else. Throws when the
  // description does not agree with the storage. `place` opens the messages.
  std::optional<StoredTensor> tensor(const pickle::Value& value, const std::string& place) const;

 private:
  void read_zip(std::string_view file);
  void read_legacy(std::string_view file);
  void collect_storages();

  std::string path_;
  std::unique_ptr<pickle::Pickle> pickle_;
  std::map<std::string, Storage, std::less<>> storages_;  // by key
};

}  // namespace edgeval
