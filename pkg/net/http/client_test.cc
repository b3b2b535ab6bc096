#include "net/http/client.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <thread>

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

TEST_CASE("client: answers without a body have their status and headers") {
  TestServer server([](const std::shared_ptr<Exchange>& x) {
    Response response = text_response(x->request().path == "/204" ? 204 : 200, x->request().path == "/204" ? "" : "b");
    response.headers.add("X-Here", "yes");
    x->respond(std::move(response));
  });
  Client client({.base_url = server.url()});
  for (const auto& [method, path, status] :
       {std::tuple{"HEAD", "/", 200}, std::tuple{"GET", "/204", 204}, std::tuple{"GET", "/", 200}}) {
    int heads = 0;
    const auto reply = client.send({.method = method, .path = path, .on_head = [&](const Response&) { ++heads; }});
    REQUIRE(reply.has_value());
    CHECK(reply->status == status);
    CHECK(reply->headers.get("x-here") == "yes");
    CHECK(heads == 1);
  }
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

  Client particular({.base_url = url, .ca_pem = pki.ca, .common_name = "server"});
  CHECK(particular.send({.path = "/who"}).has_value());
  Client misled({.base_url = url, .ca_pem = pki.ca, .common_name = "system:node:n1"});
  const auto misled_error = misled.send({.path = "/who"}).error();
  CHECK(misled_error.code == Code::kUnauthenticated);
  CHECK(misled_error.message.ends_with("the server's certificate is of \"server\", not of \"system:node:n1\""));

  Client foreign(
      {.base_url = url, .ca_pem = pki.ca, .certificate_pem = other.client.certificate, .key_pem = other.client.key});
  auto foreign_reply = foreign.send({.path = "/who"});
  REQUIRE(foreign_reply.has_value());
  CHECK(foreign_reply->body == "GET /who anonymous ");
  CHECK(foreign_reply->headers.get("x-peer-error").find("client certificate") != std::string_view::npos);
}

}  // namespace appliance::net::http

namespace appliance::net::http {

TEST_CASE("client: talks to a unix socket") {
  char dir[] = "/tmp/net_http_client.XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  const std::string path = std::string(dir) + "/s";
  {
    TestServer server(echo, {.unix_path = path});
    Client client({.base_url = "unix://" + path});
    auto reply = client.send({.path = "/x"});
    REQUIRE(reply.has_value());
    CHECK(reply->body == "GET /x anonymous ");
  }
  (void)::rmdir(dir);
}

TEST_CASE("client: errors tell what went wrong") {
  int dead_port = 0;
  {
    TestServer gone(echo);
    dead_port = gone.port();
  }
  Client refused({.base_url = "http://127.0.0.1:" + std::to_string(dead_port)});
  CHECK(refused.send({.path = "/"}).error().code == Code::kUnavailable);

  for (const char* bad : {"ftp://x", "http://", "http://h:0", "http://h:x", "http://h/path", "http://u@h",
                          "http://[::1", "unix://rel", ""}) {
    INFO(bad);
    CHECK(Client({.base_url = bad}).send({.path = "/"}).error().code == Code::kInvalidArgument);
  }
  TestServer server(echo);
  Client client({.base_url = server.url()});
  CHECK(client.send({.path = "no-slash"}).error().code == Code::kInvalidArgument);
  CHECK(client.send({.path = "/a b"}).error().code == Code::kInvalidArgument);
  CHECK(client.send({.path = "/a\r\nHost: x"}).error().code == Code::kInvalidArgument);
  ClientRequest injected{.path = "/"};
  injected.headers.add("X", "a\r\nY: b");
  CHECK(client.send(injected).error().code == Code::kInvalidArgument);
  Client bad_ca({.base_url = "https://127.0.0.1:1", .ca_pem = "nonsense"});
  CHECK(bad_ca.send({.path = "/"}).error().code == Code::kInvalidArgument);
}

TEST_CASE("client: a server that does not answer in time") {
  std::vector<std::shared_ptr<Exchange>> kept;
  std::mutex mutex;
  TestServer server([&](std::shared_ptr<Exchange> x) {
    const std::scoped_lock lock(mutex);
    kept.push_back(std::move(x));
  });
  Client client({.base_url = server.url(), .read_timeout = 200ms});
  const auto reply = client.send({.path = "/"});
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().code == Code::kDeadlineExceeded);
  server.server->stop();
}

TEST_CASE("client: an answer over the limit is refused, with and without a length") {
  TestServer server([](const std::shared_ptr<Exchange>& x) {
    if (x->request().path == "/length") return x->respond(text_response(200, std::string(5000, 'x')));
    const auto stream = x->start_stream({});
    for (int i = 0; i < 50; ++i) stream->write(std::string(100, 'x'));
    stream->finish();
  });
  Client client({.base_url = server.url()});
  for (const char* path : {"/length", "/chunked"}) {
    CHECK(client.send({.path = path, .body_bytes_max = 4999}).error().code == Code::kResourceExhausted);
    const auto reply = client.send({.path = path, .body_bytes_max = 5000});
    REQUIRE(reply.has_value());
    CHECK(reply->body.size() == 5000);
  }
}

TEST_CASE("client: on_data gets pieces as they come, and can stop") {
  std::shared_ptr<Stream> stream;
  Event started;
  TestServer server([&](const std::shared_ptr<Exchange>& x) {
    Response head;
    head.headers.add("X-Kind", "watch");
    stream = x->start_stream(std::move(head));
    started.set();
  });
  Client client({.base_url = server.url()});
  std::string seen;
  Event first;
  std::thread writer([&] {
    APP_CHECK(started.wait());
    stream->write("one");
    APP_CHECK(first.wait());  // the reader has it before there is a second
    stream->write("two");
  });
  const auto reply = client.send({.path = "/", .on_data = [&](const Response& head, std::string_view piece) {
                                    CHECK(head.status == 200);
                                    CHECK(head.headers.get("x-kind") == "watch");
                                    seen += piece;
                                    first.set();
                                    return seen != "onetwo";
                                  }});
  writer.join();
  CHECK(seen == "onetwo");
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().code == Code::kCancelled);
}

TEST_CASE("client: cancel() from another thread ends a running request, and every later one") {
  Event started;
  std::shared_ptr<Stream> stream;
  TestServer server([&](const std::shared_ptr<Exchange>& x) {
    stream = x->start_stream({});
    started.set();
  });
  Client client({.base_url = server.url()});
  std::thread canceller([&] {
    APP_CHECK(started.wait());
    client.cancel();
  });
  const auto reply = client.send({.path = "/"});
  canceller.join();
  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().code == Code::kCancelled);
  CHECK(client.send({.path = "/"}).error().code == Code::kCancelled);
}

TEST_CASE("client: follows redirects only when asked") {
  TestServer server([](const std::shared_ptr<Exchange>& x) {
    if (x->request().path == "/new") return x->respond(text_response(200, "here"));
    Response response = text_response(307, "");
    response.headers.add("Location", "/new");
    x->respond(std::move(response));
  });
  CHECK(Client({.base_url = server.url()}).send({.path = "/old"})->status == 307);
  CHECK(Client({.base_url = server.url(), .follow_redirects = true}).send({.path = "/old"})->body == "here");
}

TEST_CASE("client: a certificate for another name is refused, unless told otherwise") {
  TestPki pki;
  crypto::CertificateSpec other = TestPki::spec("other");
  other.server_auth = true;
  other.dns_names = {"other.example"};
  pki.server = pki.issue(other);
  TestServer server(echo, {.tls = pki.context()});
  CHECK(Client({.base_url = server.url("https"), .ca_pem = pki.ca}).send({.path = "/"}).error().code ==
        Code::kUnauthenticated);
  CHECK(Client({.base_url = server.url("https"), .insecure_skip_verify = true}).send({.path = "/"})->status == 200);
}

TEST_CASE("client: without a CA of its own it trusts the machine's bundle") {
  const TestPki pki;
  char path[] = "/tmp/net_http_bundle.XXXXXX";
  const base::Fd file(::mkostemp(path, O_CLOEXEC));
  REQUIRE(::write(file.get(), pki.ca.data(), pki.ca.size()) == static_cast<ssize_t>(pki.ca.size()));
  REQUIRE(::setenv("SSL_CERT_FILE", path, 1) ==
          0);  // read once per process: this is the only test that uses the bundle
  TestServer server(echo, {.tls = pki.context()});
  const auto reply = Client({.base_url = server.url("https")}).send({.path = "/x"});
  (void)::unlink(path);
  REQUIRE(reply.has_value());
  CHECK(reply->status == 200);
  const TestPki other;
  TestServer stranger(echo, {.tls = other.context()});
  CHECK(Client({.base_url = stranger.url("https")}).send({.path = "/x"}).error().code == Code::kUnauthenticated);
}

TEST_CASE("tls: a reloaded certificate serves new connections, a bad one changes nothing") {
  TestPki pki;
  const auto context = pki.context();
  TestServer server(echo, {.tls = context});
  const TestPki next;
  CHECK_FALSE(context->reload({.certificate_pem = next.server.certificate, .key_pem = pki.server.key}).has_value());
  CHECK(Client({.base_url = server.url("https"), .ca_pem = pki.ca}).send({.path = "/"}).has_value());
  REQUIRE(
      context
          ->reload({.certificate_pem = next.server.certificate, .key_pem = next.server.key, .client_ca_pem = next.ca})
          .has_value());
  CHECK(Client({.base_url = server.url("https"), .ca_pem = next.ca}).send({.path = "/"}).has_value());
  CHECK_FALSE(Client({.base_url = server.url("https"), .ca_pem = pki.ca}).send({.path = "/"}).has_value());
}

TEST_CASE("client: a deadline for the whole answer, and the head before the body") {
  std::atomic<bool> go_on{true};
  std::thread dripping;
  TestServer server([&](const std::shared_ptr<Exchange>& x) {
    auto stream = x->start_stream({.status = 200, .content_type = "text/plain", .headers = {}, .body = {}});
    if (dripping.joinable()) dripping.join();
    dripping = std::thread([&go_on, stream] {
      while (go_on.load() && stream->write("drip"))
        (void)::poll(nullptr, 0, 5);  // the server's pace, not a wait for something to settle
      stream->finish();
    });
  });
  Client client({.base_url = server.url()});
  int heads = 0;
  ClientRequest request{.path = "/", .deadline = 100ms};
  request.on_head = [&](const Response& head) { heads += head.status == 200 ? 1 : 100; };
  const auto late = client.send(std::move(request));
  CHECK(late.error().code == Code::kDeadlineExceeded);
  CHECK(heads == 1);
  go_on = false;
  CHECK(client.send({.path = "/"})->status == 200);  // the client lives on, with a new connection
  dripping.join();
}

}  // namespace appliance::net::http
