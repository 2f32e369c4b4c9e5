#include "eval/command/about/completion_command.hpp"

#include <iostream>

#include "eval/command/about/catalogue.hpp"
#include "eval/command/about/command_list.hpp"
#include "host/core/concat.hpp"

namespace edgeval {
namespace {

constexpr const char* kCompletionExample =
    "Example (bash; for zsh write it to a file _edgeval in a folder of $fpath):\n"
    "  edgeval completion bash > edgeval.bash && . ./edgeval.bash\n";

std::vector<std::string> accelerator_names(const nlohmann::ordered_json& all) {
  std::vector<std::string> names;
  for (const auto& accelerator : all["accelerators"]) names.push_back(accelerator["name"]);
  return names;
}

// Returns all names that `info` takes.
std::vector<std::string> all_names(const nlohmann::ordered_json& all) {
  std::vector<std::string> names = accelerator_names(all);
  for (const auto& [axis, choices] : all["axes"].items()) {
    names.push_back(axis);
    for (const auto& choice : choices) names.push_back(choice["type"]);
  }
  for (const auto& layer : all["layers"]) names.push_back(layer["type"]);
  return names;
}

// Returns the words that an option or a positional takes, beside files, or nothing when it takes
// any word.
std::vector<std::string> words_of(const CommandEntry& command, const OptionEntry& option,
                                  const nlohmann::ordered_json& all) {
  if (option.type == "NAME|FILE") return accelerator_names(all);
  if (option.positional && command.name == "info") return all_names(all);
  return option.words;
}

std::vector<std::string> option_names(const std::vector<OptionEntry>& options) {
  std::vector<std::string> names;
  for (const OptionEntry& option : options)
    if (!option.positional) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// Returns a text in single quotes, as a shell reads it.
std::string in_quotes(const std::string& text) { return "'" + replaced(text, "'", "'\\''") + "'"; }

// In the script `names` are the options of the command, `rest` are the words that it takes without
// an option, and `words` are those that the option in front takes.
constexpr const char* kBashStart = R"(_edgeval() {
  local word=${COMP_WORDS[COMP_CWORD]} last=$((COMP_CWORD - 1)) command=${COMP_WORDS[1]} IFS=$'\n'
  local names='' rest='' rest_files='' option='' takes='' words='' files='' i
  # bash makes three words of --format=text.
  [[ $word == = ]] && word='' || { [[ ${COMP_WORDS[last]} == = ]] && last=$((last - 1)); }
  for ((i = last; i > 1; i--)); do
    [[ ${COMP_WORDS[i]} == -* ]] && option=${COMP_WORDS[i]} && break
  done
)";

constexpr const char* kBashEnd = R"(  if ((COMP_CWORD == 1)); then
    words=$names
  elif [[ $word == -* ]]; then
    words=$names files=''
  elif [[ $takes != many && ! ($takes == one && $i == "$last") ]]; then
    words=$rest files=$rest_files
    [[ $rest$rest_files ]] || words=$names
  fi
  COMPREPLY=($(IFS=' '; compgen -W "$words" -- "$word"))
  if [[ $files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$word"))
  fi
}
complete -F _edgeval edgeval
)";

std::string bash_command(const CommandEntry& command, const nlohmann::ordered_json& all) {
  std::string text =
      "    " + command.name + ") names=" + in_quotes(separated(option_names(command.options), " "));
  for (const OptionEntry& option : command.options)
    if (option.positional)
      text += " rest=" + in_quotes(separated(words_of(command, option, all), " ")) +
              " rest_files=" + (option.takes_file() ? "1" : "");
  return text + " ;;\n";
}

std::string bash_options(const CommandEntry& command, const nlohmann::ordered_json& all) {
  std::string text;
  for (const OptionEntry& option : command.options) {
    if (option.positional || option.is_flag()) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names)
      patterns.push_back(in_quotes(command.name + " " + name));
    text += "    " + separated(patterns, "|") + ") takes=" + (option.many ? "many" : "one") +
            " words=" + in_quotes(separated(words_of(command, option, all), " ")) +
            " files=" + (option.takes_file() ? "1" : "") + " ;;\n";
  }
  return text;
}

std::string bash_script(const CLI::App& app) {
  const std::vector<CommandEntry> commands = command_list(app);
  const nlohmann::ordered_json all = catalogue();
  std::vector<std::string> names = option_names(options_of(app));
  for (const CommandEntry& command : commands) names.push_back(command.name);
  std::string text = "# bash completion for edgeval " EDGEVAL_VERSION
                     ", as `edgeval completion bash` writes it.\n";
  text += kBashStart;
  text += "  case $command in\n";
  for (const CommandEntry& command : commands) text += bash_command(command, all);
  text += "  esac\n  ((COMP_CWORD == 1)) && names=" + in_quotes(separated(names, " ")) +
          "\n  case \"$command $option\" in\n";
  for (const CommandEntry& command : commands) text += bash_options(command, all);
  return text + "  esac\n" + kBashEnd;
}

std::string zsh_meaning(const std::string& text) {
  return replaced(replaced(replaced(replaced(text, "\\", "\\\\"), "[", "\\["), "]", "\\]"), ":",
                  "\\:");
}

// Returns ":message:action", zsh's description of an option's value.
std::string zsh_value(const OptionEntry& option, const std::vector<std::string>& words) {
  const std::string message = ":" + zsh_meaning(option.type) + ":";
  if (!words.empty() && option.takes_file())
    return message + "{compadd " + separated(words, " ") + "; _files}";
  if (!words.empty()) return message + "(" + separated(words, " ") + ")";
  return message + (option.takes_file() ? "_files" : " ");
}

std::string zsh_command(const CommandEntry& command, const nlohmann::ordered_json& all) {
  std::string text = "    " + command.name + ")\n      _arguments";
  int place = 0;
  for (const OptionEntry& option : command.options) {
    const std::vector<std::string> words = words_of(command, option, all);
    if (option.positional) {
      text += " \\\n        " + in_quotes(std::to_string(++place) + zsh_value(option, words));
      continue;
    }
    for (const std::string& name : option.names) {
      std::string spec = (option.many ? "*" : "") + name;
      if (!option.is_flag()) spec += name.starts_with("--") ? "=" : "+";
      spec += "[" + zsh_meaning(option.meaning) + "]";
      if (!option.is_flag()) spec += zsh_value(option, words);
      text += " \\\n        " + in_quotes(spec);
    }
  }
  return text + "\n      ;;\n";
}

std::string zsh_script(const CLI::App& app) {
  const std::vector<CommandEntry> commands = command_list(app);
  const nlohmann::ordered_json all = catalogue();
  std::string text =
      "#compdef edgeval\n"
      "# zsh completion for edgeval " EDGEVAL_VERSION
      ", as `edgeval completion zsh` writes it.\n"
      "_edgeval() {\n  local -a commands\n  commands=(\n";
  for (const CommandEntry& command : commands)
    text += "    " + in_quotes(command.name + ":" + zsh_meaning(command.meaning)) + "\n";
  text +=
      "  )\n  if ((CURRENT == 2)); then\n    _describe -t commands command commands\n"
      "    compadd -- " +
      separated(option_names(options_of(app)), " ") +
      "\n    return\n  fi\n  local command=$words[2]\n  shift words\n  ((CURRENT--))\n"
      "  case $command in\n";
  for (const CommandEntry& command : commands) text += zsh_command(command, all);
  return text + "  esac\n}\n_edgeval \"$@\"\n";
}

}  // namespace

void setup_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completion", "A script with which a shell completes what is typed");
  command->add_option("SHELL", *shell, "bash or zsh")
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->required();
  command->footer(kCompletionExample);
  command->callback(
      [shell, &app] { std::cout << (*shell == "bash" ? bash_script(app) : zsh_script(app)); });
}

}  // namespace edgeval
