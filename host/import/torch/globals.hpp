// Which names a pickle may hold. Nothing that it names is ever imported or called; a refusal warns
// of a file that would do something when Python loads it. Of Python's own library, numpy and torch
// only plain data are let in. Names of other modules are classes of whoever wrote the file: they
// stay names, and what belongs to them is left out.
#pragma once

#include <string_view>

namespace edgeval {

// `global` is "module.name".
bool is_plain_global(std::string_view global);

}  // namespace edgeval
