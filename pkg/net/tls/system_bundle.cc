#include "net/tls/system_bundle.h"

#include <array>
#include <cstdlib>
#include <mutex>

#include "base/fs.h"

namespace appliance::net::tls {
namespace {

constexpr size_t kBundleBytesMax = 8U << 20U;  // real ones have 220 KB
constexpr std::array kPlaces = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",              // openSUSE
    "/etc/pki/tls/cacert.pem",             // OpenELEC
    "/etc/ssl/cert.pem",                   // Alpine without ca-certificates, BSDs
};

Result<std::shared_ptr<const std::string>> probe() {
  if (const char* chosen = std::getenv("SSL_CERT_FILE"); chosen != nullptr && *chosen != '\0')
    return std::make_shared<const std::string>(TRY_CTX(base::read_file(chosen, kBundleBytesMax), "SSL_CERT_FILE"));
  for (const char* place : kPlaces) {
    auto text = base::read_file(place, kBundleBytesMax);
    if (text && !text->empty()) return std::make_shared<const std::string>(*std::move(text));
  }
  Error error{.code = Code::kNotFound,
              .message = "no bundle of certificate authorities on this machine",
              .errno_value = 0,
              .hint = {}};
  return fail(std::move(error).with_hint("install ca-certificates, or point SSL_CERT_FILE at a bundle"));
}

}  // namespace

Result<std::shared_ptr<const std::string>> system_ca_bundle() {
  static std::mutex mutex;
  static std::shared_ptr<const std::string> found;
  const std::scoped_lock lock(mutex);
  if (!found) found = TRY(probe());
  return found;
}

}  // namespace appliance::net::tls
