// Admission: what an object must satisfy, and gets, beyond its own schema: the namespace lives, a pod has its service
// account, token volume, priority and tolerations, a Service its cluster IP and node ports, a node writes only what is
// its own. Reads the watch cache; the caller repeats it with a fresh cache when it refuses.
#pragma once

#include <memory>
#include <vector>

#include "orchestrator/apiserver/core.h"

namespace appliance::orchestrator::apiserver {

// Cluster IPs and node ports taken for a write that is under way: given back unless commit() is called.
class Reservations {
 public:
  Reservations() = default;
  ~Reservations() { release(); }
  Reservations(const Reservations&) = delete;
  Reservations& operator=(const Reservations&) = delete;
  // False: somebody else has it.
  bool reserve(NumberAllocator& from, uint32_t number, const std::string& owner);
  std::optional<uint32_t> allocate(NumberAllocator& from, const std::string& owner);
  void commit() { taken_.clear(); }
  void release();

 private:
  struct Taken {
    NumberAllocator* from;
    uint32_t number;
    std::string owner;
  };
  std::vector<Taken> taken_;
};

// The namespace of a create exists and isn't going away; the node identity creates its own Node or Lease only.
api::ApiResult<void> admit_namespace(Core& core, const Call& call, const api::Kind& kind, std::string_view name);
api::ApiResult<void> admit_node_identity(const Core& core, const Call& call, const api::Kind& kind,
                                         std::string_view name);

// What a node identity may not write even of its own Node and pods: labels of the cluster, taints, its pod network, who
// owns it, an address that another Node has. `old` null: a create. Nothing for everybody else.
api::ApiResult<void> admit_node_write(const Core& core, const Call& call, const api::Kind& kind,
                                      const json::Value& object, const json::Value* old, std::string_view subresource);

// Change the object in place. After uid, name and namespace are set and prepare_create() ran.
api::ApiResult<void> admit_create(Core& core, const Call& call, const api::Kind& kind, json::Value& object,
                                  Reservations& reservations);
api::ApiResult<void> admit_update(Core& core, const api::Kind& kind, json::Value& object, const json::Value& old,
                                  Reservations& reservations);

// One file each.
api::ApiResult<void> admit_pod(Core& core, const api::Kind& kind, json::Value& pod);
// A request must parse and be one that its maker may make; who that is gets written into the spec.
api::ApiResult<void> admit_certificate_request(Core& core, const Call& call, const api::Kind& kind,
                                               json::Value& object);
// Decisions are made through /approval and stay, the certificate is written through /status, once; times are filled.
api::ApiResult<void> admit_certificate_update(const Core& core, const api::Kind& kind, json::Value& object,
                                              const json::Value& old, std::string_view subresource);
inline constexpr size_t kOpenRequestsMax = 500;  // of one maker, not issued: a leaked token must not fill the store
api::ApiResult<void> admit_service(Core& core, const api::Kind& kind, json::Value& service, const json::Value* old,
                                   Reservations& reservations);

// Gives numbers back when Services go, and takes those that the store already has. On the cache's thread.
std::shared_ptr<Watcher> service_numbers(Core& core);

bool namespace_is_protected(std::string_view name);

}  // namespace appliance::orchestrator::apiserver
