#include "net/http/client.h"

#include "net/http/test_support.h"

namespace appliance::net::http {
namespace {

using namespace testing;

void echo(const std::shared_ptr<Exchange>& x) {
  const Request& request = x->request();
  std::string who = request.peer ? request.peer->common_name : "anonymous";
  if (request.peer)
    for (const std::string& group : request.peer->organizations) who += "," + group;
  Response response = text_response(request.path == "/teapot" ? 418 : 200,
                                    request.method + " " + request.path + " " + who + " " + request.body);
  response.headers.add("X-Peer-Error", request.peer_error);
  x->respond(std::move(response));
}

}  // namespace

TEST_CASE("client: a plain request and its answer") {
  TestServer server(echo);
  Client client({.base_url = server.url()});
  for (int i = 0; i < 3; ++i) {
    auto reply = client.send({.method = "POST", .path = "/a%20b?c=1", .body = "hello"});
    REQUIRE(reply.has_value());
    CHECK(reply->status == 200);
    CHECK(reply->body == "POST /a b anonymous hello");
    CHECK(reply->headers.get("content-type") == "text/plain; charset=utf-8");
  }
  CHECK(server.metrics.expose().find("appliance_http_connections_total 1\n") != std::string::npos);  // keep-alive
  CHECK(client.send({.path = "/teapot"})->status == 418);
}

TEST_CASE("client: mutual TLS shows who we are, and trusts exactly the given CA") {
  const TestPki pki;
  TestServer server(echo, {.tls = pki.context()});
  const std::string url = server.url("https");

  Client known(
      {.base_url = url, .ca_pem = pki.ca, .certificate_pem = pki.client.certificate, .key_pem = pki.client.key});
  auto reply = known.send({.path = "/who"});
  REQUIRE(reply.has_value());
  CHECK(reply->body == "GET /who alice,devs,ops ");

  Client anonymous({.base_url = url, .ca_pem = pki.ca});
  CHECK(anonymous.send({.path = "/who"})->body == "GET /who anonymous ");

  const TestPki other;
  Client stranger({.base_url = url, .ca_pem = other.ca});
  CHECK(stranger.send({.path = "/who"}).error().code == Code::kUnauthenticated);

  Client foreign(
      {.base_url = url, .ca_pem = pki.ca, .certificate_pem = other.client.certificate, .key_pem = other.client.key});
  auto foreign_reply = foreign.send({.path = "/who"});
  REQUIRE(foreign_reply.has_value());
  CHECK(foreign_reply->body == "GET /who anonymous ");
  CHECK(foreign_reply->headers.get("x-peer-error").find("client certificate") != std::string_view::npos);
}

}  // namespace appliance::net::http
