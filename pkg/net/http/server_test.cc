#include "net/http/server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/fs.h"
#include "net/http/test_support.h"

namespace appliance::net::http {
namespace {

using namespace testing;

void say_path(const std::shared_ptr<Exchange>& x) {
  x->respond(text_response(200, x->request().path + "|" + x->request().body));
}

std::string get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "\r\n";
}

size_t count(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

// The handler's end of an exchange, kept for the test's thread.
struct Kept {
  std::mutex mutex;
  std::shared_ptr<Exchange> exchange;
  Event arrived;
  void keep(std::shared_ptr<Exchange> x) {
    {
      const std::scoped_lock lock(mutex);
      exchange = std::move(x);
    }
    arrived.set();
  }
  std::shared_ptr<Exchange> take() {
    REQUIRE(arrived.wait());
    const std::scoped_lock lock(mutex);
    return std::move(exchange);
  }
};

}  // namespace

TEST_CASE("server: keep-alive serves many requests on one connection") {
  TestServer server(say_path);
  RawClient client(server.port());
  for (int i = 0; i < 5; ++i) {
    REQUIRE(client.send(get("/" + std::to_string(i))));
    const std::string answer = client.read_response();
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with("\r\n\r\n/" + std::to_string(i) + "|"));
  }
  CHECK(server.metrics.expose().find("appliance_http_connections_total 1\n") != std::string::npos);
  CHECK(server.metrics.expose().find("appliance_http_requests_total 5\n") != std::string::npos);
}

TEST_CASE("server: pipelined requests are answered one at a time and in order") {
  TestServer server(say_path);
  RawClient client(server.port());
  std::string all;
  for (int i = 0; i < 20; ++i) all += get("/" + std::to_string(i));
  REQUIRE(client.send(all));
  for (int i = 0; i < 20; ++i) CHECK(client.read_response().ends_with("\r\n\r\n/" + std::to_string(i) + "|"));
}

TEST_CASE("server: Connection: close and HTTP/1.0 end the connection, HTTP/1.0 keep-alive does not") {
  TestServer server(say_path);
  RawClient closing(server.port());
  REQUIRE(closing.send(get("/", "Connection: close\r\n")));
  const std::string answer = closing.read_to_end();
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  CHECK(closing.ended());

  RawClient old(server.port());
  REQUIRE(old.send("GET / HTTP/1.0\r\n\r\n"));
  CHECK(old.read_to_end().ends_with("/|"));
  CHECK(old.ended());

  RawClient old_and_kept(server.port());
  for (int i = 0; i < 2; ++i) {
    REQUIRE(old_and_kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK(old_and_kept.read_response().find("Connection: keep-alive\r\n") != std::string::npos);
  }
}

TEST_CASE("server: HEAD, 204 and 304 have no body") {
  TestServer server([](const std::shared_ptr<Exchange>& x) {
    x->respond(text_response(x->request().path == "/204" ? 204 : 200, "12345"));
  });
  RawClient client(server.port());
  REQUIRE(client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get("/204") + get("/last", "Connection: close\r\n")));
  const std::string all = client.read_to_end();
  CHECK(count(all, "12345") == 1);
  CHECK(count(all, "Content-Length: 5\r\n") == 2);
}

TEST_CASE("server: a body of Expect: 100-continue is asked for") {
  TestServer server(say_path);
  RawClient client(server.port());
  REQUIRE(client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
  CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  REQUIRE(client.send("hi"));
  CHECK(client.read_response().ends_with("/p|hi"));
}

TEST_CASE("server: malformed and oversized requests get an answer in clear text and never reach the handler") {
  std::atomic<int> handled{0};
  TestServer server(
      [&](const std::shared_ptr<Exchange>& x) {
        ++handled;
        x->respond(text_response(200, ""));
      },
      {.header_bytes_max = 1024, .body_bytes_max = 1000});
  struct Case {
    std::string bytes;
    int status;
  };
  const std::vector<Case> table = {
      {"nonsense\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", 431},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'), 413},
      {"GET / HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n", 417},
  };
  for (const Case& test : table) {
    RawClient client(server.port());
    client.send(test.bytes);
    const std::string answer = client.read_to_end();
    INFO(test.bytes.substr(0, 60));
    CHECK(answer.starts_with("HTTP/1.1 " + std::to_string(test.status) + " "));
    CHECK(answer.find("Content-Type: text/plain") != std::string::npos);
    CHECK(answer.find("\r\n\r\n" + std::to_string(test.status) + " ") != std::string::npos);
    CHECK(client.ended());
  }
  CHECK(handled == 0);
  CHECK(server.metrics.expose().find("appliance_http_requests_malformed_total 5\n") != std::string::npos);
}

TEST_CASE(
    "server: a slow header gets 408 although bytes keep coming, a slow body as well, an idle connection is closed") {
  TestServer server(say_path, {.header_timeout = 1s, .body_timeout = 1s, .idle_timeout = 1s});
  RawClient slow(server.port());
  RawClient body(server.port());
  RawClient idle(server.port());
  REQUIRE(body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n12"));
  std::atomic<bool> over{false};
  REQUIRE(slow.send("GET / HTTP/1.1\r\n"));
  std::thread dripping([&] {  // one byte at a time: the limit is for the whole header
    while (!over && slow.send("X")) std::this_thread::sleep_for(50ms);
  });
  CHECK(slow.read_to_end().starts_with("HTTP/1.1 408 "));
  over = true;
  dripping.join();
  CHECK(body.read_to_end().starts_with("HTTP/1.1 408 "));
  CHECK(idle.read_to_end().empty());
  CHECK(idle.ended());
}

TEST_CASE("server: connections over the limit are closed at accept") {
  TestServer server(say_path, {.connections_max = 2});
  RawClient one(server.port());
  RawClient two(server.port());
  REQUIRE(one.send(get("/1")));
  REQUIRE(one.read_response().ends_with("/1|"));
  REQUIRE(two.send(get("/2")));
  REQUIRE(two.read_response().ends_with("/2|"));
  RawClient three(server.port());
  CHECK(three.read_to_end().empty());
  CHECK(three.ended());
  CHECK(server.metrics.expose().find("appliance_http_connections_refused_total 1\n") != std::string::npos);
}

TEST_CASE("server: an exchange that the handler forgot is answered with 500") {
  TestServer server([](const std::shared_ptr<Exchange>&) {});
  RawClient client(server.port());
  REQUIRE(client.send(get("/")));
  CHECK(client.read_response().starts_with("HTTP/1.1 500 "));
}

TEST_CASE("server: a response may come later and from another thread, and only the first counts") {
  Kept kept;
  TestServer server([&](std::shared_ptr<Exchange> x) { kept.keep(std::move(x)); });
  RawClient client(server.port());
  REQUIRE(client.send(get("/later")));
  const auto exchange = kept.take();
  exchange->respond(text_response(200, "first"));
  exchange->respond(text_response(200, "second"));
  CHECK_FALSE(exchange->start_stream({})->write("third"));
  CHECK(client.read_response().ends_with("first"));
}

TEST_CASE("server: on_abort tells that the client went away before the answer") {
  Kept kept;
  Event aborted;
  TestServer server([&](std::shared_ptr<Exchange> x) {
    x->on_abort([&] { aborted.set(); });
    kept.keep(std::move(x));
  });
  RawClient client(server.port());
  REQUIRE(client.send(get("/")));
  const auto exchange = kept.take();
  CHECK_FALSE(aborted.is_set());
  client.close();
  CHECK(aborted.wait());
}

TEST_CASE("server: a stream is chunked, keeps the order of its writes and ends properly") {
  std::shared_ptr<Stream> stream;
  Event started;
  Event closed;
  TestServer server([&](const std::shared_ptr<Exchange>& x) {
    if (x->request().path == "/next") return say_path(x);
    Response head = text_response(200, "head,");
    stream = x->start_stream(std::move(head));
    stream->on_close([&] { closed.set(); });
    started.set();
  });
  RawClient client(server.port());
  REQUIRE(client.send(get("/watch")));
  CHECK(client.read_until("5\r\nhead,\r\n").find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  REQUIRE(started.wait());
  CHECK(stream->write("one,"));
  CHECK(client.read_until("4\r\none,\r\n").ends_with("4\r\none,\r\n"));  // flushed without another write
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    CHECK(stream->write(std::vector<Chunk>{Chunk::of(std::to_string(i)), Chunk::literal(",")}));
    expected += std::to_string(i) + ",";
  }
  stream->finish();
  stream->finish();
  CHECK_FALSE(stream->write("too late"));
  const std::string wire = client.read_until("0\r\n\r\n");
  std::string body;
  for (size_t at = 0; at < wire.size();) {
    const size_t size = std::stoul(wire.substr(at), nullptr, 16);
    at = wire.find("\r\n", at) + 2;
    body += wire.substr(at, size);
    at += size + 2;
  }
  CHECK(body == expected);
  CHECK(closed.wait());
  REQUIRE(client.send(get("/next")));
  CHECK(client.read_response().ends_with("/next|"));
}

TEST_CASE("server: a client that does not read fills a bounded queue, then its stream is closed") {
  constexpr size_t kQueue = 256 * 1024;
  std::shared_ptr<Stream> stream;
  Event started;
  Event closed;
  TestServer server(
      [&](const std::shared_ptr<Exchange>& x) {
        stream = x->start_stream({});
        stream->on_close([&] { closed.set(); });
        started.set();
      },
      {.stream_queue_bytes_max = kQueue});
  RawClient client(server.port(), 4096);
  REQUIRE(client.send(get("/")));
  REQUIRE(started.wait());
  const std::string block(16 * 1024, 'x');
  int written = 0;
  while (stream->write(block) && written < 4096) {
    ++written;
    CHECK(stream->bytes_queued() <= kQueue);
  }
  CHECK(written < 4096);  // 64 MiB: no socket buffer holds that
  CHECK(closed.wait());
  CHECK(stream->closed());
  CHECK(stream->bytes_queued() == 0);
  CHECK(server.metrics.expose().find("appliance_http_streams_overflowed_total 1\n") != std::string::npos);
}

TEST_CASE("server: on_drain comes when a slow client has read everything") {
  std::shared_ptr<Stream> stream;
  Event started;
  TestServer server([&](const std::shared_ptr<Exchange>& x) {
    stream = x->start_stream({});
    started.set();
  });
  RawClient client(server.port(), 4096);
  REQUIRE(client.send(get("/")));
  REQUIRE(started.wait());
  const size_t bytes = 8U * 1024 * 1024;
  REQUIRE(stream->write(std::string(bytes, 'x')));
  CHECK(stream->bytes_queued() > 0);
  Event drained;
  stream->on_drain([&] { drained.set(); });
  CHECK_FALSE(drained.is_set());
  CHECK(client.read_exactly(bytes).size() == bytes);
  CHECK(drained.wait());
  CHECK(stream->bytes_queued() == 0);
}

TEST_CASE("server: on_close tells that the client of a silent stream went away") {
  std::shared_ptr<Stream> stream;
  Event started;
  Event closed;
  TestServer server([&](const std::shared_ptr<Exchange>& x) {
    stream = x->start_stream({});
    stream->on_close([&] { closed.set(); });
    started.set();
  });
  {
    RawClient client(server.port());
    REQUIRE(client.send(get("/")));
    REQUIRE(started.wait());
  }
  CHECK(closed.wait());
  CHECK_FALSE(stream->write("nobody hears"));
  Event again;
  stream->on_close([&] { again.set(); });
  CHECK(again.is_set());  // at once when already closed
}

TEST_CASE("server: a stream dropped without finish() cuts the connection, so that the body does not look complete") {
  TestServer server([&](const std::shared_ptr<Exchange>& x) { x->start_stream(text_response(200, "half")); });
  RawClient client(server.port());
  REQUIRE(client.send(get("/")));
  CHECK(client.read_to_end().find("0\r\n\r\n") == std::string::npos);
  CHECK(client.ended());
}

TEST_CASE("server: 64 clients at once, on two loop threads, each gets its own answers") {
  TestServer server(say_path);
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 64; ++c) {
    clients.emplace_back([&, c] {
      RawClient client(server.port());
      for (int i = 0; i < 20; ++i) {
        const std::string path = "/" + std::to_string(c) + "/" + std::to_string(i);
        if (client.send(get(path)) && client.read_response().ends_with("\r\n\r\n" + path + "|")) ++good;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(good == 64 * 20);
}

TEST_CASE("server: a unix socket is 0600, replaces a dead one, and refuses to steal a living one") {
  char dir[] = "/tmp/net_http_test.XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  const std::string path = std::string(dir) + "/control.sock";
  {
    TestServer server(
        [](const std::shared_ptr<Exchange>& x) { x->respond(text_response(200, x->request().remote_address)); },
        {.unix_path = path});
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600);
    RawClient client(path);
    REQUIRE(client.send(get("/")));
    CHECK(client.read_response().ends_with("\r\n\r\nunix"));
    auto second = Server::listen(server.loop, {.unix_path = path}, say_path);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == Code::kFailedPrecondition);
    CHECK(second.error().errno_value == EADDRINUSE);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  {
    const base::Fd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    path.copy(where.sun_path, sizeof where.sun_path - 1);
    REQUIRE(::bind(dead.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  }
  {
    TestServer server(say_path, {.unix_path = path});
  }
  std::filesystem::remove_all(dir);
}

TEST_CASE("server: a port in use is an error that keeps its errno") {
  TestServer server(say_path);
  auto second = Server::listen(server.loop, {.port = server.port()}, say_path);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Code::kFailedPrecondition);
  CHECK(second.error().errno_value == EADDRINUSE);
  CHECK(second.error().message.find(std::to_string(server.port())) != std::string::npos);
}

TEST_CASE("server: stop() closes idle, waiting and streaming connections, and nothing of ours runs afterwards") {
  Kept kept;
  std::shared_ptr<Stream> stream;
  Event started;
  std::atomic<int> ends{0};
  auto server = std::make_unique<TestServer>([&](std::shared_ptr<Exchange> x) {
    if (x->request().path == "/stream") {
      stream = x->start_stream({});
      stream->on_close([&] { ++ends; });
      return started.set();
    }
    x->on_abort([&] { ++ends; });
    kept.keep(std::move(x));
  });
  RawClient idle(server->port());
  RawClient waiting(server->port());
  RawClient streaming(server->port());
  REQUIRE(waiting.send(get("/wait")));
  REQUIRE(streaming.send(get("/stream")));
  const auto exchange = kept.take();
  REQUIRE(started.wait());
  server->server->stop();
  CHECK(ends == 2);
  server->server->stop();
  CHECK(idle.read_to_end().empty());
  CHECK(waiting.read_to_end().empty());
  streaming.read_to_end();
  CHECK(streaming.ended());
  CHECK_FALSE(stream->write("x"));
  server.reset();  // server and loop are gone: what the handler kept is harmless
  exchange->respond(text_response(200, "too late"));
  CHECK(stream->closed());
}

TEST_CASE("server over TLS: plain HTTP gets a plain 400, garbage is closed, a silent client is closed in time") {
  const TestPki pki;
  TestServer server(say_path, {});
  TestServer secure(say_path, {.tls = pki.context(), .handshake_timeout = 1s});
  RawClient plain(secure.port());
  REQUIRE(plain.send(get("/")));
  const std::string answer = plain.read_to_end();
  CHECK(answer.starts_with("HTTP/1.0 400 Bad Request\r\n"));
  CHECK(answer.ends_with("\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"));

  for (const std::string& garbage : {std::string("\x16\x03\x01\xff\xff garbage garbage garbage"),
                                     std::string("\x80\x00\x01"), std::string("\x16"), std::string(1, '\0')}) {
    RawClient client(secure.port());
    REQUIRE(client.send(garbage));
    client.read_to_end();
    CHECK(client.ended());
  }
  RawClient silent(secure.port());
  CHECK(silent.read_to_end().empty());
  CHECK(silent.ended());
  RawClient tls_to_plain(server.port());
  REQUIRE(tls_to_plain.send("\x16\x03\x01\x02"));
  CHECK(tls_to_plain.read_to_end().starts_with("HTTP/1.1 400 "));
}

TEST_CASE("server over TLS: a big response arrives whole, and curl agrees") {
  const TestPki pki;
  std::vector<Chunk> pieces;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    std::string piece = std::to_string(i) + std::string(static_cast<size_t>(i % 700), 'x');
    expected += piece;
    pieces.push_back(Chunk::of(std::move(piece)));
  }
  TestServer server(
      [&](const std::shared_ptr<Exchange>& x) {
        Response response;
        response.body = pieces;
        x->respond(std::move(response));
      },
      {.tls = pki.context()});
  char dir[] = "/tmp/net_http_test.XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  const std::string base = dir;
  REQUIRE(base::write_file(base + "/ca.pem", pki.ca).has_value());
  const std::string command = "curl -sS --max-time 10 --cacert " + base + "/ca.pem " + server.url("https") + "/ " +
                              server.url("https") + "/ > " + base + "/out";
  CHECK(::system(command.c_str()) == 0);
  CHECK(base::read_file(base + "/out").value() == expected + expected);
  std::filesystem::remove_all(dir);
}

}  // namespace appliance::net::http
