// Puts together files as torch.save writes them, valid or broken on purpose (host/import). Pieces
// of pickles are strings; numbers in them fit 32 bits.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.hpp"

namespace edgeval::test {

template <class Number>
std::string little(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

// Each of the following functions returns the piece of a pickle for one value.
inline std::string text(const std::string& value) {
  return concat("X", little(static_cast<std::uint32_t>(value.size())), value);
}
inline std::string whole(std::int32_t value) { return concat("J", little(value)); }
inline std::string global(const std::string& module, const std::string& name) {
  return concat("c", module, "\n", name, "\n");
}
inline std::string tuple(const std::vector<std::string>& items) {
  std::string all = "(";
  for (const std::string& item : items) all += item;
  return all + "t";
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string all = "}(";
  for (const auto& [key, value] : entries) all += text(key) + value;
  return all + "u";
}
inline std::string pickled(const std::string& value) { return concat("\x80\x02", value, "."); }

struct TensorPiece {
  std::string key = "0";
  std::int32_t count = 1;  // number of elements of the storage
  std::int32_t offset = 0;
  std::vector<std::int32_t> shape = {1}, strides = {1};
  std::string storage = "FloatStorage";
};

inline std::string storage_id(const TensorPiece& piece) {
  return tuple({text("storage"), global("torch", piece.storage), text(piece.key), text("cpu"),
                whole(piece.count)}) +
         "Q";
}

inline std::string tensor(const TensorPiece& piece) {
  const auto sizes = [](const std::vector<std::int32_t>& values) {
    std::vector<std::string> items;
    for (const std::int32_t value : values) items.push_back(whole(value));
    return tuple(items);
  };
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({storage_id(piece), whole(piece.offset), sizes(piece.shape), sizes(piece.strides),
                "\x89", global("collections", "OrderedDict") + ")R"}) +
         "R";
}

struct StoragePiece {
  std::string key;
  std::string bytes;
  std::int64_t count = 0;
};

inline StoragePiece float_storage(const std::string& key, const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return {key, bytes, static_cast<std::int64_t>(values.size())};
}

// Returns a file in the format before zip archives: five pickles, then the storages.
inline std::string legacy_file(const std::string& object,
                               const std::vector<StoragePiece>& storages) {
  std::string keys = "](", data;
  for (const StoragePiece& storage : storages) {
    keys += text(storage.key);
    data += little(storage.count) + storage.bytes;
  }
  const std::string magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  return magic + pickled(whole(1001)) + pickled(dict({{"little_endian", "\x88"}})) +
         pickled(object) + pickled(keys + "e") + data;
}

// A member of a zip archive, and what is wrong about it.
struct ZipMember {
  std::string name, bytes;
  std::uint16_t method = 0, flags = 0;
  std::uint32_t crc_error = 0;   // number that is added to the right CRC
  std::uint32_t size_error = 0;  // number that is added to both sizes
  std::string extra = {};        // extra field of the directory's entry
  std::string local_name = {};   // name in front of the member; empty: `name`
};

// What is wrong about the end of an archive. The errors are added to the end record's right values
// for the directory.
struct ZipEnd {
  std::uint16_t count_error = 0;
  std::uint32_t size_error = 0, place_error = 0;
  std::string zip64 = {};  // bytes between the directory and the end record
};

inline std::string zip_file(const std::vector<ZipMember>& members, const ZipEnd& end = {}) {
  std::string file, directory;
  for (const ZipMember& member : members) {
    const auto crc = static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(member.bytes.data()), member.bytes.size()) +
        member.crc_error);
    const std::uint32_t size = static_cast<std::uint32_t>(member.bytes.size()) + member.size_error;
    const std::string& local_name = member.local_name.empty() ? member.name : member.local_name;
    const std::string facts = little(member.flags) + little(member.method) +
                              little(std::uint32_t{0}) + little(crc) + little(size) + little(size);
    const auto place = static_cast<std::uint32_t>(file.size());
    file += little(std::uint32_t{0x04034b50}) + little(std::uint16_t{20}) + facts +
            little(static_cast<std::uint16_t>(local_name.size())) + little(std::uint16_t{0}) +
            local_name + member.bytes;
    directory += little(std::uint32_t{0x02014b50}) + little(std::uint32_t{20}) + facts +
                 little(static_cast<std::uint16_t>(member.name.size())) +
                 little(static_cast<std::uint16_t>(member.extra.size())) + std::string(10, '\0') +
                 little(place) + member.name + member.extra;
  }
  const auto count = static_cast<std::uint16_t>(members.size() + end.count_error);
  const auto place = static_cast<std::uint32_t>(file.size() + end.place_error);
  const auto size = static_cast<std::uint32_t>(directory.size() + end.size_error);
  return file + directory + end.zip64 + little(std::uint32_t{0x06054b50}) +
         little(std::uint32_t{0}) + little(count) + little(count) + little(size) + little(place) +
         little(std::uint16_t{0});
}

inline std::vector<ZipMember> zip_members(const std::string& object,
                                          const std::vector<StoragePiece>& storages) {
  std::vector<ZipMember> members{{"m/data.pkl", pickled(object)}};
  for (const StoragePiece& storage : storages)
    members.push_back({"m/data/" + storage.key, storage.bytes});
  return members;
}

}  // namespace edgeval::test
