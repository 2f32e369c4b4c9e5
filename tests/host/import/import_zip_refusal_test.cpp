// Zip archives that lie about themselves, and zip archives that torch.save does not write, are
// refused in one line.
#include <gtest/gtest.h>

#include <functional>

#include "tests/support/refused_import.hpp"

namespace edgeval::test {
namespace {

std::string end64(std::uint64_t count, std::uint64_t size, std::uint64_t place,
                  std::uint64_t located) {
  return little(std::uint32_t{0x06064b50}) + little(std::uint64_t{44}) + std::string(12, '\0') +
         little(count) + little(count) + little(size) + little(place) +
         little(std::uint32_t{0x07064b50}) + std::string(4, '\0') + little(located) +
         little(std::uint32_t{1});
}

TEST(ImportRefusal, ZipsThatLie) {
  const auto changed = [](std::size_t member, const std::function<void(ZipMember&)>& change) {
    std::vector<ZipMember> members = zip_members(linear(), storages());
    change(members[member]);
    return zip_file(members);
  };
  const auto more = [](ZipMember member) {
    std::vector<ZipMember> members = zip_members(linear(), storages());
    members.push_back(std::move(member));
    return zip_file(members);
  };
  const auto end = [](const ZipEnd& what) {
    return zip_file(zip_members(linear(), storages()), what);
  };
  const std::string good = end({});
  const auto all_bits = little(~std::uint32_t{0});
  const std::string far =
      little(std::uint16_t{1}) + little(std::uint16_t{8}) + little(~std::uint64_t{0});
  // The last member claims 2^32 - 1 bytes, of which the extra field says the truth or not.
  const auto zip64 = [&](const std::string& extra) {
    return changed(2, [&](ZipMember& member) {
      member.size_error = ~std::uint32_t{0} - static_cast<std::uint32_t>(member.bytes.size());
      member.extra = extra;
    });
  };
  const auto both_sizes = [](std::uint64_t size, std::uint64_t packed) {
    return little(std::uint16_t{1}) + little(std::uint16_t{16}) + little(size) + little(packed);
  };
  EXPECT_EQ(refusal([&] { imported(zip64(both_sizes(20, 20))); }), "accepted");
  expect_refused({
      {"a wrong CRC", changed(1, [](auto& m) { m.crc_error = 1; }),
       "\"m/data/0\": the bytes do not have the CRC-32"},
      {"a wrong CRC of the pickle", changed(0, [](auto& m) { m.crc_error = 1; }),
       "\"m/data.pkl\": the bytes do not"},
      {"deflated", changed(1, [](auto& m) { m.method = 8; }), "is compressed (method 8)"},
      {"encrypted", changed(1, [](auto& m) { m.flags = 1; }), "is encrypted"},
      {"a size beyond the archive", changed(1, [](auto& m) { m.size_error = 1 << 30; }),
       "bytes reach into the directory"},
      {"a size that is smaller",
       changed(1, [](auto& m) { m.size_error = static_cast<std::uint32_t>(-4); }), "CRC-32"},
      {"zip64 of 2^64 - 1 bytes", zip64(both_sizes(~std::uint64_t{0}, ~std::uint64_t{0})),
       "bytes reach into the directory"},
      {"zip64 of two sizes", zip64(both_sizes(20, 21)), "20 bytes are stored in 21"},
      {"zip64 with one size", zip64(far), "zip: a record is cut off"},
      {"zip64 without sizes", zip64(""), "4294967295 bytes reach into the directory"},
      {"an extra field beyond the entry",
       changed(1, [](auto& m) { m.extra = std::string("\x01\x00\xff\xff", 4); }),
       "an extra field reaches beyond the entry"},
      {"another name in front of the bytes", changed(1, [](auto& m) { m.local_name = "m/data/9"; }),
       "its header has another name"},
      {"a name that climbs", more({"m/../../etc/passwd", "x"}),
       "such a name belongs to no checkpoint"},
      {"a name from the root", more({"/etc/passwd", "x"}), "such a name belongs to no checkpoint"},
      {"a name with a backslash", more({"m\\..\\x", "x"}), "such a name belongs to no checkpoint"},
      {"a name with a zero", more({std::string("m/\0x", 4), "x"}),
       "such a name belongs to no checkpoint"},
      {"no name", more({"", "x"}), "such a name belongs to no checkpoint"},
      {"a name that is not UTF-8", more({"m/\xff", "x"}), "not UTF-8"},
      {"a member twice", more({"m/data/0", "x"}), "\"m/data/0\": occurs twice"},
      {"more members than there are", end({.count_error = 1}), "no entry of the directory"},
      {"fewer members", end({.count_error = 0xffff}), "do not fill its"},
      {"a directory that is larger", end({.size_error = 1}), "does not end at the end record"},
      {"a directory elsewhere", end({.size_error = 1, .place_error = ~std::uint32_t{0}}),
       "no entry of the directory"},
      {"a directory beyond the file", end({.place_error = 1 << 30}),
       "does not end at the end record"},
      {"a zip64 end elsewhere", end({.zip64 = end64(3, 0, 0, 0)}),
       "the zip64 end record is not where its locator says"},
      {"a zip64 end that is no record",
       end({.zip64 = std::string(56, 'x') + end64(0, 0, 0, 0).substr(56, 8) +
                     little(good.size() - 22) + all_bits}),
       "the zip64 end record is damaged"},
      {"a zip64 directory of 2^63",
       end({.zip64 = end64(3, std::uint64_t{1} << 63, std::uint64_t{1} << 63, good.size() - 22)}),
       "does not end at the end record"},
      {"bytes behind", good + "x", "zip: no end record"},
      {"a cut", good.substr(0, good.size() - 1), "zip: no end record"},
      {"two bytes", "PK", "zip: 2 bytes are too short"},
      {"no data.pkl", zip_file({{"m/version", "3"}}), "a zip without data.pkl"},
      {"no storages", zip_file(zip_members(linear(), {})), "storage \"0\" is missing"},
      {"a storage too small", changed(2, [](auto& m) { m.bytes.resize(16); }),
       "5 elements of F32 are wanted, but it has 16 bytes"},
      {"a storage too large", changed(2, [](auto& m) { m.bytes += "x"; }), "but it has 21 bytes"},
      {"bytes behind the pickle", changed(0, [](auto& m) { m.bytes += "x"; }),
       "1 bytes follow the pickle"},
      {"a big-endian machine", more({"m/byteorder", "big"}), "byteorder is not little"},
      {"TorchScript", more({"m/constants.pkl", "x"}), "a TorchScript program; save the state dict"},
  });
  // Two entries of the directory lead to one member, that is to the same header.
  std::string twice = good;
  const std::size_t second = good.find("m/data/1", good.find("m/data/1") + 1);
  twice.replace(second - 4, 4,
                good.substr(good.find("m/data/0", good.find("m/data/0") + 1) - 4, 4));
  expect_refused(
      {{"two members at one place", twice, "\"m/data/1\": its header has another name"}});
}

}  // namespace
}  // namespace edgeval::test
