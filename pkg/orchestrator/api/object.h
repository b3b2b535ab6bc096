// Objects are bytes and facts. The stored bytes of an object are serialized once, without kind, apiVersion and
// resourceVersion, and begin with `{"metadata":{`; a response is
//
//   {"kind":K,"apiVersion":V,"metadata":{"resourceVersion":"N",   + the bytes behind `{"metadata":{`
//
// Beside the bytes stand Facts: the few typed fields that controllers, scheduler, proxy and indexes plan on. An Object
// is immutable and shared (std::shared_ptr<const Object>).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json/json.h"
#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::api {

struct ObjectKey {
  std::string ns;  // "" for cluster scope
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
  [[nodiscard]] std::string string() const { return ns.empty() ? name : ns + '/' + name; }
};

using Labels = std::vector<std::pair<std::string, std::string>>;           // sorted by key
std::string_view label_value(const Labels& labels, std::string_view key);  // "" when absent

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;
};

struct Meta {
  std::string uid;
  int64_t generation = 0;
  int64_t creation_seconds = 0;  // Unix
  std::optional<int64_t> deletion_seconds;
  std::optional<int64_t> deletion_grace_seconds;
  Labels labels;
  std::vector<OwnerReference> owners;
  std::vector<std::string> finalizers;
};

struct PodFacts {
  std::string node;
  std::string phase;  // Pending Running Succeeded Failed Unknown
  std::string pod_ip;
  std::string host_ip;
  bool host_network = false;
  bool ready = false;
  int64_t ready_since_seconds = 0;
  int32_t restarts = 0;
  int64_t cpu_request_millis = 0;  // sums over containers, max with init containers
  int64_t memory_request_bytes = 0;
  std::vector<std::pair<std::string, int>> host_ports;  // "TCP", 8080
};
struct NodeFacts {
  bool ready = false;
  bool unschedulable = false;
};
// Other kinds are planned on by parsing their bytes; add a struct here when a profile says so.
using Facts = std::variant<std::monostate, PodFacts, NodeFacts>;

struct Object {
  const Kind* kind = nullptr;
  ObjectKey key;
  int64_t revision = 0;
  std::shared_ptr<const std::string> bytes;
  Meta meta;
  Facts facts;

  [[nodiscard]] json::Value document() const;  // parsed, with kind, apiVersion and resourceVersion
  [[nodiscard]] const PodFacts& pod() const { return std::get<PodFacts>(facts); }
};
using ObjectPtr = std::shared_ptr<const Object>;

// Serializes for the store: metadata first, without kind, apiVersion, resourceVersion.
std::string stored_bytes(const json::Value& document);
// Reads back what stored_bytes() wrote. kDataLoss when it is not that.
Result<ObjectPtr> make_object(const Kind& kind, int64_t revision, std::shared_ptr<const std::string> bytes);
// The splice: `{"kind":..,"apiVersion":..,"metadata":{"resourceVersion":"N",` and the rest of the bytes.
std::string splice_prefix(const Kind& kind, int64_t revision);  // single objects
std::string splice_item_prefix(int64_t revision);               // items of a List: no kind, no apiVersion
std::string_view splice_rest(const std::string& bytes);

}  // namespace appliance::orchestrator::api
