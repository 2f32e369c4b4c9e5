// A file that torch.save wrote. Before torch 1.6 it was five pickles in a row (magic number,
// protocol, facts about the machine, the object, the keys of its storages), followed by the
// storages; since then it is a zip with the same object as data.pkl. pickle.hpp reads the object
// without running anything.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/import/source/stored_tensor.hpp"
#include "host/import/torch/pickle.hpp"

namespace edgeval {

class SourceTensors;

class TorchArchive {
 public:
  // Keeps views of `file`. Throws Error, opening with `path`, at anything that torch.save does not
  // write.
  TorchArchive(std::string_view file, std::string path);

  const pickle::Value& root() const { return pickle_->root(); }
  const std::string& path() const { return path_; }
  std::uint64_t elements() const;  // number of elements of all storages

  // Returns the tensor that the value describes, or none when it describes something else. Throws
  // when the description does not agree with the storage. `place` opens the messages.
  std::optional<StoredTensor> tensor(const pickle::Value& value, const std::string& place) const;

 private:
  void read_zip(std::string_view file);
  void read_legacy(std::string_view file);
  void collect_storages();

  std::string path_;
  std::unique_ptr<pickle::Pickle> pickle_;
  std::map<std::string, Storage, std::less<>> storages_;  // storages by key
};

// Adds what the archive describes as `value` under the name. Something that is no tensor, or one
// that cannot be read, is refused when it is asked for.
void add_entry(SourceTensors& source, const TorchArchive& archive, const pickle::Value& value,
               const std::string& name);

// Adds the entries of a dict, with `prefix` in front of their names. Throws when a name is no text
// or already in use.
void add_entries(SourceTensors& source, const TorchArchive& archive, const pickle::Value& dict,
                 const std::string& prefix = "");

}  // namespace edgeval
