// Resolver: from a packet to its answer. Knows the zone and the forwarder, no sockets of its own. On the DNS thread.
#pragma once

#include <vector>

#include "net/dns/forwarder.h"
#include "net/netlink/ip.h"
#include "orchestrator/dns/listeners.h"
#include "orchestrator/dns/zone.h"

namespace appliance::orchestrator::dns {

class Resolver {
 public:
  Resolver(std::string_view cluster_domain, std::vector<net::netlink::Cidr> private_cidrs,
           net::dns::Forwarder& forwarder)
      : zone_(cluster_domain), private_cidrs_(std::move(private_cidrs)), forwarder_(forwarder) {}
  Zone& zone() { return zone_; }
  void set_ready() {
    ready_ = true;
  }  // before, the zone is not answered from: a false NXDOMAIN would be cached by clients
  void handle(std::string_view packet, bool tcp, Reply reply);

 private:
  void resolve(net::dns::Query query, size_t limit, Reply reply);
  void forward(net::dns::Query query, size_t limit, Reply reply);
  void follow(net::dns::Query query, net::dns::Answer answer, size_t limit, Reply reply);
  [[nodiscard]] bool is_private_reverse(std::string_view name) const;

  Zone zone_;
  std::vector<net::netlink::Cidr> private_cidrs_;
  net::dns::Forwarder& forwarder_;
  bool ready_ = false;
};

// The forwarder's response in the shape that this client asked for: its id, case, flags, size and OPT.
std::string adapt_response(const net::dns::Query& query, const std::string& response, size_t limit);

}  // namespace appliance::orchestrator::dns
