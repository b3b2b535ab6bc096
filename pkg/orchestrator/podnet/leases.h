// Addresses of pods: who has which, given out round robin, a freed one rests 30 s (stale conntrack entries, ARP caches
// and clients must not meet the next owner). Only when nothing else is left, the one that has rested longest is taken
// early.
//
// The journal, one line per change, is on disk before an address is used:
//   take 10.42.0.7 <pod uid>\n
//   free 10.42.0.7 <pod uid>\n
// A last line without its line end was torn by a crash and never acknowledged: it is dropped. open() compacts to the
// takes that are alive and a `last <ip>` line, which keeps the round robin going. Not thread-safe.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "net/netlink/ip.h"

namespace appliance::orchestrator::podnet {

using net::netlink::Cidr;
using net::netlink::Ipv4;

constexpr base::Nanos kLeaseRest = std::chrono::seconds(30);

class Leases {
 public:
  static Result<Leases> open(Cidr range, const std::string& path, const base::Clock& clock);

  Result<Ipv4> take(const std::string& uid);  // the one it has, or a new one; kResourceExhausted when all are in use
  Result<> release(const std::string& uid);   // absent is fine
  // An address that the kernel says is in use by `uid`: the kernel is right.
  Result<> adopt(const std::string& uid, Ipv4 ip);
  [[nodiscard]] std::optional<Ipv4> find(const std::string& uid) const;
  [[nodiscard]] const std::map<std::string, Ipv4>& all() const { return by_uid_; }

 private:
  struct Resting {
    Ipv4 ip;
    base::MonoTime until;
  };
  Leases(Cidr range, std::string path, const base::Clock& clock)
      : range_(range), path_(std::move(path)), clock_(&clock) {}
  Result<> load();
  Result<> compact();
  Result<> append(const std::string& line);
  [[nodiscard]] std::optional<Ipv4> pick();
  void forget_rest(Ipv4 ip);

  Cidr range_;
  std::string path_;
  const base::Clock* clock_;
  base::Fd journal_;
  std::map<std::string, Ipv4> by_uid_;
  std::map<Ipv4, std::string> by_ip_;
  std::deque<Resting> resting_;  // oldest first
  Ipv4 last_;
};

}  // namespace appliance::orchestrator::podnet
