// Numbers are little-endian and stand at the offsets that PKWARE's APPNOTE gives in sections 4.3.7
// to 4.3.16 and 4.5.3.
#include "host/import/source/stored_zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

constexpr std::uint64_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20, kEntrySize = 46,
                        kLocalSize = 30;
constexpr std::uint32_t kEndMark = 0x06054b50, kEnd64Mark = 0x06064b50, kLocatorMark = 0x07064b50,
                        kEntryMark = 0x02014b50, kLocalMark = 0x04034b50;
constexpr std::uint64_t kAbove32 = 0xffffffff;  // marks a value that the zip64 fields have

class Archive {
 public:
  Archive(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  std::map<std::string, std::string_view> members() {
    read_end();
    std::map<std::string, std::string_view> members;
    std::vector<Span> spans;
    std::uint64_t at = directory_;
    for (std::uint64_t i = 0; i < count_; ++i) {
      const Entry entry = read_entry(at);
      EDGEVAL_EXPECTS(members.emplace(entry.name, contents(entry, spans)).second, path_,
                      ": zip member ", shown(entry.name), ": occurs twice");
    }
    EDGEVAL_EXPECTS(at == directory_ + directory_size_, path_, ": zip: the directory has ", count_,
                    " members, which do not fill its ", directory_size_, " bytes");
    check_overlap(spans);
    return members;
  }

 private:
  struct Entry {
    std::string name;
    std::uint64_t size = 0, local = 0;
    std::uint32_t crc = 0;
  };
  struct Span {
    std::uint64_t begin, end;
    std::string name;
  };

  template <class Number>
  Number number(std::uint64_t at, std::uint64_t end) const {
    EDGEVAL_EXPECTS(at <= end && sizeof(Number) <= end - at && end <= bytes_.size(), path_,
                    ": zip: a record is cut off at byte ", at);
    Number value;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  std::uint64_t u16(std::uint64_t at) const { return number<std::uint16_t>(at, bytes_.size()); }
  std::uint64_t u32(std::uint64_t at) const { return number<std::uint32_t>(at, bytes_.size()); }
  std::uint64_t u64(std::uint64_t at) const { return number<std::uint64_t>(at, bytes_.size()); }

  void read_end() {
    EDGEVAL_EXPECTS(bytes_.size() >= kEndSize, path_, ": zip: ", bytes_.size(),
                    " bytes are too short for one");
    std::uint64_t end = bytes_.size() - kEndSize;
    EDGEVAL_EXPECTS(
        u32(end) == kEndMark && u16(end + 20) == 0, path_,
        ": zip: no end record at the end of the file: it was cut off, or has something behind it");
    EDGEVAL_EXPECTS(u16(end + 4) == 0 && u16(end + 6) == 0, path_, ": zip: one of several disks");
    count_ = u16(end + 10);
    directory_size_ = u32(end + 12);
    directory_ = u32(end + 16);
    if (end >= kLocatorSize && u32(end - kLocatorSize) == kLocatorMark) {
      EDGEVAL_EXPECTS(end >= kLocatorSize + kEnd64Size &&
                          u64(end - kLocatorSize + 8) == end - kLocatorSize - kEnd64Size,
                      path_, ": zip: the zip64 end record is not where its locator says");
      end -= kLocatorSize + kEnd64Size;
      EDGEVAL_EXPECTS(u32(end) == kEnd64Mark && u64(end + 4) == kEnd64Size - 12, path_,
                      ": zip: the zip64 end record is damaged");
      count_ = u64(end + 32);
      directory_size_ = u64(end + 40);
      directory_ = u64(end + 48);
    }
    EDGEVAL_EXPECTS(directory_ <= end && directory_size_ == end - directory_, path_,
                    ": zip: the directory of ", directory_size_, " bytes at byte ", directory_,
                    " does not end at the end record at byte ", end);
  }

  // Reads the entry at `at` and moves `at` behind it.
  Entry read_entry(std::uint64_t& at) const {
    EDGEVAL_EXPECTS(u32(at) == kEntryMark, path_, ": zip: no entry of the directory at byte ", at);
    const std::uint64_t flags = u16(at + 8), method = u16(at + 10), packed = u32(at + 20);
    Entry entry;
    entry.crc = number<std::uint32_t>(at + 16, bytes_.size());
    entry.size = u32(at + 24);
    entry.local = u32(at + 42);
    const std::uint64_t name_size = u16(at + 28), extra_size = u16(at + 30),
                        comment_size = u16(at + 32);
    const std::uint64_t name_at = at + kEntrySize, extra_at = name_at + name_size;
    EDGEVAL_EXPECTS(extra_at + extra_size + comment_size <= directory_ + directory_size_, path_,
                    ": zip: an entry at byte ", at, " reaches beyond the directory");
    entry.name = bytes_.substr(name_at, name_size);
    check_name(entry.name);
    const std::string place = concat(path_, ": zip member ", shown(entry.name));
    EDGEVAL_EXPECTS((flags & 0x2041) == 0, place, ": is encrypted");
    EDGEVAL_EXPECTS(method == 0, place, ": is compressed (method ", method,
                    "); torch.save stores, so it went through another program");
    const std::uint64_t real = packed_size(entry, packed, extra_at, extra_at + extra_size);
    EDGEVAL_EXPECTS(real == entry.size, place, ": ", entry.size, " bytes are stored in ", real);
    at = extra_at + extra_size + comment_size;
    return entry;
  }

  void check_name(const std::string& name) const {
    expect_utf8(name, path_);
    const bool odd = name.empty() || name.front() == '/' || name.find('\\') != std::string::npos ||
                     name.find('\0') != std::string::npos ||
                     ("/" + name + "/").find("/../") != std::string::npos;
    EDGEVAL_EXPECTS(!odd, path_, ": zip member ", shown(name),
                    ": such a name belongs to no checkpoint");
  }

  // Replaces each value 0xffffffff by the one in the zip64 field, which has size, packed size and
  // place in this order. Returns the packed size.
  std::uint64_t packed_size(Entry& entry, std::uint64_t packed, std::uint64_t at,
                            std::uint64_t end) const {
    while (at + 4 <= end) {
      const std::uint64_t id = u16(at), stop = at + 4 + u16(at + 2);
      EDGEVAL_EXPECTS(stop <= end, path_, ": zip member ", shown(entry.name),
                      ": an extra field reaches beyond the entry");
      at += 4;
      if (id == 1) {
        for (std::uint64_t* field : {&entry.size, &packed, &entry.local}) {
          if (*field != kAbove32) continue;
          *field = number<std::uint64_t>(at, stop);
          at += 8;
        }
      }
      at = stop;
    }
    return packed;
  }

  std::string_view contents(const Entry& entry, std::vector<Span>& spans) const {
    const std::string place = concat(path_, ": zip member ", shown(entry.name));
    EDGEVAL_EXPECTS(entry.local <= directory_ && kLocalSize <= directory_ - entry.local, place,
                    ": lies at byte ", entry.local, ", not before the directory");
    EDGEVAL_EXPECTS(u32(entry.local) == kLocalMark, place, ": has no header at byte ", entry.local);
    const std::uint64_t name_size = u16(entry.local + 26);
    const std::uint64_t begin = entry.local + kLocalSize + name_size + u16(entry.local + 28);
    EDGEVAL_EXPECTS(begin <= directory_ && entry.size <= directory_ - begin, place, ": its ",
                    entry.size, " bytes reach into the directory");
    EDGEVAL_EXPECTS(bytes_.substr(entry.local + kLocalSize, name_size) == entry.name, place,
                    ": its header has another name");
    EDGEVAL_EXPECTS(u16(entry.local + 8) == 0, place, ": its header says that it is compressed");
    const std::string_view bytes = bytes_.substr(begin, entry.size);
    spans.push_back({entry.local, begin + entry.size, entry.name});
    EDGEVAL_EXPECTS(
        crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) == entry.crc, place,
        ": the bytes do not have the CRC-32 that the directory gives");
    return bytes;
  }

  void check_overlap(std::vector<Span>& spans) const {
    std::sort(spans.begin(), spans.end(),
              [](const Span& a, const Span& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < spans.size(); ++i)
      EDGEVAL_EXPECTS(spans[i].begin >= spans[i - 1].end, path_, ": zip member ",
                      shown(spans[i].name), ": overlaps with ", shown(spans[i - 1].name));
  }

  std::string_view bytes_;
  const std::string& path_;
  std::uint64_t count_ = 0, directory_ = 0, directory_size_ = 0;
};

}  // namespace

std::map<std::string, std::string_view> stored_members(std::string_view archive,
                                                       const std::string& path) {
  return Archive(archive, path).members();
}

}  // namespace edgeval
