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

#include "host/import/stored_tensor.hpp"
#include "host/import/torch/pickle.hpp"

namespace edgeval {

class SourceTensors;

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

// Adds what the archive describes as `value` under the name. What is no tensor, or none that can be
// read, is refused when it is asked for.
void add_entry(SourceTensors& source, const TorchArchive& archive, const pickle::Value& value,
               const std::string& name);

// Adds the entries of a dict, with `prefix` in front of their names. Throws when a name is no text
// or is used.
void add_entries(SourceTensors& source, const TorchArchive& archive, const pickle::Value& dict,
                 const std::string& prefix = "");

}  // namespace edgeval
