// The certificates that a TLS server shows, unverified: for a joining machine, which knows the hash of the CA and not
// yet the CA. Nothing is sent on the connection but the handshake.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace appliance::net::tls {

// PEM texts, the leaf first. Blocks up to `timeout`, name lookup aside. kUnavailable: nobody answers at HOST:PORT;
// kDeadlineExceeded; kUnauthenticated: what answers does not speak TLS.
Result<std::vector<std::string>> peer_chain(const std::string& host, int port, std::chrono::milliseconds timeout);

}  // namespace appliance::net::tls
