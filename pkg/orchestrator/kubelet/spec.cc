#include "orchestrator/kubelet/spec.h"

#include "base/strings.h"
#include "orchestrator/kubelet/quantity.h"

namespace appliance::orchestrator::kubelet {
namespace {

const json::Object kEmptyObject;
const json::Value kNull;

const json::Object* object_or_null(const json::Object& parent, std::string_view key) {
  const auto* value = json::find(parent, key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string text(const json::Object& object, std::string_view key, std::string_view fallback = {}) {
  const auto* value = json::find(object, key);
  if (value == nullptr || !value->is_string()) return std::string(fallback);
  return std::string(value->get_string());
}

int64_t number(const json::Object& object, std::string_view key, int64_t fallback = 0) {
  const auto* value = json::find(object, key);
  if (value == nullptr) return fallback;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return static_cast<int64_t>(value->get_uint64());
  if (value->is_double()) return static_cast<int64_t>(value->get_double());
  return fallback;
}

bool flag(const json::Object& object, std::string_view key, bool fallback = false) {
  const auto* value = json::find(object, key);
  return value != nullptr && value->is_bool() ? value->get_bool() : fallback;
}

const json::Array& list(const json::Object& object, std::string_view key) {
  static const json::Array kEmpty;
  const auto* value = json::find(object, key);
  return value != nullptr && value->is_array() ? value->get_array() : kEmpty;
}

int port_of(const json::Object& container, const json::Object& action) {
  const auto* port = json::find(action, "port");
  if (port == nullptr) return 0;
  if (!port->is_string()) return static_cast<int>(number(action, "port"));
  const std::string name(port->get_string());
  for (const auto& entry : list(container, "ports"))
    if (entry.is_object() && text(entry.get_object(), "name") == name)
      return static_cast<int>(number(entry.get_object(), "containerPort"));
  return base::parse_int<int>(name).value_or(0);
}

Handler parse_handler(const json::Object& container, const json::Object& from) {
  Handler out;
  if (const auto* exec = object_or_null(from, "exec")) {
    out.kind = Handler::Kind::kExec;
    out.command = strings_of(list(*exec, "command"));
  } else if (const auto* http = object_or_null(from, "httpGet")) {
    out.kind = Handler::Kind::kHttp;
    out.host = text(*http, "host");
    out.path = text(*http, "path", "/");
    if (out.path.empty() || out.path[0] != '/') out.path.insert(out.path.begin(), '/');
    out.scheme = text(*http, "scheme", "HTTP");
    out.port = port_of(container, *http);
    for (const auto& header : list(*http, "httpHeaders"))
      if (header.is_object())
        out.headers.emplace_back(text(header.get_object(), "name"), text(header.get_object(), "value"));
  } else if (const auto* tcp = object_or_null(from, "tcpSocket")) {
    out.kind = Handler::Kind::kTcp;
    out.host = text(*tcp, "host");
    out.port = port_of(container, *tcp);
  } else if (const auto* grpc = object_or_null(from, "grpc")) {
    out.kind = Handler::Kind::kGrpc;
    out.port = static_cast<int>(number(*grpc, "port"));
  } else if (const auto* sleep = object_or_null(from, "sleep")) {
    out.kind = Handler::Kind::kSleep;
    out.sleep_seconds = number(*sleep, "seconds");
  }
  return out;
}

Probe parse_probe(const json::Object& container, std::string_view key) {
  Probe out;
  const auto* probe = object_or_null(container, key);
  if (probe == nullptr) return out;
  out.handler = parse_handler(container, *probe);
  out.initial_delay_seconds = static_cast<int>(number(*probe, "initialDelaySeconds"));
  out.period_seconds = std::max<int>(1, static_cast<int>(number(*probe, "periodSeconds", 10)));
  out.timeout_seconds = std::max<int>(1, static_cast<int>(number(*probe, "timeoutSeconds", 1)));
  out.success_threshold = std::max<int>(1, static_cast<int>(number(*probe, "successThreshold", 1)));
  out.failure_threshold = std::max<int>(1, static_cast<int>(number(*probe, "failureThreshold", 3)));
  if (json::find(*probe, "terminationGracePeriodSeconds") != nullptr)
    out.grace_seconds = number(*probe, "terminationGracePeriodSeconds");
  return out;
}

// Quantities come as strings; a client may also send a bare number.
int64_t quantity_at(const json::Object& container, std::string_view group, std::string_view name, bool millis) {
  const auto* resources = object_or_null(container, "resources");
  const auto* values = resources == nullptr ? nullptr : object_or_null(*resources, group);
  if (values == nullptr) return 0;
  const auto* value = json::find(*values, name);
  if (value == nullptr) return 0;
  const std::string as_text = value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
  return (millis ? quantity_millis(as_text) : quantity_units(as_text)).value_or(0);
}

ContainerSpec parse_container(const json::Object& raw, bool init) {
  ContainerSpec out;
  out.raw = &raw;
  out.name = text(raw, "name");
  out.image = text(raw, "image");
  out.pull_policy = text(raw, "imagePullPolicy", "IfNotPresent");
  out.command = strings_of(list(raw, "command"));
  out.args = strings_of(list(raw, "args"));
  out.working_dir = text(raw, "workingDir");
  out.init = init;
  out.sidecar = init && text(raw, "restartPolicy") == "Always";
  out.stdin_open = flag(raw, "stdin");
  out.stdin_once = flag(raw, "stdinOnce");
  out.tty = flag(raw, "tty");
  out.liveness = parse_probe(raw, "livenessProbe");
  out.readiness = parse_probe(raw, "readinessProbe");
  out.startup = parse_probe(raw, "startupProbe");
  if (const auto* lifecycle = object_or_null(raw, "lifecycle")) {
    if (const auto* hook = object_or_null(*lifecycle, "postStart")) out.post_start = parse_handler(raw, *hook);
    if (const auto* hook = object_or_null(*lifecycle, "preStop")) out.pre_stop = parse_handler(raw, *hook);
  }
  out.termination_path = text(raw, "terminationMessagePath", "/dev/termination-log");
  out.termination_fallback_logs = text(raw, "terminationMessagePolicy") == "FallbackToLogsOnError";
  out.cpu_limit_millis = quantity_at(raw, "limits", "cpu", true);
  out.memory_limit_bytes = quantity_at(raw, "limits", "memory", false);
  out.cpu_request_millis = quantity_at(raw, "requests", "cpu", true);
  out.memory_request_bytes = quantity_at(raw, "requests", "memory", false);
  if (out.cpu_request_millis == 0) out.cpu_request_millis = out.cpu_limit_millis;
  if (out.memory_request_bytes == 0) out.memory_request_bytes = out.memory_limit_bytes;
  return out;
}

RestartPolicy parse_policy(std::string_view policy) {
  if (policy == "Never") return RestartPolicy::kNever;
  if (policy == "OnFailure") return RestartPolicy::kOnFailure;
  return RestartPolicy::kAlways;
}

void parse_metadata(PodSpec& out, const json::Object& metadata) {
  out.name = text(metadata, "name");
  out.ns = text(metadata, "namespace");
  out.uid = text(metadata, "uid");
  out.deleting = json::find(metadata, "deletionTimestamp") != nullptr;
  out.deletion_grace_seconds = number(metadata, "deletionGracePeriodSeconds", 30);
  if (const auto* labels = object_or_null(metadata, "labels")) out.labels = string_map_of(*labels);
  if (const auto* annotations = object_or_null(metadata, "annotations")) out.annotations = string_map_of(*annotations);
}

}  // namespace

std::vector<std::string> strings_of(const json::Array& array) {
  std::vector<std::string> out;
  out.reserve(array.size());
  for (const auto& value : array)
    if (value.is_string()) out.emplace_back(value.get_string());
  return out;
}

std::map<std::string, std::string> string_map_of(const json::Object& object) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : object)
    if (value.is_string()) out.emplace(std::string(key), std::string(value.get_string()));
  return out;
}

const ContainerSpec* PodSpec::find(std::string_view container) const {
  for (const auto& c : app)
    if (c.name == container) return &c;
  for (const auto& c : init)
    if (c.name == container) return &c;
  return nullptr;
}

const json::Object& PodSpec::spec() const { return document ? json::object_at(*document, {"spec"}) : kEmptyObject; }

const json::Value& PodSpec::status() const {
  const auto* found = document ? json::find(*document, {"status"}) : nullptr;
  return found == nullptr ? kNull : *found;
}

Result<PodSpec> parse_pod(json::Value document) {
  PodSpec out;
  out.document = std::make_shared<const json::Value>(std::move(document));
  parse_metadata(out, json::object_at(*out.document, {"metadata"}));
  const auto& spec = out.spec();
  out.node = text(spec, "nodeName");
  out.hostname = text(spec, "hostname", out.name);
  if (out.hostname.size() > 63) out.hostname.resize(63);  // HOST_NAME_MAX of Kubernetes
  while (!out.hostname.empty() && (out.hostname.back() == '-' || out.hostname.back() == '.')) out.hostname.pop_back();
  out.subdomain = text(spec, "subdomain");
  out.service_account = text(spec, "serviceAccountName", "default");
  out.restart_policy = parse_policy(text(spec, "restartPolicy"));
  out.grace_seconds = number(spec, "terminationGracePeriodSeconds", 30);
  if (json::find(spec, "activeDeadlineSeconds") != nullptr)
    out.active_deadline_seconds = number(spec, "activeDeadlineSeconds");
  out.host_network = flag(spec, "hostNetwork");
  out.host_pid = flag(spec, "hostPID");
  out.host_ipc = flag(spec, "hostIPC");
  out.share_process_namespace = flag(spec, "shareProcessNamespace");
  out.service_links = flag(spec, "enableServiceLinks", true);
  if (const auto* security = object_or_null(spec, "securityContext");
      security != nullptr && json::find(*security, "fsGroup") != nullptr)
    out.fs_group = number(*security, "fsGroup");
  for (const auto& raw : list(spec, "initContainers"))
    if (raw.is_object()) out.init.push_back(parse_container(raw.get_object(), true));
  for (const auto& raw : list(spec, "containers"))
    if (raw.is_object()) out.app.push_back(parse_container(raw.get_object(), false));
  if (out.name.empty() || out.uid.empty() || out.app.empty())
    return fail(Code::kInvalidArgument, "pod " + out.key() + ": no name, uid or containers");
  return out;
}

}  // namespace appliance::orchestrator::kubelet
