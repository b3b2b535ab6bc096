#include "orchestrator/apiserver/live/extra.h"

#include <algorithm>

#include "base/strings.h"
#include "orchestrator/api/duration.h"
#include "orchestrator/api/facts.h"
#include "orchestrator/api/quantity.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

void put(json::Object& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out[name] = text;
}
void put(json::Object& out, std::string_view name, int64_t number) {
  if (number != 0) out[name] = number;
}
void put_text(json::Object& out, std::string_view name, const json::Value& from, json::Path path) {
  put(out, name, json::string_at(from, path));
}
void put_flag(json::Object& out, std::string_view name, bool flag) {
  if (flag) out[name] = true;
}
void put_copy(json::Object& out, std::string_view name, const json::Value* value) {
  if (value != nullptr && !value->is_null()) out[name] = *value;
}

// One field of each entry: the names of containers, their images.
void put_each(json::Object& out, std::string_view name, const json::Array& from, std::string_view field) {
  if (from.empty()) return;
  json::Array& list = out[name].emplace_array();
  for (const json::Value& one : from) list.emplace_back(json::string_at(one, {field}));
}

// "OOMKilled", "Error 1": of the container whose last end is the latest.
std::string last_end(const json::Value& pod) {
  std::string out;
  std::string_view latest;
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const json::Value& status : json::array_at(pod, {"status", list})) {
      const json::Value* ended = json::find(status, {"lastState", "terminated"});
      if (ended == nullptr) continue;
      const std::string_view when = json::string_at(*ended, {"finishedAt"});
      if (!out.empty() && when < latest) continue;  // RFC 3339 of one zone sorts as text
      latest = when;
      out = json::string_at(*ended, {"reason"}, "Ended");
      if (out != "OOMKilled") out += ' ' + std::to_string(json::int_at(*ended, {"exitCode"}));
    }
  }
  return out;
}

void put_ready(json::Object& out, const json::Value& pod) {
  int64_t ready = 0;
  int64_t all = static_cast<int64_t>(json::array_at(pod, {"spec", "containers"}).size());
  for (const json::Value& status : json::array_at(pod, {"status", "containerStatuses"}))
    ready += json::bool_at(status, {"ready"}) ? 1 : 0;
  for (const json::Value& init : json::array_at(pod, {"spec", "initContainers"})) {
    if (json::string_at(init, {"restartPolicy"}) != "Always") continue;
    ++all;
    for (const json::Value& status : json::array_at(pod, {"status", "initContainerStatuses"}))
      if (json::string_at(status, {"name"}) == json::string_at(init, {"name"}))
        ready += json::bool_at(status, {"ready"}) ? 1 : 0;
  }
  json::Array& pair = out["ready"].emplace_array();
  pair.emplace_back(ready);
  pair.emplace_back(all);
}

void pod(const api::Object& object, const json::Value& document, json::Object& out) {
  const api::PodFacts& facts = object.pod();
  put(out, "phase", facts.phase);
  put(out, "node", facts.node);
  put(out, "ip", facts.pod_ip);
  put(out, "hostIP", facts.host_ip);
  put_each(out, "containers", json::array_at(document, {"spec", "containers"}), "name");
  put_each(out, "init", json::array_at(document, {"spec", "initContainers"}), "name");
  put(out, "restarts", facts.restarts);
  put_ready(out, document);
  put(out, "cpu", facts.cpu_request_millis);
  put(out, "mem", facts.memory_request_bytes);
  put_text(out, "qos", document, {"status", "qosClass"});
  put(out, "last", last_end(document));
}

void node(const api::Object& object, const json::Value& document, json::Object& out) {
  const auto& facts = std::get<api::NodeFacts>(object.facts);
  put(out, "cpu", api::quantity_milli(json::find(document, {"status", "allocatable", "cpu"})));
  put(out, "mem", api::quantity_value(json::find(document, {"status", "allocatable", "memory"})));
  put(out, "pods", api::quantity_value(json::find(document, {"status", "allocatable", "pods"})));
  put_flag(out, "unschedulable", facts.unschedulable);
  out["ready"] = facts.ready;
  put_text(out, "cidr", document, {"spec", "podCIDR"});
  put(out, "ip", api::internal_ip(document));
  put_text(out, "version", document, {"status", "nodeInfo", "kubeletVersion"});
}

void put_revision(json::Object& out, const json::Value& document) {
  const json::Value* text =
      json::find(json::object_at(document, {"metadata", "annotations"}), "deployment.kubernetes.io/revision");
  if (text == nullptr || !text->is_string()) return;
  if (const auto number = base::parse_int<int64_t>(std::string_view(text->get_string()))) out["revision"] = *number;
}

void workload(const api::Object& object, const json::Value& document, json::Object& out) {
  const bool daemons = object.kind->plural == "daemonsets";
  const auto status = [&](std::string_view name) { return json::int_at(document, {"status", name}); };
  out["replicas"] = daemons ? status("desiredNumberScheduled") : json::int_at(document, {"spec", "replicas"}, 1);
  out["ready"] = status(daemons ? "numberReady" : "readyReplicas");
  out["available"] = status(daemons ? "numberAvailable" : "availableReplicas");
  out["updated"] = status(daemons ? "updatedNumberScheduled" : "updatedReplicas");
  put_revision(out, document);
  put_each(out, "images", json::array_at(document, {"spec", "template", "spec", "containers"}), "image");
  put_flag(out, "paused", json::bool_at(document, {"spec", "paused"}));
  put_copy(out, "selector", json::find(document, {"spec", "selector", "matchLabels"}));
}

void service(const json::Value& document, json::Object& out) {
  put_text(out, "type", document, {"spec", "type"});
  put_text(out, "clusterIP", document, {"spec", "clusterIP"});
  put_copy(out, "selector", json::find(document, {"spec", "selector"}));
  const json::Array& ports = json::array_at(document, {"spec", "ports"});
  if (ports.empty()) return;
  json::Array& list = out["ports"].emplace_array();
  for (const json::Value& port : ports) {
    json::Object& one = list.emplace_back(json::Object(list.storage())).get_object();
    put_text(one, "name", port, {"name"});
    put(one, "port", json::int_at(port, {"port"}));
    put_copy(one, "targetPort", json::find(port, {"targetPort"}));
    put(one, "nodePort", json::int_at(port, {"nodePort"}));
    put_text(one, "protocol", port, {"protocol"});
  }
}

void endpoint_slice(const api::Object& object, const json::Value& document, json::Object& out) {
  put(out, "service", api::label_value(object.meta.labels, "kubernetes.io/service-name"));
  json::Array& list = out["endpoints"].emplace_array();
  for (const json::Value& endpoint : json::array_at(document, {"endpoints"})) {
    if (list.size() == kEndpointsMax) break;
    json::Object& one = list.emplace_back(json::Object(list.storage())).get_object();
    const json::Array& addresses = json::array_at(endpoint, {"addresses"});
    if (!addresses.empty() && addresses[0].is_string()) one["ip"] = addresses[0];
    one["ready"] = json::bool_at(endpoint, {"conditions", "ready"}, true);  // unknown counts as ready (discovery/v1)
    if (json::string_at(endpoint, {"targetRef", "kind"}) == "Pod")
      put_text(one, "pod", endpoint, {"targetRef", "name"});
    put_text(one, "node", endpoint, {"nodeName"});
  }
  json::Array& ports = out["ports"].emplace_array();
  for (const json::Value& port : json::array_at(document, {"ports"})) {
    json::Object& one = ports.emplace_back(json::Object(ports.storage())).get_object();
    put_text(one, "name", port, {"name"});
    put(one, "port", json::int_at(port, {"port"}));
    put_text(one, "protocol", port, {"protocol"});
  }
}

void event(const json::Value& document, json::Object& out) {
  put_text(out, "type", document, {"type"});
  put_text(out, "reason", document, {"reason"});
  const int64_t count = json::int_at(document, {"series", "count"}, json::int_at(document, {"count"}));
  out["count"] = std::max<int64_t>(count, 1);
  put_text(out, "kind", document, {"involvedObject", "kind"});
  put_text(out, "ns", document, {"involvedObject", "namespace"});
  put_text(out, "name", document, {"involvedObject", "name"});
  put_text(out, "uid", document, {"involvedObject", "uid"});
  put_text(out, "field", document, {"involvedObject", "fieldPath"});
}

// Names alone, never values.
void put_keys(json::Object& out, const json::Value& document, std::initializer_list<std::string_view> fields) {
  json::Array keys(out.storage());
  for (const std::string_view field : fields)
    for (const auto& entry : json::object_at(document, {field}))
      if (keys.size() < kKeysMax) keys.emplace_back(entry.key());
  if (!keys.empty()) out["keys"] = std::move(keys);
}

void lease(const json::Value& document, json::Object& out) {
  put_text(out, "holder", document, {"spec", "holderIdentity"});
  if (const auto renewed = api::parse_rfc3339(json::string_at(document, {"spec", "renewTime"})))
    out["renew"] = *renewed;
}

}  // namespace

void add_extra(const api::Object& object, const json::Value& document, json::Object& out) {
  const std::string resource = object.kind->resource();
  if (resource == "pods") return pod(object, document, out);
  if (resource == "nodes") return node(object, document, out);
  if (object.kind->group == "apps") return workload(object, document, out);
  if (resource == "services") return service(document, out);
  if (resource == "endpointslices.discovery.k8s.io") return endpoint_slice(object, document, out);
  if (resource == "events") return event(document, out);
  if (resource == "namespaces") return put_text(out, "phase", document, {"status", "phase"});
  if (resource == "leases.coordination.k8s.io") return lease(document, out);
  if (resource == "configmaps") return put_keys(out, document, {"data", "binaryData"});
  if (resource == "secrets") {
    put_text(out, "type", document, {"type"});
    put_keys(out, document, {"data"});
  }
}

}  // namespace appliance::orchestrator::apiserver::live
