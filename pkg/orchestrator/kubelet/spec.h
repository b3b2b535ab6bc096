// PodSpec: what the kubelet reads of a Pod object, typed once per revision. The raw document stays beside it for what
// is rare (volumes, env sources); pointers into it live as long as the PodSpec.
//
// Lenient: the API server has validated the object; a field of a wrong type reads as absent.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json/json.h"

namespace appliance::orchestrator::kubelet {

enum class RestartPolicy : unsigned char { kAlways, kOnFailure, kNever };

// What a probe or a lifecycle hook does.
struct Handler {
  enum class Kind : unsigned char { kNone, kExec, kHttp, kTcp, kGrpc, kSleep } kind = Kind::kNone;
  std::vector<std::string> command;
  std::string host;    // "" = the pod's address
  std::string path;    // http
  std::string scheme;  // HTTP, HTTPS
  int port = 0;        // names are resolved against the container's ports; 0 = the name is unknown
  std::vector<std::pair<std::string, std::string>> headers;
  int64_t sleep_seconds = 0;
  [[nodiscard]] explicit operator bool() const { return kind != Kind::kNone; }
};

struct Probe {
  Handler handler;
  int initial_delay_seconds = 0;
  int period_seconds = 10;
  int timeout_seconds = 1;
  int success_threshold = 1;
  int failure_threshold = 3;
  std::optional<int64_t> grace_seconds;  // terminationGracePeriodSeconds of the probe
  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(handler); }
};

struct ContainerSpec {
  std::string name;
  std::string image;
  std::string pull_policy;  // Always, IfNotPresent, Never
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  bool init = false;
  bool sidecar = false;  // init with restartPolicy Always
  bool stdin_open = false;
  bool stdin_once = false;
  bool tty = false;
  Probe liveness;
  Probe readiness;
  Probe startup;
  Handler post_start;
  Handler pre_stop;
  std::string termination_path;            // /dev/termination-log
  bool termination_fallback_logs = false;  // FallbackToLogsOnError
  int64_t cpu_request_millis = 0;
  int64_t cpu_limit_millis = 0;
  int64_t memory_request_bytes = 0;
  int64_t memory_limit_bytes = 0;
  const json::Object* raw = nullptr;
};

struct PodSpec {
  std::string name;
  std::string ns;
  std::string uid;
  std::string node;
  std::string hostname;
  std::string subdomain;
  std::string service_account;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  int64_t grace_seconds = 30;
  std::optional<int64_t> active_deadline_seconds;
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool share_process_namespace = false;
  bool service_links = true;
  std::optional<int64_t> fs_group;
  bool deleting = false;
  int64_t deletion_grace_seconds = 0;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::vector<ContainerSpec> init;  // in order; sidecars among them
  std::vector<ContainerSpec> app;
  std::shared_ptr<const json::Value> document;

  [[nodiscard]] const ContainerSpec* find(std::string_view container) const;
  [[nodiscard]] std::string key() const { return ns + '/' + name; }
  [[nodiscard]] const json::Object& spec() const;   // raw
  [[nodiscard]] const json::Value& status() const;  // raw; null value when absent
};

// `document` is the whole Pod object. kInvalidArgument when it has no name, uid or containers.
Result<PodSpec> parse_pod(json::Value document);

std::vector<std::string> strings_of(const json::Array& array);
std::map<std::string, std::string> string_map_of(const json::Object& object);

}  // namespace appliance::orchestrator::kubelet
