#include "node/join/join.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <filesystem>

#include "base/crypto/x509.h"
#include "net/http/server.h"
#include "net/tls/context.h"

namespace appliance::node {
namespace {

using namespace std::chrono_literals;

// A server with a CA of its own, that counts what it is asked and notes whether a secret came.
class FakeServer {
 public:
  FakeServer() {
    const base::SystemClock clock;
    const auto key = *crypto::generate_key();
    const crypto::CertificateSpec ca_spec{
        .common_name = "a-ca", .not_before = clock.now() - 48h, .not_after = clock.now() + 48h};
    ca = *crypto::self_signed_ca(key, ca_spec);
    const auto leaf_key = *crypto::generate_key();
    const auto leaf = *crypto::issue_certificate({.ca_pem = ca, .ca_key_pem = key}, *crypto::public_key_of(leaf_key),
                                                 {.common_name = "kube-apiserver",
                                                  .ip_addresses = {"127.0.0.1"},
                                                  .server_auth = true,
                                                  .not_before = clock.now() - 24h,
                                                  .not_after = clock.now() + 24h});
    net::http::ServerOptions options;
    options.tls = *net::tls::ServerContext::create({.certificate_pem = leaf + ca, .key_pem = leaf_key});
    server = *net::http::Server::listen(loop, options, [this](std::shared_ptr<net::http::Exchange> exchange) {
      ++requests;
      if (!exchange->request().headers.get("Authorization").empty()) ++secrets;
      net::http::Response response;
      response.status = exchange->request().path == "/version" ? 200 : 401;
      response.body.push_back(net::http::Chunk::of(
          response.status == 200 ? "{}"
                                 : R"({"kind":"Status","reason":"Unauthorized","message":"unknown join token"})"));
      exchange->respond(std::move(response));
    });
  }
  ~FakeServer() {
    server->stop();
    loop.stop();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(server->port()); }
  JoinToken token() const {
    return {.ca_sha256 = crypto::parse_certificate(ca)->sha256,
            .id = "abcdef",
            .secret = "0123456789abcdef0123456789abcdef"};
  }

  std::string ca;
  std::atomic<int> requests{0};
  std::atomic<int> secrets{0};
  net::Loop loop{{.name = "net", .threads = 1}};
  std::unique_ptr<net::http::Server> server;
};

struct Folder {
  Folder() {
    char name[] = "/tmp/appliance-join-XXXXXX";
    config.data_dir = ::mkdtemp(name);
    config.node_name = "w1";
    config.node_ip = "192.0.2.7";
  }
  ~Folder() { std::filesystem::remove_all(config.data_dir); }
  [[nodiscard]] bool empty() const { return std::filesystem::is_empty(config.data_dir); }
  Config config;
};

Result<Membership> try_join(const Folder& folder, const FakeServer& server, const JoinToken& token,
                            base::WallTime now) {
  base::ManualClock clock(now);
  return join(folder.config, {.address = server.address(), .token = token}, clock, [](std::string_view) {});
}

}  // namespace

TEST_CASE("join: a server with another CA is refused before anything is sent to it") {
  const FakeServer server;
  const Folder folder;
  auto token = server.token();
  token.ca_sha256 = std::string(64, 'a');
  const auto joined = try_join(folder, server, token, base::SystemClock().now());
  REQUIRE_FALSE(joined.has_value());
  CHECK(joined.error().message.find("it shows another CA") != std::string::npos);
  CHECK(joined.error().hint.find("appliance token create") != std::string::npos);
  CHECK(server.requests == 0);
  CHECK(folder.empty());
}

TEST_CASE("join: a clock that is off is named with the difference and the remedy, and no secret was sent") {
  const FakeServer server;
  const Folder folder;
  for (const auto off : {2h, -2h}) {
    const auto joined = try_join(folder, server, server.token(), base::SystemClock().now() + off);
    REQUIRE_FALSE(joined.has_value());
    INFO(joined.error().message);
    CHECK(joined.error().message.find(off > 0h ? " s ahead of the server's" : " s behind the server's") !=
          std::string::npos);
    CHECK(joined.error().hint.find("timedatectl") != std::string::npos);
  }
  const auto years = try_join(folder, server, server.token(), base::SystemClock().now() - 24h * 365);
  REQUIRE_FALSE(years.has_value());
  CHECK(years.error().message.find("this machine's clock says") != std::string::npos);
  CHECK(server.secrets == 0);
  CHECK(folder.empty());
}

TEST_CASE("join: a token that the server does not know is said in the server's words") {
  const FakeServer server;
  const Folder folder;
  const auto joined = try_join(folder, server, server.token(), base::SystemClock().now());
  REQUIRE_FALSE(joined.has_value());
  CHECK(joined.error().message == "unknown join token");
  CHECK(joined.error().hint.find("appliance token create") != std::string::npos);
  CHECK(folder.empty());
}

TEST_CASE("join: an address is a host, with a port or without, or an https URL") {
  CHECK(*server_url("192.0.2.1") == "https://192.0.2.1:6443");
  CHECK(*server_url("192.0.2.1:7443") == "https://192.0.2.1:7443");
  CHECK(*server_url("https://host.example") == "https://host.example:6443");
  CHECK(*server_url("https://host.example:443") == "https://host.example:443");
  CHECK(*server_url("[2001:db8::1]") == "https://[2001:db8::1]:6443");
  CHECK(*server_url("[2001:db8::1]:7443") == "https://[2001:db8::1]:7443");
  for (const auto* bad : {"", "http://192.0.2.1", "a/b", "https://u@host", "host:port", "unix:///run/x.sock"}) {
    INFO(bad);
    CHECK_FALSE(server_url(bad).has_value());
  }
}

}  // namespace appliance::node
