#include "orchestrator/controllers/endpoints.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "orchestrator/api/selector.h"
#include "orchestrator/controllers/ownership.h"

namespace appliance::orchestrator::controllers {
namespace {

constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";
constexpr std::string_view kManagedByLabel = "endpointslice.kubernetes.io/managed-by";
constexpr std::string_view kManagedBy = "endpointslice-controller.k8s.io";

// The number of a Service port on this pod; 0 when the pod has no container port of that name.
int64_t target_port(const json::Value& port, const json::Value& pod) {
  const auto* target = json::find(port, {"targetPort"});
  if (target == nullptr) return json::int_at(port, {"port"});
  if (!target->is_string()) return json::int_at(port, {"targetPort"}, json::int_at(port, {"port"}));
  const std::string_view name(target->get_string().data(), target->get_string().size());
  if (const auto number = base::parse_int<int64_t>(name)) return *number;
  for (const auto& container : json::array_at(pod, {"spec", "containers"}))
    for (const auto& p : json::array_at(container, {"ports"}))
      if (json::string_at(p, {"name"}) == name &&
          json::string_at(p, {"protocol"}, "TCP") == json::string_at(port, {"protocol"}, "TCP"))
        return json::int_at(p, {"containerPort"});
  return 0;
}

struct Member {
  ObjectPtr object;
  json::Value pod;
  bool ready = false;
  bool serving = false;
  bool terminating = false;
};

// The ports of the service as this group of pods has them, and the pods.
using Groups = std::map<std::string, std::pair<json::Array, std::vector<Member>>>;

Groups group(const json::Value& service, const std::vector<ObjectPtr>& pods) {
  const bool all = json::bool_at(service, {"spec", "publishNotReadyAddresses"});
  Groups groups;
  for (const auto& object : pods) {
    const auto& facts = object->pod();
    if (facts.pod_ip.empty() || facts.phase == "Succeeded" || facts.phase == "Failed") continue;
    Member member{.object = object, .pod = object->document()};
    member.terminating = object->meta.deletion_seconds.has_value();
    member.serving = facts.ready || all;
    member.ready = all || (facts.ready && !member.terminating);
    json::Array ports;
    for (const auto& port : json::array_at(service, {"spec", "ports"})) {
      const int64_t number = target_port(port, member.pod);
      if (number == 0) continue;
      json::Object out{{"name", json::string_at(port, {"name"})},
                       {"port", number},
                       {"protocol", json::string_at(port, {"protocol"}, "TCP")}};
      if (const auto app = json::string_at(port, {"appProtocol"}); !app.empty()) out["appProtocol"] = app;
      ports.push_back(std::move(out));
    }
    auto& slot = groups[json::serialize(ports)];
    slot.first = std::move(ports);
    slot.second.push_back(std::move(member));
  }
  return groups;
}

json::Value target_ref(const Member& member) {
  return json::Object{{"kind", "Pod"},
                      {"namespace", member.object->key.ns},
                      {"name", member.object->key.name},
                      {"uid", member.object->meta.uid}};
}

// A pod that names this headless service as its subdomain is known by its hostname.
std::string_view hostname_of(const json::Value& service, const Member& member) {
  if (json::string_at(member.pod, {"spec", "subdomain"}) != json::string_at(service, {"metadata", "name"})) return {};
  return json::string_at(member.pod, {"spec", "hostname"});
}

std::vector<ObjectPtr> matching_pods(Context& context, const json::Value& service, const std::string& ns) {
  const auto selector = api::LabelSelector::from_map(json::find(service, {"spec", "selector"}));
  std::vector<ObjectPtr> out;
  for (const auto& pod : context.informer("pods").list(ns))
    if (selector.matches(pod->meta.labels)) out.push_back(pod);
  return out;
}

}  // namespace

json::Array plan_slices(const json::Value& service, const std::vector<ObjectPtr>& pods) {
  json::Array slices;
  for (auto& [key, entry] : group(service, pods)) {
    auto& [ports, members] = entry;
    std::sort(members.begin(), members.end(),
              [](const Member& a, const Member& b) { return a.object->key < b.object->key; });
    for (size_t from = 0; from < members.size(); from += kEndpointsPerSliceMax) {
      json::Array endpoints;
      for (size_t i = from; i < std::min(members.size(), from + kEndpointsPerSliceMax); ++i) {
        const auto& m = members[i];
        json::Object endpoint{
            {"addresses", json::Array{m.object->pod().pod_ip}},
            {"conditions", json::Object{{"ready", m.ready}, {"serving", m.serving}, {"terminating", m.terminating}}},
            {"nodeName", m.object->pod().node},
            {"targetRef", target_ref(m)}};
        if (const auto host = hostname_of(service, m); !host.empty()) endpoint["hostname"] = host;
        endpoints.push_back(std::move(endpoint));
      }
      slices.push_back(json::Object{{"addressType", "IPv4"}, {"ports", ports}, {"endpoints", std::move(endpoints)}});
    }
  }
  if (slices.empty())  // a service without pods has one empty slice: it says "nothing here", not "not looked at yet"
    slices.push_back(json::Object{{"addressType", "IPv4"}, {"ports", json::Array{}}, {"endpoints", json::Array{}}});
  return slices;
}

json::Array plan_subsets(const json::Value& service, const std::vector<ObjectPtr>& pods) {
  json::Array subsets;
  size_t total = 0;
  for (auto& [key, entry] : group(service, pods)) {
    auto& [ports, members] = entry;
    json::Array ready;
    json::Array not_ready;
    for (const auto& m : members) {
      if (m.terminating && !m.ready) continue;
      if (++total > kEndpointsMax) break;
      json::Object address{
          {"ip", m.object->pod().pod_ip}, {"nodeName", m.object->pod().node}, {"targetRef", target_ref(m)}};
      if (const auto host = hostname_of(service, m); !host.empty()) address["hostname"] = host;
      (m.ready ? ready : not_ready).push_back(std::move(address));
    }
    if (ready.empty() && not_ready.empty()) continue;
    json::Object subset;
    if (!ready.empty()) subset["addresses"] = std::move(ready);
    if (!not_ready.empty()) subset["notReadyAddresses"] = std::move(not_ready);
    json::Array subset_ports;
    for (auto port : ports) {
      if (json::string_at(port, {"name"}).empty()) port.as_object().erase("name");
      subset_ports.push_back(std::move(port));
    }
    subset["ports"] = std::move(subset_ports);
    subsets.push_back(std::move(subset));
  }
  return subsets;
}

namespace {

class EndpointsController final : public Reconciler {
 public:
  std::string_view name() const override { return "endpoints"; }
  std::vector<Watch> watches() const override {
    return {{"services", self_key},
            {"pods", services_of_pod},
            {"endpointslices.discovery.k8s.io", service_of_slice},
            {"endpoints", self_key}};
  }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto object = context.informer("services").get(key);
    if (!object) return Outcome{};  // collection takes the slices; Endpoints have the service as owner too
    const auto service = object->document();
    if (json::object_at(service, {"spec", "selector"}).empty() ||
        json::string_at(service, {"spec", "type"}) == "ExternalName")
      return Outcome{};
    const auto pods = matching_pods(context, service, key.ns);
    TRY(apply_slices(context, key, service, plan_slices(service, pods)));
    TRY(apply_endpoints(context, key, service, plan_subsets(service, pods)));
    return Outcome{};
  }

 private:
  static std::vector<ObjectKey> services_of_pod(const Notice& notice, client::InformerSource& informers) {
    std::vector<ObjectKey> keys;
    for (const auto& service : informers.informer("services").list(notice.object->key.ns)) {
      const auto document = service->document();
      const auto selector = api::LabelSelector::from_map(json::find(document, {"spec", "selector"}));
      if (selector.matches(notice.object->meta.labels) || (notice.old && selector.matches(notice.old->meta.labels)))
        keys.push_back(service->key);
    }
    return keys;
  }
  static std::vector<ObjectKey> service_of_slice(const Notice& notice, client::InformerSource&) {
    const auto name = api::label_value(notice.object->meta.labels, kServiceLabel);
    if (name.empty()) return {};
    return {{notice.object->key.ns, std::string(name)}};
  }

  static json::Object labels_of(const json::Value& service) {
    json::Object labels = json::object_at(service, {"metadata", "labels"});
    labels[kServiceLabel] = json::string_at(service, {"metadata", "name"});
    labels[kManagedByLabel] = kManagedBy;
    if (json::string_at(service, {"spec", "clusterIP"}) == "None") labels["service.kubernetes.io/headless"] = "";
    return labels;
  }

  static Result<> apply_slices(Context& context, const ObjectKey& key, const json::Value& service, json::Array wanted) {
    std::vector<ObjectPtr> existing;
    for (const auto& slice :
         context.informer("endpointslices.discovery.k8s.io").by_owner(json::string_at(service, {"metadata", "uid"})))
      if (!slice->meta.deletion_seconds) existing.push_back(slice);
    std::sort(existing.begin(), existing.end(), [](const auto& a, const auto& b) { return a->key < b->key; });
    for (size_t i = 0; i < wanted.size(); ++i) {
      auto slice = wanted[i].as_object();
      if (i < existing.size()) {
        auto document = existing[i]->document();
        bool changed = false;
        for (const auto part : {"addressType", "ports", "endpoints"}) {
          const auto* old = json::find(document, {part});
          if (old != nullptr && *old == slice[part]) continue;
          if (old == nullptr && slice[part].is_array() && slice[part].get_array().empty()) continue;
          document.as_object()[part] = slice[part];
          changed = true;
        }
        const json::Value labels = labels_of(service);
        if (json::Value(json::object_at(document, {"metadata", "labels"})) != labels) {
          json::ensure(document, {"metadata", "labels"}) = labels;
          changed = true;
        }
        if (changed)
          TRY_CTX(context.update("endpointslices.discovery.k8s.io", existing[i]->key, document),
                  "update slice " + existing[i]->key.string());
        continue;
      }
      slice["kind"] = "EndpointSlice";
      slice["apiVersion"] = "discovery.k8s.io/v1";
      slice["metadata"] = json::Object{{"generateName", key.name + '-'},
                                       {"namespace", key.ns},
                                       {"labels", labels_of(service)},
                                       {"ownerReferences", json::Array{controller_reference(service)}}};
      TRY_CTX(context.create("endpointslices.discovery.k8s.io", key.ns, slice), "create a slice of " + key.string());
    }
    for (size_t i = wanted.size(); i < existing.size(); ++i)
      if (auto removed = context.remove("endpointslices.discovery.k8s.io", existing[i]->key);
          !removed && removed.error().code != Code::kNotFound)
        return fail(removed.error());
    return {};
  }

  static Result<> apply_endpoints(Context& context, const ObjectKey& key, const json::Value& service,
                                  json::Array subsets) {
    const auto existing = context.informer("endpoints").get(key);
    if (!existing) {
      json::Object endpoints{
          {"kind", "Endpoints"},
          {"apiVersion", "v1"},
          {"metadata", json::Object{{"name", key.name},
                                    {"namespace", key.ns},
                                    {"labels", json::object_at(service, {"metadata", "labels"})},
                                    {"ownerReferences", json::Array{controller_reference(service)}}}}};
      if (!subsets.empty()) endpoints["subsets"] = std::move(subsets);
      auto created = context.create("endpoints", key.ns, endpoints);
      if (!created && created.error().code != Code::kAlreadyExists)
        return fail(created.error().wrap("create endpoints " + key.string()));
      return {};
    }
    auto document = existing->document();
    if (json::array_at(document, {"subsets"}) == subsets) return {};
    document.as_object()["subsets"] = std::move(subsets);
    TRY_CTX(context.update("endpoints", key, document), "update endpoints " + key.string());
    return {};
  }
};

}  // namespace

std::unique_ptr<Reconciler> make_endpoints_controller() { return std::make_unique<EndpointsController>(); }

}  // namespace appliance::orchestrator::controllers
