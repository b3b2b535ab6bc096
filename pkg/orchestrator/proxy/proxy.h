// Proxy: makes Services work on this node, in the kernel, by nftables maps (layout.h). Watches Services and
// EndpointSlices, plans per service (plan.h), applies the difference in one transaction per round (kernel.h).
//
//   Proxy proxy({.cluster_cidr = "10.42.0.0/16", .service_cidr = "10.43.0.0/16", .node_name = "n1", .log = log},
//   informers, clock); TRY(proxy.start());
//
// After a restart what is in the kernel is adopted and only the differences are changed; nothing is ever flushed and
// rebuilt. stop() leaves the kernel as it is: services work on without us. Own thread "proxy" in the network namespace
// of the thread that called start(). start, stop and teardown from one thread.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "orchestrator/client/client.h"
#include "orchestrator/proxy/kernel.h"

namespace appliance::orchestrator::proxy {

struct Options {
  std::string cluster_cidr;  // sources outside of it are masqueraded on cluster IPs
  std::string service_cidr;
  std::string node_name;  // which endpoints are local
  base::Log log;
};

class Proxy {
 public:
  Proxy(Options options, client::InformerSource& informers, const base::Clock& clock);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  Result<> start();     // the table is there when it returns; services follow within milliseconds
  void stop();          // idempotent; nothing of ours runs when it returns
  Result<> teardown();  // stop() and remove the table
  // True once the kernel has had all services that were known at start(). Thread-safe.
  [[nodiscard]] bool synced() const;

 private:
  using Key = client::ObjectKey;
  void run();
  void on_service(const client::Notice& notice);
  void on_slice(const client::Notice& notice);
  void mark(const Key& service);
  [[nodiscard]] bool informers_ready();
  void index_slices();
  ServicePlan plan_for(const Key& service);
  Result<> sync_some(const std::set<Key>& keys);
  Result<> sync_all();
  void clean_flows(const std::vector<UdpFrontend>& before, const std::vector<UdpFrontend>& after);
  [[nodiscard]] std::vector<UdpFrontend> all_udp() const;

  const Options options_;
  client::InformerSource& informers_;
  std::unique_ptr<Kernel> kernel_;
  client::Informer* services_ = nullptr;
  client::Informer* slices_ = nullptr;

  // The proxy thread's own.
  std::map<Key, ServicePlan> plans_;
  uint32_t generation_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::set<Key> dirty_;                     // services to look at
  std::map<Key, std::set<Key>> slices_of_;  // service -> its slices
  bool full_ = true;                        // compare everything with the kernel
  bool synced_ = false;
  bool stopping_ = false;

  std::unique_ptr<client::Subscription> service_subscription_;
  std::unique_ptr<client::Subscription> slice_subscription_;
  std::thread thread_;
};

// The table removed, for when no proxy is open. Idempotent.
Result<> remove_all();

}  // namespace appliance::orchestrator::proxy
