// Endpoints (core/v1) and EndpointSlice (discovery.k8s.io/v1).
#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

constexpr size_t kShownMax = 3;  // in a cell
constexpr size_t kSliceEndpointsMax = 1000;
constexpr size_t kSlicePortsMax = 100;
constexpr std::string_view kIpText = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

// "a,b,c + 2 more...".
class Shortened {
 public:
  void add(std::string text) {
    if (count_++ >= kShownMax) return;
    if (!text_.empty()) text_ += ',';
    text_ += text;
  }
  [[nodiscard]] std::string text(std::string_view when_empty) const {
    if (count_ > kShownMax) return text_ + " + " + std::to_string(count_ - kShownMax) + " more...";
    return text_.empty() ? std::string(when_empty) : text_;
  }

 private:
  std::string text_;
  size_t count_ = 0;
};

std::string host_port(std::string_view ip, int64_t port) {
  const std::string host = ip.find(':') == std::string_view::npos ? std::string(ip) : '[' + std::string(ip) + ']';
  return host + ':' + std::to_string(port);
}

std::string endpoints_text(const json::Value& object) {
  Shortened out;
  for (const auto& subset : json::array_at(object, {"subsets"})) {
    const auto& ports = json::array_at(subset, {"ports"});
    const auto& addresses = json::array_at(subset, {"addresses"});
    if (ports.empty())
      for (const auto& address : addresses) out.add(std::string(json::string_at(address, {"ip"})));
    for (const auto& port : ports)
      for (const auto& address : addresses)
        out.add(host_port(json::string_at(address, {"ip"}), json::int_at(port, {"port"})));
  }
  return out.text("<none>");
}

json::Array endpoints_cells(const json::Value& object, int64_t now_seconds) {
  return {name_cell(object), cell(endpoints_text(object)), age_cell(object, now_seconds)};
}

void validate_endpoints(const json::Value& object, const json::Value* /*old*/, Errors& errors) {
  const auto& subsets = json::array_at(object, {"subsets"});
  for (size_t i = 0; i < subsets.size(); ++i) {
    const std::string at = at_index("subsets", i);
    const auto& ready = json::array_at(subsets[i], {"addresses"});
    const auto& unready = json::array_at(subsets[i], {"notReadyAddresses"});
    if (ready.empty() && unready.empty())
      errors.push_back(required(at, "must specify `addresses` or `notReadyAddresses`"));
    for (const auto* key : {"addresses", "notReadyAddresses"}) {
      const auto& list = json::array_at(subsets[i], {key});
      for (size_t j = 0; j < list.size(); ++j)
        if (const auto ip = json::string_at(list[j], {"ip"}); !is_ip(ip))
          errors.push_back(invalid(at_index(at + '.' + key, j) + ".ip", json::String(ip), std::string(kIpText)));
    }
    const auto& ports = json::array_at(subsets[i], {"ports"});
    for (size_t j = 0; j < ports.size(); ++j) {
      const std::string port = at_index(at + ".ports", j);
      if (ports.size() > 1 && json::string_at(ports[j], {"name"}).empty()) errors.push_back(required(port + ".name"));
      for (const auto& why : check_port(json::int_at(ports[j], {"port"})))
        errors.push_back(invalid(port + ".port", json::int_at(ports[j], {"port"}), why));
      check_choice(ports[j], "protocol", port + ".protocol", {"SCTP", "TCP", "UDP"}, errors);
    }
  }
}

json::Array slice_cells(const json::Value& object, int64_t now_seconds) {
  Shortened ports;
  for (const auto& port : json::array_at(object, {"ports"})) {
    const auto* number = json::find(port, {"port"});
    const auto name = json::string_at(port, {"name"});
    ports.add(number != nullptr ? std::to_string(json::int_at(port, {"port"}))
              : name.empty()    ? "*"
                                : std::string(name));
  }
  Shortened endpoints;
  for (const auto& endpoint : json::array_at(object, {"endpoints"}))
    for (const auto& address : json::array_at(endpoint, {"addresses"})) endpoints.add(std::string(text_of(address)));
  return {name_cell(object), cell(json::string_at(object, {"addressType"})), cell(ports.text("<unset>")),
          cell(endpoints.text("<unset>")), age_cell(object, now_seconds)};
}

void validate_slice(const json::Value& object, const json::Value* old, Errors& errors) {
  check_choice(object, "addressType", "addressType", {"FQDN", "IPv4", "IPv6"}, errors);
  const auto& endpoints = json::array_at(object, {"endpoints"});
  const auto too_many = [&](std::string field, size_t count, size_t most) {
    errors.push_back({.type = FieldError::Type::kTooMany,
                      .field = std::move(field),
                      .value = std::to_string(count),
                      .detail = "must have at most " + std::to_string(most) + " items"});
  };
  if (endpoints.size() > kSliceEndpointsMax) too_many("endpoints", endpoints.size(), kSliceEndpointsMax);
  const auto type = json::string_at(object, {"addressType"});
  for (size_t i = 0; i < endpoints.size() && i < kSliceEndpointsMax; ++i) {
    const std::string at = at_index("endpoints", i);
    const auto& addresses = json::array_at(endpoints[i], {"addresses"});
    if (addresses.empty()) errors.push_back(required(at + ".addresses", "must contain at least 1 address"));
    for (size_t j = 0; j < addresses.size(); ++j) {
      const auto address = text_of(addresses[j]);
      if ((type == "IPv4" && !is_ipv4(address)) || (type == "IPv6" && (!is_ip(address) || is_ipv4(address))))
        errors.push_back(invalid(at_index(at + ".addresses", j), addresses[j], std::string(kIpText)));
    }
  }
  const auto& ports = json::array_at(object, {"ports"});
  if (ports.size() > kSlicePortsMax) too_many("ports", ports.size(), kSlicePortsMax);
  if (old != nullptr && type != json::string_at(*old, {"addressType"}))
    errors.push_back(invalid("addressType", json::String(type), "field is immutable"));
}

}  // namespace

Kind endpoints_kind() {
  Kind kind = stored_kind("", "Endpoints", "endpoints");
  kind.short_names = {"ep"};
  kind.schema = &core::kEndpoints;
  kind.validate = validate_endpoints;
  kind.columns.push_back({.name = "Endpoints", .format = {}, .description = "Addresses and ports behind the service."});
  kind.columns.push_back({.name = "Age", .format = {}, .description = "Time since the object was created."});
  kind.cells = endpoints_cells;
  return kind;
}

Kind endpoint_slice_kind() {
  Kind kind = stored_kind("discovery.k8s.io", "EndpointSlice", "endpointslices");
  kind.has_generation = true;
  kind.schema = &discovery::kEndpointSlice;
  kind.validate = validate_slice;
  kind.columns.push_back({.name = "AddressType", .format = {}, .description = "Family of the addresses."});
  kind.columns.push_back({.name = "Ports", .format = {}, .description = "Ports of each endpoint."});
  kind.columns.push_back({.name = "Endpoints", .format = {}, .description = "Addresses of the endpoints."});
  kind.columns.push_back({.name = "Age", .format = {}, .description = "Time since the object was created."});
  kind.cells = slice_cells;
  return kind;
}

}  // namespace appliance::orchestrator::api
