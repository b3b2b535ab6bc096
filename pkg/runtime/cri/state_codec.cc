#include "runtime/cri/state_codec.h"

#include "base/json/json.h"

namespace appliance::runtime::cri {
namespace {

json::Array strings(const std::vector<std::string>& in) {
  json::Array out;
  for (const auto& item : in) out.emplace_back(item);
  return out;
}
json::Object map(const std::map<std::string, std::string>& in) {
  json::Object out;
  for (const auto& [key, value] : in) out[key] = value;
  return out;
}
std::vector<std::string> strings_at(const json::Value& value, json::Path path) {
  std::vector<std::string> out;
  for (const auto& item : json::array_at(value, path)) {
    if (item.is_string()) out.emplace_back(item.as_string());
  }
  return out;
}
std::map<std::string, std::string> map_at(const json::Value& value, json::Path path) {
  std::map<std::string, std::string> out;
  for (const auto& [key, item] : json::object_at(value, path)) {
    if (item.is_string()) out.emplace(key, item.as_string());
  }
  return out;
}
std::string text_at(const json::Value& value, json::Path path) { return std::string(json::string_at(value, path)); }

json::Object resources(const Resources& in) {
  return {{"cpuShares", in.cpu_shares},      {"cpuQuotaUs", in.cpu_quota_us},
          {"cpuPeriodUs", in.cpu_period_us}, {"memoryLimitBytes", in.memory_limit_bytes},
          {"pidsMax", in.pids_max},          {"oomScoreAdj", in.oom_score_adj}};
}
Resources resources_at(const json::Value& value) {
  return {.cpu_shares = json::int_at(value, {"resources", "cpuShares"}),
          .cpu_quota_us = json::int_at(value, {"resources", "cpuQuotaUs"}),
          .cpu_period_us = json::int_at(value, {"resources", "cpuPeriodUs"}),
          .memory_limit_bytes = json::int_at(value, {"resources", "memoryLimitBytes"}),
          .pids_max = json::int_at(value, {"resources", "pidsMax"}),
          .oom_score_adj = static_cast<int>(json::int_at(value, {"resources", "oomScoreAdj"}))};
}

json::Object security(const SecurityContext& in) {
  json::Object out{{"privileged", in.privileged},           {"add", strings(in.add_capabilities)},
                   {"drop", strings(in.drop_capabilities)}, {"username", in.run_as_username},
                   {"readonlyRootfs", in.readonly_rootfs},  {"noNewPrivs", in.no_new_privs},
                   {"unconfined", in.unconfined_seccomp}};
  if (in.run_as_user) out["user"] = *in.run_as_user;
  if (in.run_as_group) out["group"] = *in.run_as_group;
  json::Array groups;
  for (const int64_t group : in.supplemental_groups) groups.emplace_back(group);
  out["groups"] = std::move(groups);
  return out;
}
SecurityContext security_at(const json::Value& value) {
  SecurityContext out;
  out.privileged = json::bool_at(value, {"security", "privileged"});
  out.add_capabilities = strings_at(value, {"security", "add"});
  out.drop_capabilities = strings_at(value, {"security", "drop"});
  out.run_as_username = text_at(value, {"security", "username"});
  out.readonly_rootfs = json::bool_at(value, {"security", "readonlyRootfs"});
  out.no_new_privs = json::bool_at(value, {"security", "noNewPrivs"}, true);
  out.unconfined_seccomp = json::bool_at(value, {"security", "unconfined"});
  if (json::find(value, {"security", "user"}) != nullptr) out.run_as_user = json::int_at(value, {"security", "user"});
  if (json::find(value, {"security", "group"}) != nullptr)
    out.run_as_group = json::int_at(value, {"security", "group"});
  for (const auto& group : json::array_at(value, {"security", "groups"})) {
    if (group.is_int64()) out.supplemental_groups.push_back(group.as_int64());
  }
  return out;
}

json::Array mounts(const std::vector<Mount>& in) {
  json::Array out;
  for (const auto& mount : in) {
    out.push_back(json::Object{{"host", mount.host_path},
                               {"container", mount.container_path},
                               {"readonly", mount.readonly},
                               {"recursiveReadonly", mount.recursive_readonly},
                               {"propagation", static_cast<int64_t>(mount.propagation)}});
  }
  return out;
}
std::vector<Mount> mounts_at(const json::Value& value) {
  std::vector<Mount> out;
  for (const auto& item : json::array_at(value, {"mounts"})) {
    const int64_t propagation = json::int_at(item, {"propagation"});
    out.push_back({.host_path = text_at(item, {"host"}),
                   .container_path = text_at(item, {"container"}),
                   .readonly = json::bool_at(item, {"readonly"}),
                   .recursive_readonly = json::bool_at(item, {"recursiveReadonly"}),
                   .propagation = propagation == 2   ? Mount::Propagation::kBidirectional
                                  : propagation == 1 ? Mount::Propagation::kHostToContainer
                                                     : Mount::Propagation::kPrivate});
  }
  return out;
}

}  // namespace

std::string encode(const SandboxRecord& record) {
  const auto& c = record.config;
  return json::serialize(json::Object{{"name", c.name},
                                      {"namespace", c.namespace_},
                                      {"uid", c.uid},
                                      {"attempt", c.attempt},
                                      {"hostname", c.hostname},
                                      {"logDir", c.log_dir},
                                      {"cgroupParent", c.cgroup_parent},
                                      {"resources", resources(c.resources)},
                                      {"hostNetwork", c.host_network},
                                      {"hostPid", c.host_pid},
                                      {"hostIpc", c.host_ipc},
                                      {"sharedPid", c.share_process_namespace},
                                      {"sysctls", map(c.sysctls)},
                                      {"labels", map(c.labels)},
                                      {"annotations", map(c.annotations)},
                                      {"createdNs", record.created_ns}});
}

Result<SandboxRecord> decode_sandbox(std::string_view text) {
  const json::Value v = TRY(json::parse(text));
  SandboxRecord out;
  auto& c = out.config;
  c.name = text_at(v, {"name"});
  c.namespace_ = text_at(v, {"namespace"});
  c.uid = text_at(v, {"uid"});
  c.attempt = static_cast<uint32_t>(json::int_at(v, {"attempt"}));
  c.hostname = text_at(v, {"hostname"});
  c.log_dir = text_at(v, {"logDir"});
  c.cgroup_parent = text_at(v, {"cgroupParent"});
  c.resources = resources_at(v);
  c.host_network = json::bool_at(v, {"hostNetwork"});
  c.host_pid = json::bool_at(v, {"hostPid"});
  c.host_ipc = json::bool_at(v, {"hostIpc"});
  c.share_process_namespace = json::bool_at(v, {"sharedPid"});
  c.sysctls = map_at(v, {"sysctls"});
  c.labels = map_at(v, {"labels"});
  c.annotations = map_at(v, {"annotations"});
  out.created_ns = json::int_at(v, {"createdNs"});
  return out;
}

std::string encode(const ContainerRecord& record) {
  const auto& c = record.config;
  return json::serialize(json::Object{{"name", c.name},
                                      {"attempt", c.attempt},
                                      {"imageId", c.image_id},
                                      {"command", strings(c.command)},
                                      {"workingDir", c.working_dir},
                                      {"env", strings(c.env)},
                                      {"mounts", mounts(c.mounts)},
                                      {"logPath", c.log_path},
                                      {"stdinOpen", c.stdin_open},
                                      {"stdinOnce", c.stdin_once},
                                      {"tty", c.tty},
                                      {"stopSignal", c.stop_signal},
                                      {"resources", resources(c.resources)},
                                      {"security", security(c.security)},
                                      {"labels", map(c.labels)},
                                      {"annotations", map(c.annotations)},
                                      {"group", record.group},
                                      {"failure", record.failure},
                                      {"failedNs", record.failed_ns},
                                      {"createdNs", record.created_ns}});
}

Result<ContainerRecord> decode_container(std::string_view text) {
  const json::Value v = TRY(json::parse(text));
  ContainerRecord out;
  auto& c = out.config;
  c.name = text_at(v, {"name"});
  c.attempt = static_cast<uint32_t>(json::int_at(v, {"attempt"}));
  c.image_id = text_at(v, {"imageId"});
  c.command = strings_at(v, {"command"});
  c.working_dir = text_at(v, {"workingDir"});
  c.env = strings_at(v, {"env"});
  c.mounts = mounts_at(v);
  c.log_path = text_at(v, {"logPath"});
  c.stdin_open = json::bool_at(v, {"stdinOpen"});
  c.stdin_once = json::bool_at(v, {"stdinOnce"});
  c.tty = json::bool_at(v, {"tty"});
  c.stop_signal = text_at(v, {"stopSignal"});
  c.resources = resources_at(v);
  c.security = security_at(v);
  c.labels = map_at(v, {"labels"});
  c.annotations = map_at(v, {"annotations"});
  out.group = text_at(v, {"group"});
  out.failure = text_at(v, {"failure"});
  out.failed_ns = json::int_at(v, {"failedNs"});
  out.created_ns = json::int_at(v, {"createdNs"});
  return out;
}

}  // namespace appliance::runtime::cri
