// Client: the way to the API for controllers, scheduler, kubelet, proxy and the command line, in this process or over
// HTTPS; one conformance suite for both. Both pass authentication, authorization and admission.
//
//   auto pod = TRY(client.get("pods", {"default", "web"}));
//   TRY(client.patch("pods", key, PatchType::kMerge, {{"status", status}}, {.subresource = "status"}));
//
// Calls block: pool threads only. `resource` is plural.group: "pods", "deployments.apps", "leases.coordination.k8s.io".
// Errors are base::Error with the Code of the Status (kNotFound, kAlreadyExists, kAborted for Conflict,
// kInvalidArgument, kPermissionDenied, ...) and its message.
//
// Informer: a live, shared, read-only view of one resource. In one process it is the API server's watch cache itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json/json.h"
#include "orchestrator/api/object.h"

namespace appliance::orchestrator::client {

using api::ObjectKey;
using api::ObjectPtr;

enum class PatchType : unsigned char { kJson, kMerge, kStrategicMerge };

struct WriteOptions {
  std::string subresource;  // "", "status", "scale", "binding", "finalize"
  std::string field_manager;
  bool dry_run = false;
};
struct DeleteOptions {
  std::optional<int64_t> grace_seconds;
  std::string uid;               // precondition; "" = none
  std::string resource_version;  // precondition; "" = none
  std::string propagation;       // "", Background, Foreground, Orphan
};
struct ListOptions {
  std::string label_selector;
  std::string field_selector;
};

class Client {
 public:
  virtual ~Client() = default;
  virtual Result<json::Value> get(std::string_view resource, const ObjectKey& key) = 0;
  virtual Result<json::Value> list(std::string_view resource, std::string_view ns,
                                   const ListOptions& options = {}) = 0;  // a List document
  // With a subresource ("binding", "token", "eviction") it is a POST to NAME/subresource; NAME is the object's
  // metadata.name.
  virtual Result<json::Value> create(std::string_view resource, std::string_view ns, const json::Value& object,
                                     const WriteOptions& options = {}) = 0;
  virtual Result<json::Value> update(std::string_view resource, const ObjectKey& key, const json::Value& object,
                                     const WriteOptions& options = {}) = 0;
  virtual Result<json::Value> patch(std::string_view resource, const ObjectKey& key, PatchType type,
                                    const json::Value& patch, const WriteOptions& options = {}) = 0;
  virtual Result<> remove(std::string_view resource, const ObjectKey& key, const DeleteOptions& options = {}) = 0;
};

enum class Change : unsigned char { kAdded, kModified, kDeleted };
struct Notice {
  Change change = Change::kAdded;
  ObjectPtr object;  // kDeleted: the last state
  ObjectPtr old;     // kModified: before
};

class Subscription {
 public:
  virtual ~Subscription() = default;  // after it returns the handler runs no more
};

class Informer {
 public:
  virtual ~Informer() = default;
  [[nodiscard]] virtual ObjectPtr get(const ObjectKey& key) const = 0;                    // null when absent
  [[nodiscard]] virtual std::vector<ObjectPtr> list(std::string_view ns = {}) const = 0;  // "" = all namespaces; by key
  [[nodiscard]] virtual std::vector<ObjectPtr> by_owner(std::string_view owner_uid) const = 0;
  [[nodiscard]] virtual std::vector<ObjectPtr> by_node(std::string_view node) const = 0;  // pods only
  [[nodiscard]] virtual int64_t revision() const = 0;  // all changes up to it are in the view
  // The handler first gets kAdded for all that is there, then every change, on one thread, in order. Must be quick:
  // note the key and return.
  [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(std::function<void(const Notice&)> handler) = 0;
};

// Where informers come from; outlives all of them.
class InformerSource {
 public:
  virtual ~InformerSource() = default;
  virtual Informer& informer(
      std::string_view resource) = 0;  // APP_CHECKs that the kind exists; starts it when first asked for
  // The same, or null when this source does not carry the resource (a worker may not list secrets): ask the Client.
  virtual Informer* find(std::string_view resource) { return &informer(resource); }
};

}  // namespace appliance::orchestrator::client
