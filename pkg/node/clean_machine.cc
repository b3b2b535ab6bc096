// Undoing what a server or worker made outside of its data, without one.
#include <unistd.h>

#include <filesystem>

#include "node/addresses.h"
#include "node/agent/agent.h"
#include "node/join/membership.h"
#include "node/server.h"
#include "orchestrator/dns/server.h"
#include "orchestrator/podnet/podnet.h"
#include "orchestrator/proxy/proxy.h"

namespace appliance::node {
namespace {

// What a crash may leave: empty groups. Only rmdir: a group with a process in it stays, and says so by staying.
void remove_groups(const std::string& parent) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::vector<fs::path> roots{"/sys/fs/cgroup"};
  for (const auto& entry : fs::directory_iterator("/sys/fs/cgroup", ignored))
    if (entry.is_directory(ignored)) roots.push_back(entry.path());
  for (const auto& root : roots) {
    const fs::path top = root / parent;
    std::vector<fs::path> groups;
    for (const auto& entry : fs::recursive_directory_iterator(top, ignored))
      if (entry.is_directory(ignored)) groups.push_back(entry.path());
    for (auto group = groups.rbegin(); group != groups.rend(); ++group) (void)::rmdir(group->c_str());
    (void)::rmdir(top.c_str());
  }
}

// A worker's range was given to it; a server's is the first.
Result<std::string> pod_cidr_of(const Config& config) {
  const auto membership = read_membership(config);
  if (membership && *membership && !(*membership)->pod_cidr.empty()) return (*membership)->pod_cidr;
  return nth_subnet(config.cluster_cidr, kPodSubnetBits, 0);
}

}  // namespace

Result<> clean_machine(const Config& given, const base::Clock& clock, const base::Log& log) {
  Config config = given;
  if (const auto membership = read_membership(config); membership && *membership)
    apply_membership(config, **membership);  // a worker's networks and DNS address are its cluster's, not its flags'
  auto images = TRY_CTX(open_images(config, log), "images");
  auto runtime = TRY_CTX(runtime::cri::open_runtime(runtime_options(config, clock, log), std::move(images)), "runtime");
  for (const auto& sandbox : TRY(runtime->list_sandboxes())) {
    TRY_CTX(runtime->stop_sandbox(sandbox.id), "stop pod " + sandbox.config.name);
    TRY_CTX(runtime->remove_sandbox(sandbox.id), "remove pod " + sandbox.config.name);
  }
  runtime->images().reconcile({});
  remove_groups(config.cgroup_parent());
  TRY_CTX(orchestrator::proxy::remove_all(), "service tables");
  TRY_CTX(orchestrator::dns::remove_addresses({config.cluster_dns}), "dns address");
  const auto pod_cidr = TRY(pod_cidr_of(config));
  TRY_CTX(orchestrator::podnet::remove_all(podnet_options(config, pod_cidr, log)), "network");
  return {};
}

}  // namespace appliance::node
