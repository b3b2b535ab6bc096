// The first call into OpenSSL. Everything of base/crypto and net/tls calls it by itself; it is cheap after the first
// time.
#pragma once

namespace appliance::crypto {

// Initializes OpenSSL without the host's openssl.cnf: a configuration file could load providers into a static
// executable. Thread-safe.
void init();

}  // namespace appliance::crypto
