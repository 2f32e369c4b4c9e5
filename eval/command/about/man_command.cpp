#include "eval/command/about/man_command.hpp"

#include <iostream>
#include <sstream>

#include "eval/command/about/command_list.hpp"
#include "host/core/concat.hpp"

namespace edgeval {
namespace {

constexpr const char* kEnd =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\ndone\n"
    ".TP\n.B 1\nthe input is wrong: a file, a key, a value, an option; one line on standard error "
    "says what and where\n"
    ".TP\n.B 2\nsomething failed on the way, such as memory or a full disk\n"
    ".TP\n.B 3\ncompare --max-loss found a loss that is beyond the limit\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B EDGEVAL_SHARE\nthe folder that holds hwmodel/accelerators; without it "
    "../share/edgeval "
    "beside the program's folder, else the folder that it was built from\n"
    ".SH FILES\n"
    ".TP\n.I ../share/edgeval/hwmodel/accelerators\nthe accelerators, seen from the program's "
    "folder\n"
    ".TP\n.I ../share/edgeval/datasets\nthe test sets that ship, each with its model; the examples "
    "run from the folder above\n"
    ".TP\n.I ../share/doc/edgeval\nthe documentation: files, techniques, hardware\n";

// Returns a text as roff prints it unchanged: without escapes and requests, and with dashes that
// can be copied.
std::string escaped(const std::string& text) {
  std::string out;
  bool first = true;  // whether the character is the first of a line
  for (const char c : text) {
    if (first && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    first = c == '\n';
  }
  return out;
}

std::string option_text(const OptionEntry& option) {
  std::string text = ".TP\n";
  for (std::size_t i = 0; i < option.names.size(); ++i)
    text += (i > 0 ? ", " : "") + ("\\fB" + escaped(option.names[i]) + "\\fR");
  if (!option.words.empty())
    text += " " + escaped(separated(option.words, "|"));
  else if (!option.type.empty() && !option.positional)
    text += " \\fI" + escaped(option.type) + "\\fR" + (option.many ? " ..." : "");
  text += "\n" + escaped(option.meaning);
  if (option.required) text += " (wanted)";
  if (!option.standard.empty()) text += " (default: " + escaped(option.standard) + ")";
  return text + "\n";
}

std::string command_text(const CommandEntry& command) {
  std::string synopsis = "edgeval " + command.name + " [OPTIONS]";
  for (const OptionEntry& option : command.options)
    if (option.positional)
      synopsis += option.required ? " " + option.names[0] : " [" + option.names[0] + "]";
  std::string text = ".SS \"" + escaped(synopsis) + "\"\n" + escaped(command.meaning) + ".\n";
  std::string group;
  for (const OptionEntry& option : command.options) {
    const bool usual = option.group == "Options" || option.positional;
    if (!usual && option.group != group) text += ".PP\n" + escaped(option.group) + ":\n";
    group = option.group;
    text += option_text(option);
  }
  if (!command.footer.empty()) text += ".PP\n.nf\n" + escaped(command.footer) + "\n.fi\n";
  return text;
}

std::string man_page(const CLI::App& app) {
  std::ostringstream text;
  text.exceptions(std::ios::badbit);  // without memory a stream would go on
  text << ".TH EDGEVAL 1 \"\" \"edgeval " EDGEVAL_VERSION "\" \"User Commands\"\n"
       << ".SH NAME\nedgeval \\- "
       << escaped("run recurrent networks under energy-saving techniques")
       << "\n.SH SYNOPSIS\n.B edgeval\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n"
       << escaped(app.get_description()) << "\n";
  for (const OptionEntry& option : options_of(app)) text << option_text(option);
  text << ".SH COMMANDS\n";
  for (const CommandEntry& command : command_list(app)) text << command_text(command);
  text << kEnd;
  return text.str();
}

}  // namespace

void setup_man(CLI::App& app) {
  CLI::App* command = app.add_subcommand("man", "The manual page, for man");
  command->footer("Example:\n  edgeval man > edgeval.1\n");
  command->callback([&app] { std::cout << man_page(app); });
}

}  // namespace edgeval
