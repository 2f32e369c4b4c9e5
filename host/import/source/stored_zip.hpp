// Reads the members of a zip or zip64 archive that are stored, not compressed, as torch.save and
// numpy.savez write them. The bytes are checked against their CRC-32. Members are views of the
// archive: nothing is unpacked, and their names are never used as paths.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace edgeval {

// Returns the members by name. Throws Error, opening with `path`, unless the archive is whole: it
// must have one central directory right before the end record and members that do not overlap, each
// with the size and the CRC that the directory gives.
std::map<std::string, std::string_view> stored_members(std::string_view archive,
                                                       const std::string& path);

}  // namespace edgeval
