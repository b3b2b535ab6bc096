#include "orchestrator/kubelet/env.h"

#include <algorithm>

#include "base/strings.h"
#include "orchestrator/kubelet/quantity.h"

namespace appliance::orchestrator::kubelet {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Variables in the order they were set; a later one replaces the value in place.
class Variables {
 public:
  void set(const std::string& name, std::string value) {
    if (!values_.contains(name)) order_.push_back(name);
    values_[name] = std::move(value);
  }
  void set_if_absent(const std::string& name, std::string value) {
    if (!values_.contains(name)) set(name, std::move(value));
  }
  [[nodiscard]] const std::map<std::string, std::string>& values() const { return values_; }
  [[nodiscard]] std::vector<std::string> list() const {
    std::vector<std::string> out;
    out.reserve(order_.size());
    for (const auto& name : order_) out.push_back(name + '=' + values_.at(name));
    return out;
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::string> values_;
};

std::string variable_name(std::string_view service) {
  std::string out(service);
  for (char& c : out) c = c == '-' || c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

void add_service(Variables& out, const ServiceView& service) {
  if (service.cluster_ip.empty() || service.ports.empty()) return;
  const std::string name = variable_name(service.name);
  const auto& first = service.ports.front();
  out.set(name + "_SERVICE_HOST", service.cluster_ip);
  out.set(name + "_SERVICE_PORT", std::to_string(first.port));
  for (const auto& p : service.ports)
    if (!p.name.empty()) out.set(name + "_SERVICE_PORT_" + variable_name(p.name), std::to_string(p.port));
  for (size_t i = 0; i < service.ports.size(); ++i) {
    const auto& p = service.ports[i];
    const std::string protocol = base::to_lower(p.protocol);
    const std::string url = protocol + "://" + service.cluster_ip + ':' + std::to_string(p.port);
    const std::string prefix = name + "_PORT_" + std::to_string(p.port) + '_' + variable_name(protocol);
    if (i == 0) out.set(name + "_PORT", url);
    out.set(prefix, url);
    out.set(prefix + "_PROTO", protocol);
    out.set(prefix + "_PORT", std::to_string(p.port));
    out.set(prefix + "_ADDR", service.cluster_ip);
  }
}

// The values of a ConfigMap (data) or Secret (base64 in data).
Result<std::map<std::string, std::string>> data_of(const Lookup& lookup, std::string_view resource,
                                                   const std::string& name, bool optional) {
  auto object = lookup(resource, name);
  const bool secret = resource == "secrets";
  if (!object) {
    if (object.error().code == Code::kNotFound && optional) return std::map<std::string, std::string>{};
    if (object.error().code == Code::kNotFound)
      return fail(Code::kNotFound, std::string(secret ? "secret" : "configmap") + " \"" + name + "\" not found");
    return fail(object.error());
  }
  auto out = string_map_of(json::object_at(*object, {"data"}));
  if (secret)
    for (auto& [key, value] : out) value = base::unbase64(value).value_or(std::string());
  return out;
}

bool valid_name(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

Result<> add_env_from(Variables& out, const EnvInput& in, const json::Value& entry) {
  const std::string prefix(json::string_at(entry, {"prefix"}));
  for (const auto& [key, resource] : {std::pair{"configMapRef", "configmaps"}, std::pair{"secretRef", "secrets"}}) {
    if (json::find(entry, {key}) == nullptr) continue;
    const std::string name(json::string_at(entry, {key, "name"}));
    const auto data = TRY(data_of(in.lookup, resource, name, json::bool_at(entry, {key, "optional"})));
    for (const auto& [k, v] : data)
      if (valid_name(prefix + k)) out.set(prefix + k, v);
  }
  return {};
}

// nullopt: an optional reference that is not there.
Result<std::optional<std::string>> key_value(const EnvInput& in, const json::Value& ref, std::string_view resource) {
  const std::string name(json::string_at(ref, {"name"}));
  const std::string key(json::string_at(ref, {"key"}));
  const bool optional = json::bool_at(ref, {"optional"});
  const auto data = TRY(data_of(in.lookup, resource, name, optional));
  const auto found = data.find(key);
  if (found != data.end()) return found->second;
  if (optional) return std::nullopt;
  return fail(Code::kNotFound, "couldn't find key " + key + " in " +
                                   (resource == "secrets" ? "Secret " : "ConfigMap ") + in.pod.ns + '/' + name);
}

Result<std::optional<std::string>> value_from(const EnvInput& in, const json::Value& from) {
  if (const auto* ref = json::find(from, {"configMapKeyRef"})) return key_value(in, *ref, "configmaps");
  if (const auto* ref = json::find(from, {"secretKeyRef"})) return key_value(in, *ref, "secrets");
  if (const auto* ref = json::find(from, {"fieldRef"}))
    return TRY(field_value(in.pod, in.facts, json::string_at(*ref, {"fieldPath"})));
  if (const auto* ref = json::find(from, {"resourceFieldRef"})) {
    const auto name = json::string_at(*ref, {"containerName"});
    const auto* container = name.empty() ? &in.container : in.pod.find(name);
    if (container == nullptr)
      return fail(Code::kInvalidArgument, "container " + std::string(name) + " not found in pod");
    const auto* divisor = json::find(*ref, {"divisor"});
    const std::string text = divisor == nullptr     ? ""
                             : divisor->is_string() ? std::string(divisor->get_string())
                                                    : json::serialize(*divisor);
    return TRY(resource_value(in.pod, in.facts, *container, json::string_at(*ref, {"resource"}), text));
  }
  return fail(Code::kUnimplemented, "this valueFrom source is not supported");
}

}  // namespace

ServiceView service_view(const json::Value& service) {
  ServiceView out;
  out.name = json::string_at(service, {"metadata", "name"});
  out.cluster_ip = json::string_at(service, {"spec", "clusterIP"});
  if (out.cluster_ip == "None") out.cluster_ip.clear();
  for (const auto& p : json::array_at(service, {"spec", "ports"}))
    out.ports.push_back({.name = std::string(json::string_at(p, {"name"})),
                         .port = static_cast<int>(json::int_at(p, {"port"})),
                         .protocol = std::string(json::string_at(p, {"protocol"}, "TCP"))});
  return out;
}

std::string expand(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const auto end = text[i + 1] == '(' ? text.find(')', i + 2) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += '$';
      continue;
    }
    const auto found = values.find(std::string(text.substr(i + 2, end - i - 2)));
    out += found == values.end() ? std::string(text.substr(i, end - i + 1)) : found->second;
    i = end;
  }
  return out;
}

Result<std::string> field_value(const PodSpec& pod, const DownwardFacts& facts, std::string_view path) {
  if (path == "metadata.name") return pod.name;
  if (path == "metadata.namespace") return pod.ns;
  if (path == "metadata.uid") return pod.uid;
  if (path == "spec.nodeName") return pod.node;
  if (path == "spec.serviceAccountName") return pod.service_account;
  if (path == "status.hostIP" || path == "status.hostIPs") return facts.host_ip;
  if (path == "status.podIP" || path == "status.podIPs") return facts.pod_ip;
  for (const auto& [prefix, map] : {std::pair{std::string_view("metadata.labels"), &pod.labels},
                                    std::pair{std::string_view("metadata.annotations"), &pod.annotations}}) {
    if (path == prefix) {  // volumes only: all of them, one per line, values quoted
      std::string all;
      for (const auto& [k, v] : *map) all += k + '=' + json::serialize(json::Value(v)) + '\n';
      if (!all.empty()) all.pop_back();
      return all;
    }
    if (path.starts_with(prefix) && path.size() > prefix.size() + 4 && path.substr(prefix.size(), 2) == "['" &&
        path.ends_with("']")) {
      const auto key = path.substr(prefix.size() + 2, path.size() - prefix.size() - 4);
      const auto found = map->find(std::string(key));
      return found == map->end() ? std::string() : found->second;
    }
  }
  return fail(Code::kInvalidArgument, "unsupported fieldPath: " + std::string(path));
}

Result<std::string> resource_value(const PodSpec&, const DownwardFacts& facts, const ContainerSpec& container,
                                   std::string_view resource, std::string_view divisor) {
  const bool cpu = resource.ends_with(".cpu");
  int64_t value = 0;  // thousandths for cpu, bytes for memory
  if (resource == "limits.cpu")
    value = container.cpu_limit_millis > 0 ? container.cpu_limit_millis : facts.node_cpu_millis;
  else if (resource == "requests.cpu")
    value = container.cpu_request_millis;
  else if (resource == "limits.memory")
    value = container.memory_limit_bytes > 0 ? container.memory_limit_bytes : facts.node_memory_bytes;
  else if (resource == "requests.memory")
    value = container.memory_request_bytes;
  else if (!resource.ends_with(".ephemeral-storage"))
    return fail(Code::kInvalidArgument, "unsupported container resource: " + std::string(resource));
  if (divisor.empty() || divisor == "0") divisor = "1";
  const auto by = cpu ? quantity_millis(divisor) : quantity_units(divisor);
  if (!by || *by <= 0) return fail(Code::kInvalidArgument, "unsupported divisor: " + std::string(divisor));
  return std::to_string((value + *by - 1) / *by);
}

Result<std::vector<std::string>> build_env(const EnvInput& in) {
  Variables out;
  out.set("PATH", std::string(kDefaultPath));
  out.set("HOSTNAME", in.pod.hostname);
  if (in.container.tty) out.set("TERM", "xterm");
  for (const auto& entry : in.image_env)
    if (const auto eq = entry.find('='); eq != std::string::npos) out.set(entry.substr(0, eq), entry.substr(eq + 1));
  if (in.kubernetes != nullptr) add_service(out, *in.kubernetes);
  if (in.pod.service_links)
    for (const auto& service : in.services) add_service(out, service);
  const json::Value raw(*in.container.raw);
  for (const auto& entry : json::array_at(raw, {"envFrom"})) TRY(add_env_from(out, in, entry));
  for (const auto& entry : json::array_at(raw, {"env"})) {
    const std::string name(json::string_at(entry, {"name"}));
    if (!valid_name(name)) continue;
    if (const auto* from = json::find(entry, {"valueFrom"})) {
      auto value = TRY(value_from(in, *from));
      if (value) out.set(name, std::move(*value));
      continue;
    }
    out.set(name, expand(json::string_at(entry, {"value"}), out.values()));
  }
  return out.list();
}

}  // namespace appliance::orchestrator::kubelet
