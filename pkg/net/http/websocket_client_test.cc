// Our WebSocket client against our server, and against raw ones that say what a server must not.
#include <atomic>
#include <optional>
#include <thread>

#include "net/http/test_support.h"
#include "net/http/websocket_client.h"

namespace appliance::net::http {
namespace {

using namespace testing;

// What came over one socket. Callbacks share it: they may run while the test's end of it goes.
struct Received {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<std::shared_ptr<WebSocket>>> outcome;
  std::vector<std::string> messages;
  size_t bytes = 0;
  Event closed;
  bool wait_for(const std::function<bool()>& what) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kDeadline, what);
  }
};

// Opens a socket and keeps what comes.
struct Peer {
  explicit Peer(Loop& loop, WebSocketClientOptions options, bool paused = false) {
    connect_websocket(loop, std::move(options), [r = r, paused](Result<std::shared_ptr<WebSocket>> opened) {
      const std::scoped_lock lock(r->mutex);
      r->outcome = std::move(opened);
      r->changed.notify_all();
      if (!*r->outcome) return;
      const auto& socket = **r->outcome;
      if (paused) socket->pause_reading();
      socket->on_message([r](std::string message, bool binary) {
        const std::scoped_lock inner(r->mutex);
        r->bytes += message.size();
        r->messages.push_back((binary ? "b:" : "t:") + std::move(message));
        r->changed.notify_all();
      });
      socket->on_close([r] { r->closed.set(); });
    });
  }
  ~Peer() { drop(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  bool wait() {
    return r->wait_for([this] { return r->outcome.has_value(); });
  }
  bool wait_messages(size_t count) {
    return r->wait_for([&] { return r->messages.size() >= count; });
  }
  bool wait_bytes(size_t count) {
    return r->wait_for([&] { return r->bytes >= count; });
  }
  Error error() {
    if (!wait()) return {.code = Code::kUnknown, .message = "no outcome in time", .errno_value = 0, .hint = {}};
    const std::scoped_lock lock(r->mutex);
    return *r->outcome ? Error{} : r->outcome->error();
  }
  std::shared_ptr<WebSocket> socket() {
    REQUIRE(wait());
    const std::scoped_lock lock(r->mutex);
    INFO((*r->outcome ? "" : r->outcome->error().message));
    REQUIRE(r->outcome->has_value());
    return **r->outcome;
  }
  void drop() {
    const std::scoped_lock lock(r->mutex);
    r->outcome.reset();
  }
  std::vector<std::string> messages() {
    const std::scoped_lock lock(r->mutex);
    return r->messages;
  }
  const std::shared_ptr<Received> r = std::make_shared<Received>();
};

// The server's sockets: echoes, says who the client is.
struct EchoServer {
  std::mutex mutex;
  std::shared_ptr<WebSocket> socket;
  Event opened;
  Event closed;
  Handler handler() {
    return [this](const std::shared_ptr<Exchange>& x) {
      if (x->request().path != "/ws") return x->respond(text_response(404, "no such thing here\n"));
      const std::string who = x->request().peer ? x->request().peer->common_name : "nobody";
      const std::string offered(x->request().headers.get("sec-websocket-protocol"));
      x->accept_websocket(offered.empty() ? "" : "two", [this, who](std::shared_ptr<WebSocket> ws) {
        ws->on_message([weak = std::weak_ptr(ws), who](const std::string& message, bool) {
          if (const auto live = weak.lock()) live->send(message == "who" ? who : message);
        });
        ws->on_close([this] { closed.set(); });
        const std::scoped_lock lock(mutex);
        socket = std::move(ws);
        opened.set();
      });
    };
  }
};

// Answers one connection with exactly these bytes.
class RawServer {
 public:
  explicit RawServer(std::string answer) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    APP_CHECK(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&at), size) == 0 && ::listen(fd_.get(), 4) == 0 &&
              ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] { run(answer); });
  }
  ~RawServer() {
    (void)::shutdown(fd_.get(), SHUT_RDWR);
    stop_.set();
    thread_.join();
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void run(const std::string& answer) {
    const base::Fd client(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = ::recv(client.get(), buffer, sizeof buffer, 0);
      if (n <= 0) return;
      request.append(buffer, static_cast<size_t>(n));
    }
    (void)::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    (void)stop_.wait();
  }
  base::Fd fd_;
  int port_ = 0;
  Event stop_;
  std::thread thread_;
};

WebSocketClientOptions plain(const std::string& url) {
  WebSocketClientOptions out;
  out.base_url = url;
  out.path = "/ws";
  return out;
}
WebSocketClientOptions secure(const TestServer& server, const TestPki& pki) {
  WebSocketClientOptions out = plain(server.url("https"));
  out.ca_pem = pki.ca;
  out.certificate_pem = pki.client.certificate;
  out.key_pem = pki.client.key;
  return out;
}

}  // namespace

TEST_CASE("websocket client: messages both ways over mutual TLS, with a subprotocol of those offered") {
  const TestPki pki;
  EchoServer echo;
  TestServer server(echo.handler(), {.tls = pki.context()});
  auto options = secure(server, pki);
  options.subprotocols = {"one", "two"};
  options.common_name = "server";
  Peer peer(server.loop, std::move(options));
  const auto socket = peer.socket();
  CHECK(socket->subprotocol() == "two");
  CHECK(socket->send("who"));
  CHECK(socket->send(std::string(300'000, 'x')));
  REQUIRE(peer.wait_messages(2));
  CHECK(peer.messages()[0] == "b:alice");
  CHECK(peer.messages()[1].size() == 300'002);
  socket->close(1000, "done");
  CHECK(echo.closed.wait());
  CHECK(peer.r->closed.wait());
  CHECK_FALSE(socket->send("late"));
}

TEST_CASE("websocket client: the server's close is heard, and dropping the socket closes too") {
  EchoServer echo;
  TestServer server(echo.handler());
  Peer first(server.loop, plain(server.url()));
  (void)first.socket();
  REQUIRE(echo.opened.wait());
  {
    const std::scoped_lock lock(echo.mutex);
    echo.socket->close(1000, "");
  }
  CHECK(first.r->closed.wait());

  EchoServer other;
  TestServer second_server(other.handler());
  Peer second(second_server.loop, plain(second_server.url()));
  REQUIRE(second.wait());
  second.drop();
  CHECK(other.closed.wait());
}

TEST_CASE("websocket client: an answer other than 101 is an error with its text") {
  EchoServer echo;
  TestServer server(echo.handler());
  auto options = plain(server.url());
  options.path = "/other?x=1";
  Peer peer(server.loop, std::move(options));
  CHECK(peer.error().code == Code::kNotFound);
  CHECK(peer.error().message == "no such thing here");
}

TEST_CASE("websocket client: the server must be who was meant") {
  const TestPki pki;
  const TestPki other;
  EchoServer echo;
  TestServer server(echo.handler(), {.tls = pki.context()});
  auto options = secure(server, pki);
  options.ca_pem = other.ca;
  Peer stranger(server.loop, options);
  CHECK(stranger.error().code == Code::kUnauthenticated);
  CHECK(stranger.error().message.starts_with("the server's certificate: "));

  options = secure(server, pki);
  options.common_name = "system:node:n1";
  Peer misnamed(server.loop, options);
  CHECK(misnamed.error().code == Code::kUnauthenticated);
  CHECK(misnamed.error().message == "the server's certificate is of \"server\", not of \"system:node:n1\"");

  TestServer in_clear(echo.handler());
  options = secure(server, pki);
  options.base_url = in_clear.url("https");
  Peer no_tls(server.loop, options);
  CHECK(no_tls.error().code == Code::kUnavailable);
  CHECK(no_tls.error().message.starts_with("TLS handshake: "));

  TestServer elsewhere(echo.handler(), {.address = "127.0.0.2", .tls = pki.context()});
  options = secure(server, pki);
  options.base_url = "https://127.0.0.2:" + std::to_string(elsewhere.port());
  Peer wrong_address(server.loop, options);
  CHECK(wrong_address.error().code == Code::kUnauthenticated);
  CHECK(wrong_address.error().message.find("IP address mismatch") != std::string::npos);
}

TEST_CASE("websocket client: handshakes that are none") {
  Loop loop({.name = "test", .threads = 1});
  const std::string upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  const struct {
    const char* what;
    std::string answer;
  } cases[] = {
      {"a wrong accept key", upgrade + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"},
      {"no accept key", upgrade + "\r\n"},
      {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
      {"no end of the header", upgrade + "X: " + std::string(100'000, 'x')},
      {"a body without end", "HTTP/1.1 200 OK\r\n\r\n" + std::string(9'000'000, 'x')},
      {"nothing more", ""},
  };
  for (const auto& one : cases) {
    INFO(one.what);
    RawServer server(one.answer);
    auto options = plain(server.url());
    options.deadline = one.answer.empty() ? 100ms : 5000ms;
    Peer peer(loop, std::move(options));
    CHECK(peer.error().code == (one.answer.empty() ? Code::kDeadlineExceeded : Code::kUnavailable));
  }
  for (const char* bad : {"ftp://127.0.0.1", "http://name.example.test", "unix:///x", ""}) {
    INFO(bad);
    CHECK(Peer(loop, plain(bad)).error().code == Code::kInvalidArgument);
  }
  auto injected = plain("http://127.0.0.1:1");
  injected.path = "/a b";
  CHECK(Peer(loop, injected).error().code == Code::kInvalidArgument);
  injected.path = "/";
  injected.headers.add("X", "a\r\nY: b");
  CHECK(Peer(loop, injected).error().code == Code::kInvalidArgument);
  CHECK(Peer(loop, plain("http://127.0.0.1:1")).error().code == Code::kUnavailable);
  loop.stop();
}

TEST_CASE("websocket client: a subprotocol that was not offered is refused") {
  TestServer server(
      [](const std::shared_ptr<Exchange>& x) { x->accept_websocket("surprise", [](std::shared_ptr<WebSocket>) {}); });
  auto options = plain(server.url());
  options.subprotocols = {"one"};
  Peer peer(server.loop, std::move(options));
  CHECK(peer.error().code == Code::kUnavailable);
  CHECK(peer.error().message == "WebSocket handshake: the server chose subprotocol \"surprise\"");
}

TEST_CASE("websocket client: a message over the limit ends the connection") {
  EchoServer echo;
  TestServer server(echo.handler());
  auto options = plain(server.url());
  options.message_bytes_max = 1000;
  Peer peer(server.loop, std::move(options));
  const auto socket = peer.socket();
  CHECK(socket->send(std::string(1001, 'x')));
  CHECK(peer.r->closed.wait());
  CHECK(peer.messages().empty());
}

TEST_CASE("websocket client: what is not read stays with the server, until reading goes on") {
  EchoServer echo;
  TestServer server(echo.handler());
  Peer peer(server.loop, plain(server.url()), true);
  const auto socket = peer.socket();
  REQUIRE(echo.opened.wait());
  constexpr size_t kMessages = 100;
  constexpr size_t kSize = 100'000;  // 10 MB: more than the kernel's buffers hold
  for (size_t i = 0; i < kMessages; ++i) REQUIRE(echo.socket->send(std::string(kSize, 'x')));
  CHECK(echo.socket->bytes_queued() > 0);
  CHECK(peer.messages().empty());
  socket->resume_reading();
  CHECK(peer.wait_bytes(kMessages * kSize));
  CHECK(peer.messages().size() == kMessages);
}

TEST_CASE("websocket client: a loop that ends with sockets open leaves nothing behind") {
  EchoServer echo;
  TestServer server(echo.handler());
  Loop loop({.name = "mine", .threads = 1});
  auto peer = std::make_unique<Peer>(loop, plain(server.url()));
  const auto socket = peer->socket();
  loop.stop();
  CHECK(echo.opened.wait());
}

}  // namespace appliance::net::http
