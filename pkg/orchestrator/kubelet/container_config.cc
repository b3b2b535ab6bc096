#include "orchestrator/kubelet/container_config.h"

#include <algorithm>

#include "base/strings.h"
#include "orchestrator/kubelet/plan.h"
#include "orchestrator/kubelet/resources.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::SecurityContext;

std::map<std::string, std::string> env_map(const std::vector<std::string>& env) {
  std::map<std::string, std::string> out;
  for (const auto& entry : env)
    if (const auto eq = entry.find('='); eq != std::string::npos) out[entry.substr(0, eq)] = entry.substr(eq + 1);
  return out;
}

// command replaces entrypoint and cmd; args replace cmd. Kubernetes "Define a Command and Arguments for a Container".
std::vector<std::string> argv_of(const ContainerSpec& c, const runtime::image::ImageConfig& image,
                                 const std::map<std::string, std::string>& env) {
  std::vector<std::string> out;
  const auto append = [&](const std::vector<std::string>& from, bool expanded) {
    for (const auto& arg : from) out.push_back(expanded ? expand(arg, env) : arg);
  };
  if (!c.command.empty()) {
    append(c.command, true);
    append(c.args, true);
    return out;
  }
  append(image.entrypoint, false);
  if (!c.args.empty())
    append(c.args, true);
  else
    append(image.cmd, false);
  return out;
}

// The container's value wins over the pod's.
const json::Value* setting(const PodSpec& pod, const ContainerSpec& c, std::string_view key) {
  const auto* own = json::find(*c.raw, "securityContext");
  if (own != nullptr && own->is_object())
    if (const auto* value = json::find(own->get_object(), key)) return value;
  const auto* shared = json::find(pod.spec(), "securityContext");
  if (shared != nullptr && shared->is_object()) return json::find(shared->get_object(), key);
  return nullptr;
}

std::optional<int64_t> int_setting(const PodSpec& pod, const ContainerSpec& c, std::string_view key) {
  const auto* value = setting(pod, c, key);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return static_cast<int64_t>(value->get_uint64());
  return std::nullopt;
}

bool bool_setting(const PodSpec& pod, const ContainerSpec& c, std::string_view key) {
  const auto* value = setting(pod, c, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// "user", "1000", "1000:1000", "user:group" of the image.
void apply_image_user(SecurityContext& out, const std::string& user) {
  if (out.run_as_user || user.empty()) return;
  const auto colon = user.find(':');
  const auto id = base::parse_int<int64_t>(user.substr(0, colon));
  if (!id) {
    out.run_as_username = user;
    return;
  }
  if (colon != std::string::npos) {
    const auto group = base::parse_int<int64_t>(user.substr(colon + 1));
    if (!group) {
      out.run_as_username = user;  // a number and a name: resolved inside
      return;
    }
    if (!out.run_as_group) out.run_as_group = group;
  }
  out.run_as_user = id;
}

Result<SecurityContext> security_of(const PodSpec& pod, const ContainerSpec& c, const std::string& image_user) {
  SecurityContext out;
  const json::Value raw(*c.raw);
  out.privileged = json::bool_at(raw, {"securityContext", "privileged"});
  out.add_capabilities = strings_of(json::array_at(raw, {"securityContext", "capabilities", "add"}));
  out.drop_capabilities = strings_of(json::array_at(raw, {"securityContext", "capabilities", "drop"}));
  out.readonly_rootfs = json::bool_at(raw, {"securityContext", "readOnlyRootFilesystem"});
  // Secure by default (architecture page): Kubernetes sets no_new_privs only on an explicit false, we unless an
  // explicit true.
  const bool sys_admin = std::any_of(out.add_capabilities.begin(), out.add_capabilities.end(),
                                     [](const auto& cap) { return cap == "SYS_ADMIN" || cap == "ALL"; });
  out.no_new_privs =
      !out.privileged && !sys_admin && !json::bool_at(raw, {"securityContext", "allowPrivilegeEscalation"});
  const auto* seccomp = setting(pod, c, "seccompProfile");
  out.unconfined_seccomp =
      out.privileged || (seccomp != nullptr && json::string_at(*seccomp, {"type"}) == "Unconfined");
  out.run_as_user = int_setting(pod, c, "runAsUser");
  out.run_as_group = int_setting(pod, c, "runAsGroup");
  apply_image_user(out, image_user);
  for (const auto& group : json::array_at(*pod.document, {"spec", "securityContext", "supplementalGroups"}))
    if (group.is_int64()) out.supplemental_groups.push_back(group.get_int64());
  if (pod.fs_group) out.supplemental_groups.push_back(*pod.fs_group);
  if (bool_setting(pod, c, "runAsNonRoot")) {
    if (!out.run_as_username.empty())
      return fail(Code::kFailedPrecondition, "container has runAsNonRoot and image has non-numeric user (" +
                                                 out.run_as_username + "), cannot verify user is non-root (pod: \"" +
                                                 pod.name + "_" + pod.ns + "(" + pod.uid + ")\", container: " + c.name +
                                                 ")");
    if (out.run_as_user.value_or(0) == 0)
      return fail(Code::kFailedPrecondition, "container has runAsNonRoot and image will run as root (pod: \"" +
                                                 pod.name + "_" + pod.ns + "(" + pod.uid + ")\", container: " + c.name +
                                                 ")");
  }
  return out;
}

}  // namespace

std::string log_path(const std::string& container, uint32_t attempt) {
  return container + '/' + std::to_string(attempt) + ".log";
}

std::string pod_log_dir(const std::string& root, const std::string& ns, const std::string& name,
                        const std::string& uid) {
  return root + '/' + ns + '_' + name + '_' + uid;
}

Result<runtime::cri::ContainerConfig> container_config(ContainerInput in) {
  runtime::cri::ContainerConfig out;
  const auto& c = in.container;
  out.name = c.name;
  out.attempt = in.attempt;
  out.image_id = in.image.id;
  out.env = TRY(build_env(in.env));
  out.command = argv_of(c, in.image.config, env_map(out.env));
  if (out.command.empty()) return fail(Code::kInvalidArgument, "no command specified");
  out.working_dir = !c.working_dir.empty() ? c.working_dir : in.image.config.working_dir;
  if (out.working_dir.empty()) out.working_dir = "/";
  out.mounts = std::move(in.mounts);
  out.log_path = log_path(c.name, in.attempt);
  out.stdin_open = c.stdin_open;
  out.stdin_once = c.stdin_once;
  out.tty = c.tty;
  out.stop_signal = in.image.config.stop_signal;
  out.resources = container_resources(in.pod, c, in.node_memory_bytes);
  out.security = TRY(security_of(in.pod, c, in.image.config.user));
  out.labels = {{std::string(kLabelPodName), in.pod.name},
                {std::string(kLabelPodNamespace), in.pod.ns},
                {std::string(kLabelPodUid), in.pod.uid},
                {std::string(kLabelContainerName), c.name}};
  out.annotations = {{std::string(kBackoffAnnotation), std::to_string(in.backoff_seconds)},
                     {std::string(kAnnotationTerminationPath), c.termination_path}};
  return out;
}

runtime::cri::SandboxConfig sandbox_config(const PodSpec& pod, uint32_t attempt, const std::string& log_root,
                                           const std::string& cgroup_root) {
  runtime::cri::SandboxConfig out;
  out.name = pod.name;
  out.namespace_ = pod.ns;
  out.uid = pod.uid;
  out.attempt = attempt;
  out.hostname = pod.hostname;
  out.log_dir = pod_log_dir(log_root, pod.ns, pod.name, pod.uid);
  out.cgroup_parent = pod_cgroup(pod, cgroup_root);
  out.resources = pod_resources(pod);
  out.host_network = pod.host_network;
  out.host_pid = pod.host_pid;
  out.host_ipc = pod.host_ipc;
  out.share_process_namespace = pod.share_process_namespace;
  for (const auto& entry : json::array_at(*pod.document, {"spec", "securityContext", "sysctls"}))
    out.sysctls[std::string(json::string_at(entry, {"name"}))] = json::string_at(entry, {"value"});
  out.labels = pod.labels;
  out.labels[std::string(kLabelPodName)] = pod.name;
  out.labels[std::string(kLabelPodNamespace)] = pod.ns;
  out.labels[std::string(kLabelPodUid)] = pod.uid;
  out.annotations = {{std::string(kAnnotationGrace), std::to_string(pod.grace_seconds)}};
  return out;
}

}  // namespace appliance::orchestrator::kubelet
