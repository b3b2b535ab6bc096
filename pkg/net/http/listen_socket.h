// Listening sockets, made by system calls: O_CLOEXEC at birth, which Asio's acceptor does not give. For pkg/net/http
// only.
#pragma once

#include <string>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::net::http {

struct ListenSocket {
  base::Fd fd;   // non-blocking
  int port = 0;  // 0 for a unix socket
};

// `address` is numeric, IPv4 or IPv6. kFailedPrecondition with EADDRINUSE when somebody listens there already.
Result<ListenSocket> listen_tcp(const std::string& address, int port);
// Mode 0600 from its birth. A socket file that nobody answers on is replaced.
Result<ListenSocket> listen_unix(const std::string& path);

struct Accepted {
  base::Fd fd;         // invalid: nothing waits
  std::string remote;  // "192.0.2.1:34567", "[::1]:34567", "unix"
  int family = 0;
};
Result<Accepted> accept_one(int listener);  // errno_value EMFILE, ENFILE, ENOMEM, ENOBUFS: try again later

}  // namespace appliance::net::http
