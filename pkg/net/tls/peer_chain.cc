#include "net/tls/peer_chain.h"

#include <netdb.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "base/fd.h"
#include "net/tls/client_context.h"

namespace appliance::net::tls {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, crypto::OpensslFree<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, crypto::OpensslFree<SSL_free>>;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// Waits until the socket is connected; the error it ended with otherwise.
Result<> wait_connected(int socket, std::chrono::milliseconds timeout) {
  pollfd ready{.fd = socket, .events = POLLOUT, .revents = 0};
  const int n = ::poll(&ready, 1, static_cast<int>(timeout.count()));
  if (n == 0) return fail(Code::kDeadlineExceeded, "no answer within " + std::to_string(timeout.count()) + " ms");
  int error = 0;
  socklen_t size = sizeof error;
  if (n < 0 || ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return fail_errno("connect");
  if (error != 0) return fail_errno("connect", error);
  return {};
}

Result<base::Fd> connect_to(const std::string& host, int port, std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return fail(Code::kUnavailable, "no address is known for this name");
  const std::unique_ptr<addrinfo, FreeAddresses> owner(found);
  Error last{.code = Code::kUnavailable, .message = "no address", .errno_value = 0, .hint = {}};
  for (const auto* to = found; to != nullptr; to = to->ai_next) {
    base::Fd socket(::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail_errno("socket");
    if (::connect(socket.get(), to->ai_addr, to->ai_addrlen) != 0 && errno != EINPROGRESS) {
      last = fail_errno("connect").error();
      continue;
    }
    if (auto done = wait_connected(socket.get(), timeout); done)
      return socket;
    else
      last = done.error();
  }
  last.code = last.code == Code::kDeadlineExceeded ? last.code : Code::kUnavailable;
  return fail(std::move(last));
}

Result<> handshake(SSL* ssl, int socket, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const int done = SSL_connect(ssl);
    if (done == 1) return {};
    const int why = SSL_get_error(ssl, done);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
      return fail(crypto::openssl_error(Code::kUnauthenticated, "TLS handshake"));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{
        .fd = socket, .events = static_cast<short>(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), .revents = 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0)
      return fail(Code::kDeadlineExceeded, "the TLS handshake did not end in time");
  }
}

}  // namespace

Result<std::vector<std::string>> peer_chain(const std::string& host, int port, std::chrono::milliseconds timeout) {
  crypto::init();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto socket = TRY(connect_to(host, port, timeout));
  const ContextPtr context(SSL_CTX_new(TLS_client_method()));
  ClientOptions options;
  options.verify = false;
  TRY(configure_client(context.get(), options));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket.get());
  TRY(handshake(ssl.get(), socket.get(), deadline));
  std::vector<std::string> out;
  const auto* chain = SSL_get_peer_cert_chain(ssl.get());
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    const crypto::BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), sk_X509_value(chain, i));
    out.push_back(crypto::bio_text(bio.get()));
  }
  if (out.empty()) return fail(Code::kUnauthenticated, "the server shows no certificate");
  return out;
}

}  // namespace appliance::net::tls
