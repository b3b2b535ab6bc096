// appliance uninstall: removes exactly what was made, and lists it.
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/server_process.h"
#include "cmd/appliance/verbs.h"
#include "node/bootstrap/kubeconfig.h"
#include "node/join/membership.h"
#include "node/server.h"

namespace appliance::cmd {
namespace {

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

bool confirmed(const node::Config& config) {
  print("This stops all pods and removes " + config.data_dir + ", " + config.run_dir +
        ", their logs and the kubeconfig context.\nGo on? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

int uninstall(Argv argv) {
  bool yes = false;
  std::string write_kubeconfig;
  Args args("uninstall", "removes exactly what was made: data, mounts, links, tables, groups, kubeconfig context",
            {"sudo appliance uninstall", "sudo appliance uninstall --yes"});
  args.flag("-y,--yes", yes, "without asking");
  args.option("--write-kubeconfig", write_kubeconfig, "the file that up was told to write");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  auto config = target.config();
  if (!config) return report("uninstall", config.error());
  if (geteuid() != 0)
    return report(Error{.code = Code::kPermissionDenied,
                        .message = "uninstall: must run as root",
                        .errno_value = 0,
                        .hint = "sudo appliance uninstall"});
  if (!yes && !confirmed(*config)) {
    print("Nothing was removed.\n");
    return kFailed;
  }
  const auto membership = node::read_membership(*config);  // damaged or not, it goes
  if (auto stopped = stop_whoever(*config, {.keep_pods = false}); !stopped) return report("uninstall", stopped.error());
  const base::SystemClock clock;
  const base::Log log(
      std::make_shared<base::LogSink>(STDERR_FILENO, base::LogLevel::kWarn, base::LogFormat::kText, clock));
  if (exists(config->run_dir) || exists(config->data_dir))
    if (auto clean = node::clean_machine(*config, clock, log); !clean) return report("uninstall", clean.error());
  std::vector<std::string> removed;
  auto kubeconfig = write_kubeconfig.empty() ? node::kubeconfig_target()
                                             : Result<node::KubeconfigTarget>(node::KubeconfigTarget{
                                                   .path = write_kubeconfig, .uid = getuid(), .gid = getgid()});
  auto everyones = node::remembered_kubeconfigs(node::kubeconfig_list(config->data_dir));
  if (!everyones) return report("uninstall", everyones.error());
  if (kubeconfig) everyones->push_back(*kubeconfig);
  for (const auto& one : *everyones) {
    const auto gone = node::uninstall_kubeconfig(one, config->kubeconfig_note());
    if (!gone) return report("uninstall", gone.error());
    if (*gone) removed.push_back("context appliance in " + one.path);
  }
  for (const auto& path : {config->data_dir, config->run_dir, config->pod_log_dir(), config->container_log_dir()}) {
    if (!exists(path)) continue;
    if (auto done = base::remove_tree(path); !done) return report("uninstall", done.error());
    removed.push_back(path);
  }
  for (const auto& what : removed) print("removed " + what + '\n');
  if (membership && *membership)
    print("This machine was node " + (*membership)->node_name + " of the cluster at " + (*membership)->server +
          ", which still lists it: kubectl delete node " + (*membership)->node_name + " (appliance leave does both)\n");
  if (removed.empty()) print("Nothing to do: nothing of appliance is on this machine.\n");
  return kDone;
}

}  // namespace appliance::cmd
