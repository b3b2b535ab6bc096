// Where this machine keeps the certificate authorities that it trusts. Read once per process, lazily, and shared.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"

namespace appliance::net::tls {

// PEM text of the bundle: $SSL_CERT_FILE, then the places where distributions have it. kNotFound when there is none (a
// bare machine), with a hint. Costs a file read the first time; OpenSSL's own default path is Debian's only.
Result<std::shared_ptr<const std::string>> system_ca_bundle();

}  // namespace appliance::net::tls
