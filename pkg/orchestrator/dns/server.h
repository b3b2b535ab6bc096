// DnsServer: the cluster's DNS. Answers the cluster zone from memory (zone.h), forwards the rest to the machine's
// upstreams (net/dns/forwarder.h). UDP and TCP.
//
//   DnsServer dns({.listen_addresses = {"10.43.0.10"}, .cluster_domain = "cluster.local", .private_cidrs =
//   {"10.42.0.0/16",
//                  "10.43.0.0/16"}, .log = log}, informers, clock);
//   TRY(dns.start());
//
// Pods reach it without NAT: with own_addresses each listen address is put on lo as /32, so that the packet is local in
// the kernel's eyes (no DNAT, so no conntrack race of an A and AAAA pair). teardown() takes the addresses away again.
// Own thread "dns" (epoll, batched system calls), which owns zone and cache, in the network namespace of start()'s
// caller. start, stop and teardown from one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "orchestrator/client/client.h"

namespace appliance::orchestrator::dns {

struct Options {
  std::vector<std::string> listen_addresses;  // IPv4
  uint16_t port = 53;                         // 0: any, port() says which
  bool own_addresses = true;                  // put them on lo
  std::string cluster_domain = "cluster.local";
  std::vector<std::string> private_cidrs;  // reverse questions about these are never forwarded
  std::vector<std::string>
      upstreams;  // "1.2.3.4" or "1.2.3.4:5353"; empty: from resolv_conf_path, followed when it changes
  std::string resolv_conf_path = "/etc/resolv.conf";
  base::Log log;
};

class DnsServer {
 public:
  DnsServer(Options options, client::InformerSource& informers, const base::Clock& clock);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  Result<> start();     // it answers when this returns; the cluster zone with SERVFAIL until the first lists are in
  void stop();          // idempotent; leaves the addresses
  Result<> teardown();  // stop() and remove the addresses
  [[nodiscard]] uint16_t port() const;
  [[nodiscard]] bool synced() const;  // thread-safe

  class Core;  // the thread's state: server_core.h

 private:
  std::unique_ptr<Core> core_;
};

// Takes the addresses off lo, for when no server is open. Idempotent.
Result<> remove_addresses(const std::vector<std::string>& listen_addresses);

}  // namespace appliance::orchestrator::dns
