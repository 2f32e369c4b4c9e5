// What holds for every option, and above all for those that name files and folders, whatever the
// command: none is empty, none that goes into JSON is anything but UTF-8, and what is written with
// --out replaces neither an input nor a file that edgeval did not write.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

// Of a command whose options have been parsed. An option counts by its type name: FILE, FOLDER,
// PATH or NAME|FILE. Throws Error naming the option, the file and the cure.
void check_path_options(const CLI::App& command);

}  // namespace edgeval
