// WebSocket over the server, seen by a client written here: frames are made and read byte by byte (RFC 6455
// section 5.2).
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "net/http/server.h"
#include "net/http/test_support.h"

namespace appliance::net::http {
namespace {

using namespace testing;

enum Opcode : unsigned char { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

struct Frame {
  unsigned char opcode = 0;
  bool final = true;
  std::string payload;
};

class WsClient {
 public:
  explicit WsClient(int port, std::string_view extra = {}, std::string_view behind = {}) : raw_(port) {
    raw_.send(
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
        std::string(extra) + "\r\n" + std::string(behind));
    head = raw_.read_until("\r\n\r\n");
    const size_t end = head.find("\r\n\r\n");
    if (end == std::string::npos) return;
    buffered_ = head.substr(end + 4);
    head.resize(end + 4);
  }

  static std::string frame(unsigned char opcode, std::string_view payload, bool final = true) {
    std::string out;
    out.push_back(static_cast<char>((final ? 0x80U : 0U) | opcode));
    if (payload.size() < 126) {
      out.push_back(static_cast<char>(0x80U | payload.size()));
    } else if (payload.size() < 65536) {
      out.push_back(static_cast<char>(0xFE));
      for (int shift = 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(payload.size() >> shift));
    } else {
      out.push_back(static_cast<char>(0xFF));
      for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(payload.size() >> shift));
    }
    const std::string mask = "\x11\x22\x33\x44";
    out += mask;
    for (size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    return out;
  }

  bool send(unsigned char opcode, std::string_view payload, bool final = true) {
    return raw_.send(frame(opcode, payload, final));
  }

  std::optional<Frame> read() {
    const auto head_bytes = take(2);
    if (head_bytes.size() < 2) return std::nullopt;
    Frame out;
    out.final = (head_bytes[0] & 0x80) != 0;
    out.opcode = head_bytes[0] & 0x0F;
    size_t size = static_cast<unsigned char>(head_bytes[1]);  // a server does not mask
    if (size >= 126) {
      const std::string longer = take(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : longer) size = size << 8U | static_cast<unsigned char>(c);
    }
    out.payload = take(size);
    return out;
  }

  // The next frame that is not a ping.
  Frame read_data() {
    const auto found = read_any();
    REQUIRE(found.has_value());
    return *found;
  }
  std::optional<Frame> read_any() {
    auto frame_read = read();
    while (frame_read && frame_read->opcode == kPing) frame_read = read();
    return frame_read;
  }
  bool ended() {
    raw_.read_to_end();
    return raw_.ended();
  }
  RawClient& raw() { return raw_; }
  std::string head;

 private:
  std::string take(size_t bytes) {
    if (buffered_.size() < bytes) buffered_ += raw_.read_exactly(bytes - buffered_.size());
    std::string out = buffered_.substr(0, bytes);
    buffered_.erase(0, out.size());
    return out;
  }
  RawClient raw_;
  std::string buffered_;
};

// The server's end of one socket, kept for the test's thread.
struct Server1 {
  std::mutex mutex;
  std::shared_ptr<WebSocket> socket;
  Event opened;
  Event closed;
  std::atomic<int> messages{0};
  Handler handler(std::string subprotocol = "") {
    return [this, subprotocol](const std::shared_ptr<Exchange>& x) {
      x->accept_websocket(subprotocol, [this](std::shared_ptr<WebSocket> ws) {
        ws->on_message([this, weak = std::weak_ptr(ws)](std::string message, bool binary) {
          ++messages;
          if (const auto live = weak.lock()) live->send((binary ? "b:" : "t:") + message);
        });
        ws->on_close([this] { closed.set(); });
        {
          const std::scoped_lock lock(mutex);
          socket = std::move(ws);
        }
        opened.set();
      });
    };
  }
};

std::string close_payload(uint16_t code, std::string_view reason) {
  std::string out{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
  return out.append(reason);
}

}  // namespace

TEST_CASE("websocket: handshake, subprotocol, echo of text, binary and long messages") {
  Server1 one;
  TestServer server(one.handler("v5.channel.k8s.io"));
  WsClient client(server.port(), "Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io\r\n");
  CHECK(client.head.starts_with("HTTP/1.1 101 "));
  CHECK(client.head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") !=
        std::string::npos);  // RFC 6455 section 1.3
  CHECK(client.head.find("Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n") != std::string::npos);
  for (const size_t size :
       {size_t{0}, size_t{5}, size_t{125}, size_t{126}, size_t{65535}, size_t{65536}, size_t{300'000}}) {
    const std::string message(size, 'm');
    REQUIRE(client.send(kBinary, message));
    const auto answer = client.read_any();
    REQUIRE(answer.has_value());
    CHECK(answer->opcode == kBinary);
    CHECK(answer->final);
    CHECK(answer->payload == "b:" + message);
  }
  REQUIRE(client.send(kText, "h\xc3\xa9"));
  CHECK(client.read_data().payload == "t:h\xc3\xa9");
  CHECK(one.socket->subprotocol() == "v5.channel.k8s.io");
}

TEST_CASE("websocket: fragments make one message, a ping between them is answered") {
  Server1 one;
  TestServer server(one.handler());
  WsClient client(server.port());
  CHECK(client.head.find("Sec-WebSocket-Protocol") == std::string::npos);
  REQUIRE(client.send(kBinary, "one,", false));
  REQUIRE(client.send(kPing, "hello"));
  REQUIRE(client.send(kContinuation, "two", true));
  std::vector<Frame> frames = {*client.read(), *client.read()};
  CHECK(frames[0].opcode == kPong);
  CHECK(frames[0].payload == "hello");
  CHECK(frames[1].payload == "b:one,two");
}

TEST_CASE("websocket: frames that come right behind the handshake are not lost") {
  Server1 one;
  TestServer server(one.handler());
  WsClient client(server.port(), {}, WsClient::frame(kBinary, "early") + WsClient::frame(kBinary, "bird"));
  CHECK(client.read_data().payload == "b:early");
  CHECK(client.read_data().payload == "b:bird");
}

TEST_CASE("websocket: close from either side is answered, and on_close comes once") {
  Server1 one;
  TestServer server(one.handler());
  {
    WsClient client(server.port());
    REQUIRE(client.send(kClose, close_payload(1000, "bye")));
    const auto answer = client.read_any();
    REQUIRE(answer.has_value());
    CHECK(answer->opcode == kClose);
    CHECK(answer->payload.substr(0, 2) == close_payload(1000, ""));
    CHECK(client.ended());
    CHECK(one.closed.wait());
    CHECK_FALSE(one.socket->send("too late"));
  }
  Server1 two;
  TestServer closing(two.handler());
  WsClient client(closing.port());
  REQUIRE(two.opened.wait());
  CHECK(two.socket->send("last words"));
  two.socket->close(4000, "enough");
  CHECK(client.read_data().payload == "last words");  // what was queued goes out first
  const auto end = client.read_any();
  REQUIRE(end.has_value());
  CHECK(end->opcode == kClose);
  CHECK(end->payload == close_payload(4000, "enough"));
  REQUIRE(client.send(kClose, close_payload(4000, "")));
  CHECK(client.ended());
  CHECK(two.closed.wait());
}

TEST_CASE("websocket: a client that vanishes is noticed") {
  Server1 one;
  TestServer server(one.handler());
  {
    WsClient client(server.port());
    REQUIRE(one.opened.wait());
  }
  CHECK(one.closed.wait());
}

TEST_CASE("websocket: messages over the limit and broken frames close the connection") {
  struct Case {
    std::string what;
    std::string bytes;
    uint16_t code;
  };
  const std::vector<Case> table = {
      {"over the limit", WsClient::frame(kBinary, std::string(2000, 'x')), 1009},
      {"unmasked", std::string("\x82\x01x"), 1002},
      {"reserved opcode", WsClient::frame(3, "x"), 1002},
      {"fragmented control frame", WsClient::frame(kPing, "x", false), 1002},
      {"continuation of nothing", WsClient::frame(kContinuation, "x"), 1002},
      {"text that is not UTF-8", WsClient::frame(kText, "\xff\xfe"), 1007},
  };
  for (const Case& test : table) {
    INFO(test.what);
    Server1 one;
    TestServer server(one.handler(), {.websocket_message_bytes_max = 1000});
    WsClient client(server.port());
    REQUIRE(client.raw().send(test.bytes));
    const auto answer = client.read_any();
    REQUIRE(answer.has_value());
    CHECK(answer->opcode == kClose);
    CHECK((answer->payload.substr(0, 2) == close_payload(test.code, "") || test.code == 1007));
    client.raw().close();
    CHECK(one.closed.wait());
    CHECK(one.messages == 0);
  }
}

TEST_CASE("websocket: while reading is paused TCP holds the client back; after resuming nothing is missing") {
  Server1 one;
  TestServer server(one.handler());
  WsClient client(server.port());
  REQUIRE(one.opened.wait());
  REQUIRE(client.send(kBinary, "a"));
  CHECK(client.read_data().payload == "b:a");
  one.socket->pause_reading();
  // One message may be read that was under way already.
  for (int i = 0; i < 50; ++i) REQUIRE(client.send(kBinary, std::to_string(i)));
  Event passed;
  const auto timer = server.loop.after(200ms, [&] { passed.set(); });
  REQUIRE(passed.wait());
  CHECK(one.messages <= 2);
  one.socket->resume_reading();
  for (int i = 0; i < 50; ++i) CHECK(client.read_data().payload == "b:" + std::to_string(i));
}

TEST_CASE("websocket: a client that does not read fills a bounded queue, then the connection is closed") {
  Server1 one;
  TestServer server(one.handler(), {.stream_queue_bytes_max = 256 * 1024});
  WsClient client(server.port());
  REQUIRE(one.opened.wait());
  const std::string block(16 * 1024, 'x');
  int sent = 0;
  while (one.socket->send(block) && sent < 4096) {
    ++sent;
    CHECK(one.socket->bytes_queued() <= 256 * 1024);
  }
  CHECK(sent < 4096);
  CHECK(one.closed.wait());
}

TEST_CASE("websocket: text and binary messages go out as what they are, in order") {
  Server1 one;
  TestServer server(one.handler());
  WsClient client(server.port());
  REQUIRE(one.opened.wait());
  const std::string umlaut = "\xc3\xa4";
  CHECK(one.socket->send_text("{\"a\":\"" + umlaut + "\"}"));
  CHECK(one.socket->send("\x01\xff"));
  CHECK(one.socket->send_text("t"));
  const Frame first = client.read_data();
  CHECK(first.opcode == kText);
  CHECK(first.payload == "{\"a\":\"" + umlaut + "\"}");
  const Frame second = client.read_data();
  CHECK(second.opcode == kBinary);
  CHECK(second.payload == "\x01\xff");
  const Frame third = client.read_data();
  CHECK(third.opcode == kText);
  CHECK(third.payload == "t");
}

TEST_CASE("websocket: many messages from many threads arrive whole, then on_drain") {
  Server1 one;
  TestServer server(one.handler());
  WsClient client(server.port());
  REQUIRE(one.opened.wait());
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i) one.socket->send(std::string(1000, static_cast<char>('a' + w)));
    });
  for (int i = 0; i < 200; ++i) {
    const auto message = client.read_any();
    REQUIRE(message.has_value());
    CHECK(message->payload == std::string(1000, message->payload.at(0)));
  }
  for (std::thread& writer : writers) writer.join();
  Event drained;
  one.socket->on_drain([&] { drained.set(); });
  CHECK(drained.wait());
}

TEST_CASE("websocket: stop() ends open sockets, and what a handler kept is harmless") {
  Server1 one;
  auto server = std::make_unique<TestServer>(one.handler());
  WsClient client(server->port());
  REQUIRE(one.opened.wait());
  server->server->stop();
  CHECK(one.closed.is_set());
  server.reset();
  CHECK_FALSE(one.socket->send("x"));
  one.socket->close(1000, "");
  one.socket->resume_reading();
}

TEST_CASE("websocket: stop() ends a socket whose reading is paused") {
  Server1 one;
  TestServer server(one.handler());
  WsClient client(server.port());
  REQUIRE(one.opened.wait());
  REQUIRE(client.send(kBinary, "a"));
  CHECK(client.read_data().payload == "b:a");
  one.socket->pause_reading();
  REQUIRE(client.send(kBinary, "b"));  // ends the read that was under way
  CHECK(client.read_data().payload == "b:b");
  CHECK(one.socket->send("still open"));
  CHECK(client.read_data().payload == "still open");
  server.server->stop();
  CHECK(one.closed.is_set());
}

TEST_CASE("websocket: accepting a request that is no handshake is answered with 400") {
  Server1 one;
  TestServer server(one.handler());
  RawClient client(server.port());
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK(client.read_response().starts_with("HTTP/1.1 400 "));
}

}  // namespace appliance::net::http
