// For the tests of this folder: a server on a free port, a raw client that says exactly the bytes it is told,
// certificates.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/crypto/x509.h"
#include "base/fd.h"
#include "net/http/server.h"
#include "net/tls/context.h"

namespace appliance::net::http::testing {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kDeadline{10};  // a test that waits longer has failed

// Waits for an event of another thread.
class Event {
 public:
  void set() {
    const std::scoped_lock lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool wait(std::chrono::milliseconds limit = kDeadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return set_; });
  }
  bool is_set() {
    const std::scoped_lock lock(mutex_);
    return set_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

class RawClient {
 public:
  explicit RawClient(int port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    APP_CHECK(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) ==
              0);  // not REQUIRE: Catch is for one thread
  }
  explicit RawClient(const std::string& unix_path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    unix_path.copy(to.sun_path, sizeof to.sun_path - 1);
    APP_CHECK(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) ==
              0);  // not REQUIRE: Catch is for one thread
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // Reads until `done` says so, the peer ends, or the deadline passes; the text so far.
  std::string read_while(const std::function<bool(const std::string&)>& more) {
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    while (more(text_)) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd poll_fd{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || ::poll(&poll_fd, 1, static_cast<int>(left.count())) <= 0) {
        timed_out_ = true;
        break;
      }
      char buffer[16384];
      const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (n <= 0) {
        ended_ = true;
        break;
      }
      text_.append(buffer, static_cast<size_t>(n));
    }
    return std::exchange(text_, {});
  }
  std::string read_until(std::string_view token) {
    return read_while([&](const std::string& text) { return text.find(token) == std::string::npos; });
  }
  std::string read_exactly(size_t bytes) {
    std::string all = read_while([&](const std::string& text) { return text.size() < bytes; });
    if (all.size() > bytes) {
      text_ = all.substr(bytes);
      all.resize(bytes);
    }
    return all;
  }
  std::string read_to_end() {
    return read_while([](const std::string&) { return true; });
  }
  // One response with Content-Length: head and body.
  std::string read_response() {
    std::string all = read_until("\r\n\r\n");
    const size_t head = all.find("\r\n\r\n");
    if (head == std::string::npos) return all;
    const size_t at = all.find("Content-Length: ");
    const size_t length = at < head ? std::stoul(all.substr(at + 16)) : 0;
    const size_t whole = head + 4 + length;
    text_ = std::move(all);
    return read_exactly(whole);
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

 private:
  base::Fd fd_;
  std::string text_;
  bool ended_ = false;
  bool timed_out_ = false;
};

struct TestServer {
  explicit TestServer(Handler handler, ServerOptions options = {}, int threads = 2)
      : loop({.name = "test", .threads = threads}) {
    options.metrics = &metrics;
    auto listening = Server::listen(loop, std::move(options), std::move(handler));
    REQUIRE(listening.has_value());
    server = *std::move(listening);
  }
  ~TestServer() { server->stop(); }
  [[nodiscard]] int port() const { return server->port(); }
  [[nodiscard]] std::string url(const char* scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port());
  }

  base::Metrics metrics;
  Loop loop;
  std::unique_ptr<Server> server;
};

// A CA and what it signed for 127.0.0.1.
struct TestPki {
  struct Pair {
    std::string certificate;
    std::string key;
  };
  std::string ca_key = crypto::generate_key().value();
  std::string ca = crypto::self_signed_ca(ca_key, spec("test-ca")).value();
  Pair server = issue(with_server(spec("server")));
  Pair client = issue(with_client(spec("alice"), {"devs", "ops"}));

  static crypto::CertificateSpec spec(std::string name) {
    const auto now = base::SystemClock().now();
    crypto::CertificateSpec out;
    out.common_name = std::move(name);
    out.not_before = now - std::chrono::hours(1);
    out.not_after = now + std::chrono::hours(24);
    return out;
  }
  static crypto::CertificateSpec with_server(crypto::CertificateSpec out) {
    out.server_auth = true;
    out.dns_names = {"localhost"};
    out.ip_addresses = {"127.0.0.1"};
    return out;
  }
  static crypto::CertificateSpec with_client(crypto::CertificateSpec out, std::vector<std::string> organizations) {
    out.client_auth = true;
    out.organizations = std::move(organizations);
    return out;
  }
  [[nodiscard]] Pair issue(const crypto::CertificateSpec& what) const {
    std::string key = crypto::generate_key().value();
    auto certificate =
        crypto::issue_certificate({.ca_pem = ca, .ca_key_pem = ca_key}, crypto::public_key_of(key).value(), what);
    return {.certificate = certificate.value(), .key = std::move(key)};
  }
  [[nodiscard]] std::shared_ptr<tls::ServerContext> context() const {
    return tls::ServerContext::create(
               {.certificate_pem = server.certificate, .key_pem = server.key, .client_ca_pem = ca})
        .value();
  }
};

}  // namespace appliance::net::http::testing
