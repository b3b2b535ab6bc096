// Each time-out of the server, set short. Nothing sleeps: a test waits for the end of a connection, and an idle
// connection that the server closes is the clock that says "so much time went by" on the others.
#include <catch2/catch.hpp>

#include "net/http/test_support.h"

namespace appliance::net::http {
namespace {

using namespace testing;
using Clock = std::chrono::steady_clock;

constexpr auto kShort = 150ms;
constexpr auto kLong = 60s;  // longer than a test: this one must not be what ends a connection

ServerOptions all_long() {
  return {.header_timeout = kLong, .body_timeout = kLong, .write_timeout = kLong, .idle_timeout = kLong};
}

void say_ok(const std::shared_ptr<Exchange>& x) { x->respond(text_response(200, "ok")); }

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

// Waits until the server ended the connection by itself; what it said before.
std::string end_of(RawClient& client) {
  std::string last = client.read_to_end();
  CHECK(client.ended());
  CHECK_FALSE(client.timed_out());
  return last;
}

class Held {  // the exchange that a handler keeps
 public:
  void keep(std::shared_ptr<Exchange> exchange) {
    exchange_ = std::move(exchange);
    came_.set();
  }
  std::shared_ptr<Exchange> take() {
    REQUIRE(came_.wait());
    return std::move(exchange_);
  }

 private:
  std::shared_ptr<Exchange> exchange_;
  Event came_;
};

TEST_CASE("time-outs: an idle connection is closed without a word, before the first request and between two") {
  auto options = all_long();
  options.idle_timeout = kShort;
  TestServer server(say_ok, options);
  const auto start = Clock::now();
  RawClient silent(server.port());
  RawClient served(server.port());
  REQUIRE(served.send(get("/")));
  REQUIRE(served.read_response().ends_with("ok"));
  const auto answered = Clock::now();
  CHECK(end_of(silent).empty());
  CHECK(Clock::now() - start >= kShort);
  CHECK(end_of(served).empty());
  CHECK(Clock::now() - answered < kLong);
}

TEST_CASE("time-outs: while the handler works the client may be silent as long as it likes") {
  auto options = all_long();
  options.idle_timeout = kShort;
  options.header_timeout = kShort;
  options.body_timeout = kShort;
  options.write_timeout = kShort;
  Held held;
  TestServer server([&](std::shared_ptr<Exchange> x) { held.keep(std::move(x)); }, options);
  RawClient waiting(server.port());
  REQUIRE(waiting.send(get("/")));
  const auto exchange = held.take();
  for (int i = 0; i < 2; ++i) {  // two idle times go by
    RawClient clock(server.port());
    CHECK(end_of(clock).empty());
  }
  exchange->respond(text_response(200, "late"));
  CHECK(waiting.read_response().ends_with("late"));
}

TEST_CASE("time-outs: a stream that is silent stays open, and goes on") {
  auto options = all_long();
  options.idle_timeout = kShort;
  options.write_timeout = kShort;
  Held held;
  TestServer server([&](std::shared_ptr<Exchange> x) { held.keep(std::move(x)); }, options);
  RawClient watching(server.port());
  REQUIRE(watching.send(get("/")));
  const auto stream = held.take()->start_stream({});
  for (int i = 0; i < 2; ++i) {
    RawClient clock(server.port());
    CHECK(end_of(clock).empty());
  }
  CHECK_FALSE(stream->closed());
  CHECK(stream->write("event"));
  CHECK(watching.read_until("5\r\nevent\r\n").ends_with("5\r\nevent\r\n"));
}

TEST_CASE("time-outs: a header and a body that do not come whole get 408 and the end, and no handler") {
  std::atomic<int> handled{0};
  const auto count = [&](const std::shared_ptr<Exchange>& x) {
    ++handled;
    say_ok(x);
  };
  struct Row {
    std::string bytes;
    std::chrono::milliseconds header;
    std::chrono::milliseconds body;
    std::string reason;
  };
  const std::vector<Row> table{
      {"G", kShort, kLong, "the header did not come in time"},
      {"GET / HTTP/1.1\r\nHost: h\r\n", kShort, kLong, "the header did not come in time"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n1234", kLong, kShort, "the body did not come in time"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", kLong, kShort,
       "the body did not come in time"},
  };
  for (const auto& row : table) {
    INFO(row.bytes);
    auto options = all_long();
    options.header_timeout = row.header;
    options.body_timeout = row.body;
    TestServer server(count, options);
    const auto start = Clock::now();
    RawClient slow(server.port());
    REQUIRE(slow.send(row.bytes));
    const std::string answer = end_of(slow);
    CHECK(answer.starts_with("HTTP/1.1 408 "));
    CHECK(answer.find(row.reason) != std::string::npos);
    CHECK(Clock::now() - start >= kShort);
  }
  CHECK(handled == 0);
}

TEST_CASE("time-outs: a response that nobody takes is given up") {
  constexpr size_t kBytes = 64U * 1024 * 1024;  // no socket buffer holds that
  auto options = all_long();
  options.write_timeout = kShort;
  options.idle_timeout = 8 * kShort;
  TestServer server(
      [&](const std::shared_ptr<Exchange>& x) {
        Response response;
        response.body.push_back(Chunk::of(std::string(kBytes, 'x')));
        x->respond(std::move(response));
      },
      options);
  RawClient slow(server.port(), 4096);
  REQUIRE(slow.send(get("/")));
  REQUIRE(slow.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));  // it has begun
  RawClient clock(server.port());
  CHECK(end_of(clock).empty());
  CHECK(end_of(slow).size() < kBytes);
}

}  // namespace
}  // namespace appliance::net::http
