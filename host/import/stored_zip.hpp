// The members of a zip archive that are stored, not compressed, as torch.save and numpy.savez write
// them; zip64 too. The bytes are checked against their CRC-32. Members are views on the archive:
// nothing is unpacked, their names are never paths.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace edgeval {

// By name. Throws Error, opening with `path`, unless the archive is whole: one central directory
// right before the end record, members that do not overlap, each with the size and the CRC that the
// directory gives.
std::map<std::string, std::string_view> stored_members(std::string_view archive,
                                                       const std::string& path);

}  // namespace edgeval
