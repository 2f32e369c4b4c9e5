// Decides which names a pickle may hold. Nothing that it names is ever imported or called; a
// refusal warns of a file that would act when Python loads it. Of Python's own library, numpy and
// torch only plain data are allowed. Names of other modules are classes of the file's authors: they
// stay names, and what belongs to them is left out.
#pragma once

#include <string_view>

namespace edgeval {

// Whether the name, "module.name", may occur in a pickle.
bool is_plain_global(std::string_view global);

}  // namespace edgeval
