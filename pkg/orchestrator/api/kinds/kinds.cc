#include "orchestrator/api/kinds/kinds.h"

#include <utility>

namespace appliance::orchestrator::api {

KindTable::KindTable(std::vector<Kind> kinds) : kinds_(std::move(kinds)) {}

// The table has some twenty rows: a scan is as quick as a map and keeps the order of discovery.
const Kind* KindTable::find(std::string_view group, std::string_view version, std::string_view plural) const {
  for (const auto& kind : kinds_)
    if (kind.plural == plural && kind.group == group && kind.version == version) return &kind;
  return nullptr;
}

const Kind* KindTable::find_kind(std::string_view api_version, std::string_view name) const {
  for (const auto& kind : kinds_)
    if (kind.kind == name && kind.api_version() == api_version) return &kind;
  return nullptr;
}

const Kind* KindTable::by_resource(std::string_view resource) const {
  for (const auto& kind : kinds_)
    if (kind.resource() == resource) return &kind;
  return nullptr;
}

std::shared_ptr<const KindTable> builtin_kinds() {
  static const auto kTable = [] {
    std::vector<Kind> kinds = {config_map_kind(), endpoints_kind(),  event_kind(),      namespace_kind(),
                               node_kind(),       pod_kind(),        secret_kind(),     service_account_kind(),
                               service_kind(),    deployment_kind(), replica_set_kind()};
    for (auto& review : review_kinds()) kinds.push_back(std::move(review));
    kinds.push_back(certificate_signing_request_kind());
    kinds.push_back(lease_kind());
    kinds.push_back(endpoint_slice_kind());
    return std::make_shared<const KindTable>(std::move(kinds));
  }();
  return kTable;
}

}  // namespace appliance::orchestrator::api
