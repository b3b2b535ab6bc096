// appliance completion: scripts made from the verb table, so that they cannot miss a verb.
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {

int completion(Argv argv) {
  std::string shell;
  Args args("completion", "prints a completion script for bash, zsh or fish",
            {"appliance completion bash >/etc/bash_completion.d/appliance", "source <(appliance completion zsh)"});
  args.positional("SHELL", shell, "bash, zsh or fish");
  if (auto code = args.parse(argv)) return *code;
  std::string words;
  for (const auto& verb : verbs())
    if (!verb.hidden && verb.run != nullptr) words += std::string(words.empty() ? "" : " ") + verb.name;
  const std::string image = "pull ls rm import export demo";
  const std::string store = "status get put del watch";
  const std::string token = "create list delete";
  if (shell == "bash") {
    print(
        "# bash completion for appliance\n_appliance() {\n  local cur=${COMP_WORDS[COMP_CWORD]}\n  if [ "
        "\"$COMP_CWORD\" = 1 ]; then\n    COMPREPLY=($(compgen -W \"" +
        words +
        "\" -- \"$cur\"))\n  elif [ \"$COMP_CWORD\" = 2 ]; then\n    case ${COMP_WORDS[1]} in\n      image) "
        "COMPREPLY=($(compgen -W \"" +
        image + "\" -- \"$cur\")) ;;\n      store) COMPREPLY=($(compgen -W \"" + store +
        "\" -- \"$cur\")) ;;\n      token) COMPREPLY=($(compgen -W \"" + token +
        "\" -- \"$cur\")) ;;\n      completion) COMPREPLY=($(compgen -W \"bash zsh fish\" -- \"$cur\")) ;;\n    esac\n "
        " fi\n}\ncomplete -F _appliance appliance\n");
  } else if (shell == "zsh") {
    print("#compdef appliance\n_appliance() {\n  if (( CURRENT == 2 )); then compadd " + words +
          "\n  elif (( CURRENT == 3 )); then\n    case $words[2] in\n      image) compadd " + image +
          " ;;\n      store) compadd " + store + " ;;\n      token) compadd " + token +
          " ;;\n      completion) compadd bash zsh fish ;;\n    esac\n  fi\n}\ncompdef _appliance appliance\n");
  } else if (shell == "fish") {
    std::string out = "# fish completion for appliance\n";
    for (const auto& verb : verbs())
      if (!verb.hidden && verb.run != nullptr)
        out += std::string("complete -c appliance -n __fish_use_subcommand -f -a ") + verb.name + " -d '" +
               verb.summary + "'\n";
    print(out + "complete -c appliance -n '__fish_seen_subcommand_from image' -f -a '" + image +
          "'\ncomplete -c appliance -n '__fish_seen_subcommand_from store' -f -a '" + store +
          "'\ncomplete -c appliance -n '__fish_seen_subcommand_from token' -f -a '" + token + "'\n");
  } else {
    return usage_error("completion", "\"" + shell + "\": must be bash, zsh or fish");
  }
  return kDone;
}

}  // namespace appliance::cmd
