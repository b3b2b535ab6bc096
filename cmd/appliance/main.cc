// appliance: the verb table. Each verb is one file; this one finds it.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {

constexpr Verb kVerbs[] = {
    {"up", "makes sure a server runs on this machine, and says how to go on", up},
    {"server", "runs the server in the foreground (for systemd)", server},
    {"join", "joins this machine to a cluster", join},
    {"leave", "takes this machine out of its cluster", leave},
    {"certs", "lists and rotates certificates", nullptr},
    {"token", "creates, lists and deletes join tokens", token},
    {"status", "one screen: servers, nodes, pods, store, versions, problems first", status},
    {"down", "stops pods and server, keeps data", down},
    {"uninstall", "removes exactly what was made", uninstall},
    {"get", "prints objects, as kubectl get", get},
    {"describe", "prints one object with its events", nullptr},
    {"apply", "creates or changes objects from files, as kubectl apply", apply},
    {"delete", "deletes objects, as kubectl delete", remove},
    {"logs", "prints a container's log, as kubectl logs", logs},
    {"exec", "runs a command in a container, as kubectl exec", exec},
    {"scale", "changes the number of replicas", nullptr},
    {"rollout", "status, restart, history and undo of rollouts", nullptr},
    {"store", "the store: status, get, put, del, watch", store},
    {"image", "images: pull, ls, rm, import, export, demo", image},
    {"oci", "the OCI runtime command line", nullptr},
    {"release", "makes and checks releases", nullptr},
    {"update", "updates of this machine", nullptr},
    {"dashboard", "prints a link to the dashboard and opens it", dashboard},
    {"dev", "clusters on one machine to try things with", dev},
    {"check", "is this machine fit? each failing line names the remedy", check},
    {"version", "prints the version", version},
    {"completion", "prints a completion script for bash, zsh or fish", completion},
    {"demo-server", "the demo's web page", demo_server, true},
    {"init", "the first process of a machine that boots from this binary", init, true},
};

std::span<const Verb> verbs() { return kVerbs; }

namespace {

int help() {
  std::vector<std::vector<std::string>> rows;
  for (const auto& verb : kVerbs)
    if (!verb.hidden)
      rows.push_back(
          {std::string("  ") + verb.name, std::string(verb.summary) + (verb.run == nullptr ? " (not yet)" : "")});
  print("appliance: a Kubernetes-compatible cluster in one executable.\n\nUsage: appliance VERB [flags]\n\n" +
        table(rows) +
        "\nEvery verb has --help with examples. Exit codes: 0 done, 1 failed, 2 wrong usage.\n\nExamples:\n  sudo "
        "appliance up\n  kubectl get pods -A\n");
  return kDone;
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "help" || words[0] == "--help" || words[0] == "-h") return help();
  if (words[0] == "--version") return version({});
  for (const auto& verb : kVerbs) {
    if (words[0] != verb.name) continue;
    if (verb.run == nullptr) {
      std::fprintf(stderr,
                   "error: %s: not yet: this verb is part of the contract but not built yet\nhint: the README's table "
                   "says what works\n",
                   verb.name);
      return kUsage;
    }
    return verb.run(Argv(words).subspan(1));
  }
  std::fprintf(stderr, "error: %s: no such verb\nhint: appliance help\n", words[0].c_str());
  return kUsage;
}

}  // namespace
}  // namespace appliance::cmd

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> words(argv + 1, argv + argc);
  // A kernel that boots from this binary calls it /init, with what stands behind `--` on its command line.
  if (getpid() == 1 && std::string_view(argv[0]).ends_with("/init")) words.insert(words.begin(), "init");
  return appliance::cmd::dispatch(words);
}
