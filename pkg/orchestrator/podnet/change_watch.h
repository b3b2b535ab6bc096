// Hears when somebody else changes what the pod network stands on, and has it mended: `nft flush ruleset`, a link that
// went down and up again (the kernel then has dropped our routes over it), a new address or default route. Owns one
// thread, in the network namespace of the thread that made it.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/netlink/monitor.h"

namespace appliance::orchestrator::podnet {

// Whether this notice can be about something that set_peers() or the rules depend on. Pods that come and go are not.
bool concerns_peers(const net::netlink::Message& notice);  // of NETLINK_ROUTE
bool concerns_rules(const net::netlink::Message& notice);  // of NETLINK_NETFILTER: our table was deleted

class ChangeWatch {
 public:
  // `mend` runs on the watch's thread, once per burst of changes; its own changes may make it run once more. What it
  // fails with is logged.
  static Result<std::unique_ptr<ChangeWatch>> start(std::function<Result<>()> mend, base::Log log);
  ~ChangeWatch() { stop(); }
  ChangeWatch(const ChangeWatch&) = delete;
  ChangeWatch& operator=(const ChangeWatch&) = delete;
  void stop();  // idempotent; returns when `mend` runs no more

 private:
  ChangeWatch(net::netlink::Monitor routes, net::netlink::Monitor rules, base::Fd stop, std::function<Result<>()> mend,
              base::Log log);
  void run();
  bool read_notices();
  void mend_and_log();

  net::netlink::Monitor routes_;
  net::netlink::Monitor rules_;
  base::Fd stop_;  // eventfd
  std::function<Result<>()> mend_;
  base::Log log_;
  std::string last_error_;
  std::thread thread_;
};

}  // namespace appliance::orchestrator::podnet
