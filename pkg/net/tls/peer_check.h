// Is the server that we talk to the one that was meant? Asked after a handshake, on the client's side; also after one
// that failed, which may have been for that.
#pragma once

#include <string>

struct ssl_st;  // SSL of OpenSSL

namespace appliance::net::tls {

// "" when it is: its chain ends at who we trust, it carries `host` (a DNS name or an address) and, unless "", has
// exactly `common_name`. Else why not.
std::string server_problem(ssl_st* ssl, const std::string& host, const std::string& common_name);

}  // namespace appliance::net::tls
