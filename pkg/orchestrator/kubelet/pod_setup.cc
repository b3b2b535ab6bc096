// PodWorker: sandbox, network, volumes and their end.
#include <algorithm>

#include "base/fs.h"
#include "orchestrator/dns/pod_resolv.h"
#include "orchestrator/kubelet/container_config.h"
#include "orchestrator/kubelet/etc_files.h"
#include "orchestrator/kubelet/pod_worker.h"

namespace appliance::orchestrator::kubelet {
namespace {

using std::chrono::seconds;

std::vector<podnet::HostPort> host_ports(const json::Value& pod) {
  std::vector<podnet::HostPort> out;
  for (const auto& container : json::array_at(pod, {"spec", "containers"})) {
    for (const auto& port : json::array_at(container, {"ports"})) {
      const auto number = json::int_at(port, {"hostPort"});
      if (number == 0) continue;
      out.push_back({.protocol = std::string(json::string_at(port, {"protocol"}, "TCP")),
                     .host_port = static_cast<uint16_t>(number),
                     .container_port = static_cast<uint16_t>(json::int_at(port, {"containerPort"})),
                     .host_ip = std::string(json::string_at(port, {"hostIP"}))});
    }
  }
  return out;
}

}  // namespace

PodWorker::Outcome PodWorker::run_sandbox(Frame& f, const Action& action) {
  const auto config = sandbox_config(f.spec, action.attempt, d_.options.pod_log_root, d_.options.cgroup_parent);
  if (const auto made = base::make_dirs(config.log_dir, 0755); !made) {
    setup_failed(f, "FailedCreatePodSandBox", made.error());
    return Outcome::kFailed;
  }
  auto id = d_.runtime.run_sandbox(config);
  if (!id && id.error().code == Code::kAlreadyExists) {  // made by an earlier life of this server
    const auto all = d_.runtime.list_sandboxes();
    if (all)
      for (const auto& s : *all)
        if (s.config.uid == f.pod.uid && s.config.attempt == action.attempt) id = s.id;
  }
  if (!id) {
    setup_failed(f, "FailedCreatePodSandBox", id.error());
    return Outcome::kFailed;
  }
  auto status = d_.runtime.sandbox_status(*id);
  if (!status) {
    setup_failed(f, "FailedCreatePodSandBox", status.error());
    return Outcome::kFailed;
  }
  d_.note_sandbox(*id, f.pod.uid);
  f.pod.sandboxes.insert(f.pod.sandboxes.begin(), std::move(*status));
  f.pod.network_attached = false;
  return Outcome::kProgress;
}

PodWorker::Outcome PodWorker::attach_net(Frame& f) {
  if (f.pod.sandboxes.empty()) return Outcome::kNothing;
  auto attached = d_.net.attach(f.pod.uid, f.pod.sandboxes.front().netns_path);
  if (!attached) {
    setup_failed(f, "FailedCreatePodSandBox", attached.error().wrap("failed to set up network"));
    return Outcome::kFailed;
  }
  if (const auto ports = host_ports(*f.spec.document); !ports.empty()) {
    if (auto set = d_.net.set_host_ports(f.pod.uid, attached->address, ports); !set) {
      setup_failed(f, "FailedCreatePodSandBox", set.error().wrap("failed to set up host ports"));
      return Outcome::kFailed;
    }
  }
  f.pod.pod_ip = attached->address;
  f.pod.network_attached = true;
  return Outcome::kProgress;
}

Result<> PodWorker::make_etc_files(Frame& f) {
  TRY(base::make_dirs(f.dir.path() + "/etc", 0755));
  const auto hosts = f.spec.host_network ? base::read_file("/etc/hosts") : Result<std::string>(std::string());
  TRY(base::write_file(f.dir.etc("hosts"),
                       hosts_file(f.spec, f.pod.pod_ip, hosts ? *hosts : "", d_.options.cluster_domain)));
  TRY(base::write_file(f.dir.etc("hostname"), f.spec.hostname + '\n'));
  dns::PodResolvOptions resolv;
  resolv.cluster_dns = d_.options.cluster_dns;
  resolv.cluster_domain = d_.options.cluster_domain;
  resolv.host_resolv_conf_text = dns::host_resolv_conf_text(d_.options.host_resolv_conf);
  static const json::Value kNoSpec(json::Object{});
  const auto* spec = json::find(*f.spec.document, {"spec"});
  return base::write_file(f.dir.etc("resolv.conf"),
                          dns::pod_resolv_conf(spec == nullptr ? kNoSpec : *spec, f.spec.ns, resolv));
}

Result<> PodWorker::make_volumes(Frame& f) {
  auto renew_at = WallTime::max();
  const Lookup lookup = d_.reader.lookup(f.spec.ns);
  const DownwardFacts known = facts(f);
  const ProjectionInput in{.pod = f.spec, .facts = known, .lookup = lookup, .token = [&](const TokenRequest& request) {
                             return d_.reader.token(f.spec, request, renew_at);
                           }};
  for (const auto& volume : json::array_at(*f.spec.document, {"spec", "volumes"}))
    TRY(setup_volume(f.dir, volume, in, d_.clock.now()));
  f.pod.renew_at = renew_at;
  return {};
}

PodWorker::Outcome PodWorker::setup_volumes(Frame& f) {
  if (const auto made = make_etc_files(f); !made) {
    setup_failed(f, "FailedMount", made.error());
    return Outcome::kFailed;
  }
  if (const auto made = make_volumes(f); !made) {
    setup_failed(f, "FailedMount", made.error());
    return Outcome::kFailed;
  }
  f.pod.volumes_ready = true;
  f.pod.setup_backoff_ms = 0;
  f.pod.setup_error.clear();
  if (f.pod.renew_at != WallTime::max()) wake_at(f, f.pod.renew_at);
  return Outcome::kProgress;
}

PodWorker::Outcome PodWorker::remove_sandbox(Frame& f, const std::string& id) {
  // Lives that end with the sandbox must count: the next attempt is above all of them.
  if (const auto containers = d_.runtime.list_containers(id))
    for (const auto& c : *containers) {
      auto& floor = f.pod.attempt_floor[c.name];
      floor = std::max(floor, c.attempt + 1);
    }
  if (const auto removed = d_.runtime.remove_sandbox(id); !removed && removed.error().code != Code::kNotFound) {
    d_.log.warn("sandbox not removed, trying again", {{"pod", f.spec.key()}, {"error", removed.error()}});
    metrics_.errors.add();
    wake_at(f, d_.clock.now() + seconds(1));
    return Outcome::kFailed;
  }
  std::erase_if(f.pod.sandboxes, [&](const auto& s) { return s.id == id; });
  return Outcome::kProgress;
}

PodWorker::Outcome PodWorker::teardown_volumes(Frame& f) {
  d_.reader.forget_tokens(f.pod.uid);
  f.pod.volumes_ready = false;
  if (drain_deadline_ns_ != 0 && !f.gone) {  // the machine goes down: the files stay for the next start
    if (const auto undone = unmount_pod_dir(f.dir); !undone)
      d_.log.warn("volumes not unmounted", {{"pod", f.spec.key()}, {"error", undone.error()}});
    return Outcome::kProgress;
  }
  if (!f.spec.name.empty()) {
    const std::string logs = pod_log_dir(d_.options.pod_log_root, f.spec.ns, f.spec.name, f.spec.uid);
    unlink_logs(f, logs + '/');
    (void)base::remove_tree(logs);  // a left-over has the pod's uid in its name and disturbs nobody
  }
  if (const auto removed = remove_pod_dir(f.dir); !removed) {
    d_.log.warn("pod folder not removed, trying again", {{"pod", f.spec.key()}, {"error", removed.error()}});
    metrics_.errors.add();
    wake_at(f, d_.clock.now() + seconds(1));
    return Outcome::kFailed;
  }
  return Outcome::kProgress;
}

PodWorker::Outcome PodWorker::final_delete(Frame& f) {
  client::DeleteOptions options;
  options.grace_seconds = 0;
  options.uid = f.pod.uid;
  const auto removed = d_.client.remove("pods", {f.spec.ns, f.spec.name}, options);
  if (removed || removed.error().code == Code::kNotFound || removed.error().code == Code::kAborted)
    return Outcome::kProgress;  // aborted: another pod of that name, ours is gone
  if (removed.error().code == Code::kPermissionDenied && d_.reader.pod_is_gone({f.spec.ns, f.spec.name}, f.pod.uid))
    return Outcome::kProgress;
  d_.log.warn("pod object not removed, trying again", {{"pod", f.spec.key()}, {"error", removed.error()}});
  metrics_.errors.add();
  wake_at(f, d_.clock.now() + seconds(1));
  return Outcome::kFailed;
}

}  // namespace appliance::orchestrator::kubelet
