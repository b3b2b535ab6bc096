// TestServer: a whole API server over a FakeKv, in process, with real clock and threads; for tests. With listen() also
// over TLS on a free port of loopback, with certificates of its own.
#pragma once

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

#include "base/crypto/x509.h"
#include "base/strings.h"
#include "net/http/server.h"
#include "net/tls/context.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/front.h"
#include "orchestrator/apiserver/testing/fake_kv.h"

namespace appliance::orchestrator::apiserver::testing {

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The system's clock, which a test may set forward.
class ShiftedClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallTime now() const override { return real_.now() + shift(); }
  [[nodiscard]] base::MonoTime monotonic() const override { return real_.monotonic() + shift(); }
  void advance(base::Nanos by) { shift_ += by.count(); }

 private:
  [[nodiscard]] base::Nanos shift() const { return base::Nanos(shift_.load()); }
  base::SystemClock real_;
  std::atomic<int64_t> shift_{0};
};

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

// The key that a node's name belongs to; `key` is recorded when there was none yet.
inline std::string node_key(ApiServer& server, const std::string& user, const std::string& key) {
  const client::ObjectKey name{std::string(api::kJoinNamespace),
                               std::string(api::kNodeKeyPrefix) + user.substr(kNodeUserPrefix.size())};
  auto record = server.internal_client().get("secrets", name);
  if (!record)
    record = server.internal_client().create(
        "secrets", name.ns,
        json::Object{{"metadata", json::Object{{"name", name.name}, {"namespace", name.ns}}},
                     {"type", api::kNodeKeySecretType},
                     {"data", json::Object{{api::kNodeKeyDatum, base::base64(key)}}}},
        {});
  if (!record) FAIL("record the key of " + user + ": " + record.error().message);
  auto& secrets = server.informers().informer("secrets");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!secrets.get(name) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();  // certificates are judged by the cache
  return base::unbase64(json::string_at(*record, {"data", api::kNodeKeyDatum})).value_or("");
}

class TestServer {
 public:
  explicit TestServer(client::NodeStreams* streams = nullptr) { start_api(streams); }
  // Another API server over the same store, as after a restart: what it remembers of the past begins now.
  void start_api(client::NodeStreams* streams = nullptr) {
    unlisten();
    if (api) api->stop();
    Options options;
    options.kv = &kv;
    options.clock = &clock;
    options.random = &random;
    options.metrics = &metrics;
    options.node_streams = streams;
    options.service_account_key_pem = must(crypto::generate_key());
    api = must(ApiServer::create(std::move(options)));
    must(api->start());
  }
  ~TestServer() {
    if (listener) listener->stop();
    api->stop();
  }

  void unlisten() {
    if (listener) listener->stop();
    listener.reset();
  }
  // "https://127.0.0.1:PORT"; always with the same CA.
  std::string listen(int port = 0) {
    if (ca_key.empty()) make_ca();
    const Identity server = issue("kubernetes", {}, true);
    auto context = must(net::tls::ServerContext::create(
        {.certificate_pem = server.certificate_pem, .key_pem = server.key_pem, .client_ca_pem = ca_pem}));
    net::http::ServerOptions options;
    options.port = port;
    options.tls = context;
    listener = must(net::http::Server::listen(loop, options, api->handler()));
    return "https://127.0.0.1:" + std::to_string(listener->port());
  }
  void make_ca() {
    const base::WallTime now = clock.now();
    ca_key = must(crypto::generate_key());
    ca_pem = must(crypto::self_signed_ca(ca_key, {.common_name = "test-ca",
                                                  .organizations = {},
                                                  .dns_names = {},
                                                  .ip_addresses = {},
                                                  .not_before = now - std::chrono::hours(1),
                                                  .not_after = now + std::chrono::hours(24)}));
  }
  Identity issue(const std::string& user, const std::vector<std::string>& groups, bool server = false) {
    const base::WallTime now = clock.now();
    Identity out;
    out.key_pem = must(crypto::generate_key());
    out.certificate_pem = must(crypto::issue_certificate({.ca_pem = ca_pem, .ca_key_pem = ca_key},
                                                         must(crypto::public_key_of(out.key_pem)),
                                                         {.common_name = user,
                                                          .organizations = groups,
                                                          .dns_names = {"localhost"},
                                                          .ip_addresses = {"127.0.0.1"},
                                                          .server_auth = server,
                                                          .client_auth = !server,
                                                          .not_before = now - std::chrono::hours(1),
                                                          .not_after = now + std::chrono::hours(24)}));
    if (user.starts_with(kNodeUserPrefix))
      node_key(*api, user, must(crypto::parse_certificate(out.certificate_pem)).public_key_sha256);
    return out;
  }
  client::Client& admin() { return api->client_as("admin", {"system:masters"}); }

  FakeKv kv;
  ShiftedClock clock;
  base::SystemRandom random;
  base::Metrics metrics;
  net::Loop loop{{.name = "test-net", .threads = 1}};
  std::unique_ptr<ApiServer> api;
  std::string ca_pem;
  std::string ca_key;
  std::unique_ptr<net::http::Server> listener;
};

}  // namespace appliance::orchestrator::apiserver::testing
