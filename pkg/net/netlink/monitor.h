// Notices of the kernel: what changes in one network namespace, by multicast netlink groups.
//
//   auto monitor = TRY(Monitor::open(NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE}));
//   poll(monitor.fd(), POLLIN);
//   const bool lost = TRY(monitor.read([](const Message& m) { ... }));
//
// Belongs to the namespace in which it was opened. Not thread-safe. Notices can be lost (the kernel says so): whoever
// listens must be able to read the whole state anew.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>

#include "base/error.h"
#include "base/fd.h"
#include "net/netlink/message.h"

namespace appliance::net::netlink {

class Monitor {
 public:
  static Result<Monitor> open(int protocol, std::initializer_list<int> groups);  // RTNLGRP_*, NFNLGRP_*
  // All that is there, without waiting. True: notices were lost.
  Result<bool> read(const std::function<void(const Message&)>& handler);
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Monitor(base::Fd fd) : fd_(std::move(fd)) {}
  base::Fd fd_;
  std::string buffer_;
};

}  // namespace appliance::net::netlink
