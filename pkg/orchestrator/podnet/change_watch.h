// Finds out when somebody else changes what the pod network stands on, and has it mended: a link that went down and up
// again (the kernel then has dropped our routes over it), a new address or default route, `nft flush ruleset`. Links,
// addresses and routes are heard of at once. The rules are looked at every two seconds, by the kernel's count of
// transactions: a listener to nftables would cost every transaction of the proxy a notice per element (30,000 elements:
// measured 0.05 s of kernel time without, 0.1 to 0.8 s with one). Owns one thread, in the network namespace of the
// thread that made it.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/netlink/monitor.h"
#include "net/nft/nft.h"

namespace appliance::orchestrator::podnet {

// Whether this notice of NETLINK_ROUTE can be about something that set_peers() depends on. Pods that come and go are
// not.
bool concerns_peers(const net::netlink::Message& notice);

class ChangeWatch {
 public:
  // `mend` runs on the watch's thread, once per burst of changes; its own changes may make it run once more. What it
  // fails with is logged, and it is left alone for longer each time: a failed attempt may be a change itself.
  static Result<std::unique_ptr<ChangeWatch>> start(std::function<Result<>()> mend, base::Log log);
  ~ChangeWatch() { stop(); }
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;
  void stop();  // idempotent; returns when `mend` runs no more

 private:
  ChangeWatch(net::netlink::Monitor routes, net::nft::Nft rules, base::Fd stop, std::function<Result<>()> mend,
              base::Log log);
  void run();
  bool routes_changed();
  bool rules_gone();
  bool mend_and_log();

  net::netlink::Monitor routes_;
  net::nft::Nft rules_;
  uint32_t generation_ = 0;  // of the rules when they were last looked at
  base::Fd stop_;            // eventfd
  std::function<Result<>()> mend_;
  base::Log log_;
  std::string last_error_;
  int settle_ms_;
  std::thread thread_;
};

}  // namespace appliance::orchestrator::podnet
