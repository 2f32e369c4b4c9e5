#include "eval/command/about/command_list.hpp"

namespace edgeval {
namespace {

// Returns the words in the braces of "TEXT:{text,json}".
std::vector<std::string> words_in(const std::string& type) {
  std::vector<std::string> words;
  const std::size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return words;
  std::size_t start = open + 1;
  while (start <= close) {
    const std::size_t end = std::min(type.find(',', start), close);
    words.push_back(type.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

OptionEntry entry_of(const CLI::Option& option) {
  OptionEntry entry;
  entry.positional = option.get_positional();
  if (entry.positional) entry.names.push_back(option.get_name(true));
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) entry.type = option.get_type_name();
  entry.words = words_in(entry.type);
  if (!entry.words.empty()) entry.type = "WORD";
  entry.meaning = option.get_description();
  entry.standard = option.get_default_str();
  entry.group = option.get_group();
  entry.required = option.get_required();
  entry.many = option.get_items_expected_max() > 1;
  return entry;
}

}  // namespace

bool OptionEntry::takes_file() const {
  // CLI11 gives the type TEXT to an option without a type. Positionals of this type are files here.
  return type == "PATH" || type == "FOLDER" || type.find("FILE") != std::string::npos ||
         (positional && type == "TEXT");
}

std::vector<OptionEntry> options_of(const CLI::App& app) {
  std::vector<OptionEntry> entries;
  for (const CLI::Option* option : app.get_options()) entries.push_back(entry_of(*option));
  return entries;
}

std::vector<CommandEntry> command_list(const CLI::App& app) {
  std::vector<CommandEntry> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    commands.push_back({command->get_name(), command->get_description(), command->get_footer(),
                        options_of(*command)});
  return commands;
}

}  // namespace edgeval
