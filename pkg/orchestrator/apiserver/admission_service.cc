// Cluster IPs and node ports (kube-api page 6.2 "Service", 6.3): allocated under one owner, kept over updates, given
// back when the Service changes its mind or goes.
#include "base/strings.h"
#include "orchestrator/apiserver/admission.h"

namespace appliance::orchestrator::apiserver {
namespace {

using Errors = std::vector<api::FieldError>;

std::string uid_of(const json::Value& service) { return std::string(json::string_at(service, {"metadata", "uid"})); }
std::string type_of(const json::Value& service) {
  return std::string(json::string_at(service, {"spec", "type"}, "ClusterIP"));
}
bool has_address(const json::Value& service) { return type_of(service) != "ExternalName"; }
bool has_node_ports(const json::Value& service) {
  return type_of(service) == "NodePort" || type_of(service) == "LoadBalancer";
}

std::string block_text(const Core& core) { return core.options.service_cidr; }

void set_address(json::Value& service, const std::string& ip) {
  json::ensure(service, {"spec", "clusterIP"}) = ip;
  json::ensure(service, {"spec", "clusterIPs"}) = json::Array{json::Value(ip)};
}

std::string wanted_address(const json::Value& service) {
  const json::Array& list = json::array_at(service, {"spec", "clusterIPs"});
  const std::string_view one = json::string_at(service, {"spec", "clusterIP"});
  if (one.empty() && !list.empty() && list[0].is_string()) return std::string(list[0].as_string());
  return std::string(one);
}

void drop_address(json::Value& service) {
  json::Object& spec = json::ensure(service, {"spec"}).as_object();
  for (const char* field : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"})
    spec.erase(field);
}

void give_address(Core& core, json::Value& service, Reservations& reservations, Errors& errors) {
  if (json::find(service, {"spec", "ipFamilies"}) == nullptr)
    json::ensure(service, {"spec", "ipFamilies"}) = json::Array{json::Value("IPv4")};
  if (json::find(service, {"spec", "ipFamilyPolicy"}) == nullptr)
    json::ensure(service, {"spec", "ipFamilyPolicy"}) = "SingleStack";
  const std::string wanted = wanted_address(service);
  if (wanted == "None") return set_address(service, wanted);
  if (wanted.empty()) {
    const auto number = reservations.allocate(core.cluster_ips, uid_of(service));
    if (number) return set_address(service, format_ipv4(*number));
    errors.push_back(api::invalid("spec.clusterIPs", json::Array{}, "failed to allocate a serviceIP: range is full"));
    return;
  }
  const auto number = parse_ipv4(wanted);
  const json::Array shown{json::Value(wanted)};
  if (!number) return;  // the schema's own rules speak of what is no address
  if (!core.cluster_ips.contains(*number)) {
    errors.push_back(api::invalid("spec.clusterIPs", shown,
                                  "failed to allocate IP " + wanted + ": the provided IP (" + wanted +
                                      ") is not in the valid range. The range of valid IPs is " + block_text(core)));
  } else if (!reservations.reserve(core.cluster_ips, *number, uid_of(service))) {
    errors.push_back(api::invalid("spec.clusterIPs", shown,
                                  "failed to allocate IP " + wanted + ": provided IP is already allocated"));
  } else {
    set_address(service, wanted);
  }
}

// Ports of an update that name no number keep the one of the same port before (by name, then by port and protocol).
int64_t former_node_port(const json::Value& port, const json::Value* old) {
  if (old == nullptr || !has_node_ports(*old)) return 0;
  for (const json::Value& before : json::array_at(*old, {"spec", "ports"})) {
    if (json::int_at(before, {"port"}) == json::int_at(port, {"port"}) &&
        json::string_at(before, {"protocol"}, "TCP") == json::string_at(port, {"protocol"}, "TCP")) {
      return json::int_at(before, {"nodePort"});
    }
  }
  return 0;
}

// One number may serve TCP and UDP of the same Service: the owner is the same.
void give_node_port(Core& core, json::Value& port, size_t index, const json::Value& service, Reservations& reservations,
                    Errors& errors) {
  const std::string field = "spec.ports[" + std::to_string(index) + "].nodePort";
  const int64_t wanted = json::int_at(port, {"nodePort"});
  if (wanted == 0) {
    const auto number = reservations.allocate(core.node_ports, uid_of(service));
    if (number) {
      json::ensure(port, {"nodePort"}) = static_cast<int64_t>(*number);
    } else {
      errors.push_back(api::invalid(field, 0, "failed to allocate a nodePort: range is full"));
    }
    return;
  }
  if (wanted < 0 || !core.node_ports.contains(static_cast<uint32_t>(wanted))) {
    errors.push_back(api::invalid(field, wanted,
                                  "provided port is not in the valid range. The range of valid ports is " +
                                      std::to_string(core.node_ports.first()) + '-' +
                                      std::to_string(core.node_ports.last())));
  } else if (!reservations.reserve(core.node_ports, static_cast<uint32_t>(wanted), uid_of(service))) {
    errors.push_back(api::invalid(field, wanted, "provided port is already allocated"));
  }
}

void give_node_ports(Core& core, json::Value& service, const json::Value* old, Reservations& reservations,
                     Errors& errors) {
  if (json::array_at(service, {"spec", "ports"}).empty()) return;
  json::Array& ports = json::ensure(service, {"spec", "ports"}).as_array();
  for (json::Value& port : ports) {
    const int64_t before = json::int_at(port, {"nodePort"}) == 0 ? former_node_port(port, old) : 0;
    if (before != 0) json::ensure(port, {"nodePort"}) = before;
  }
  for (size_t i = 0; i < ports.size(); ++i) give_node_port(core, ports[i], i, service, reservations, errors);
}

// A Service that stops being of NodePort type gives its numbers back, unless the user names others now.
void drop_node_ports(json::Value& service, const json::Value* old) {
  if (old == nullptr || !has_node_ports(*old) || json::array_at(service, {"spec", "ports"}).empty()) return;
  for (json::Value& port : json::ensure(service, {"spec", "ports"}).as_array()) {
    if (port.is_object() && json::int_at(port, {"nodePort"}) == former_node_port(port, old))
      port.as_object().erase("nodePort");
  }
}

class ServiceNumbers final : public Watcher {
 public:
  explicit ServiceNumbers(Core& core) : core_(core) {}
  void on_event(const CacheEvent& event) override {
    if (event.change == Change::kDeleted) return give_back(*event.object, nullptr);
    take(*event.object);
    if (event.old) give_back(*event.old, event.object.get());
  }
  void on_lost() override {}  // the difference comes as events
  void take(const api::Object& object) {
    for (auto& [from, number] : numbers(object)) (void)from->reserve(number, object.meta.uid);
  }

 private:
  using Numbers = std::vector<std::pair<NumberAllocator*, uint32_t>>;
  Numbers numbers(const api::Object& object) {
    Numbers out;
    const json::Value service = object.document();
    const auto ip = parse_ipv4(wanted_address(service));
    if (ip && has_address(service)) out.emplace_back(&core_.cluster_ips, *ip);
    for (const json::Value& port : json::array_at(service, {"spec", "ports"})) {
      if (const int64_t n = json::int_at(port, {"nodePort"}); n > 0)
        out.emplace_back(&core_.node_ports, static_cast<uint32_t>(n));
    }
    return out;
  }
  void give_back(const api::Object& before, const api::Object* now) {
    const Numbers kept = now == nullptr ? Numbers{} : numbers(*now);
    for (const auto& entry : numbers(before)) {
      if (std::ranges::find(kept, entry) == kept.end()) entry.first->release(entry.second, before.meta.uid);
    }
  }
  Core& core_;
};

}  // namespace

api::ApiResult<void> admit_service(Core& core, const api::Kind& kind, json::Value& service, const json::Value* old,
                                   Reservations& reservations) {
  Errors errors;
  if (!has_address(service)) {
    drop_address(service);
    drop_node_ports(service, old);
    return {};
  }
  if (old != nullptr && has_address(*old) && wanted_address(service).empty()) {
    const std::string kept = wanted_address(*old);
    if (!kept.empty()) set_address(service, kept);
  }
  give_address(core, service, reservations, errors);
  if (has_node_ports(service)) {
    if (json::find(service, {"spec", "externalTrafficPolicy"}) == nullptr)
      json::ensure(service, {"spec", "externalTrafficPolicy"}) = "Cluster";
    give_node_ports(core, service, old, reservations, errors);
  } else {
    drop_node_ports(service, old);
    if (old != nullptr && has_node_ports(*old))
      json::ensure(service, {"spec"}).as_object().erase("externalTrafficPolicy");
  }
  if (errors.empty()) return {};
  return std::unexpected(api::invalid(kind, json::string_at(service, {"metadata", "name"}), errors));
}

std::shared_ptr<Watcher> service_numbers(Core& core) {
  auto watcher = std::make_shared<ServiceNumbers>(core);
  for (const api::ObjectPtr& object : core.cache.list(core.kind("services"), "").objects) watcher->take(*object);
  return watcher;
}

}  // namespace appliance::orchestrator::apiserver
