// Checks what must hold for the options of every command, above all for those that name files and
// folders. No value is empty, values that go into JSON are UTF-8, and --out replaces neither an
// input nor a file that edgeval did not write.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

// Checks a command whose options have been parsed. An option names a path if its type is called
// FILE, FOLDER, PATH or NAME|FILE. Throws Error naming the option, the file and the cure.
void check_path_options(const CLI::App& command);

}  // namespace edgeval
