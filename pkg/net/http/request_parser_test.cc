#include "net/http/request_parser.h"

#include <catch2/catch.hpp>
#include <vector>

#include "net/http/response_head.h"

namespace appliance::net::http {
namespace {

struct Outcome {
  int refused = 0;  // status; 0 = accepted
  std::string reason;
  Request request;
  size_t taken = 0;
  bool keep_alive = false;
};

// Offers the bytes in pieces of `step`, as a socket would.
Outcome parse(const std::string& bytes, size_t step, RequestParser::Limits limits = {}) {
  RequestParser parser(limits);
  std::string buffer;
  Outcome out;
  for (size_t at = 0; at < bytes.size(); at += step) {
    buffer += bytes.substr(at, step);
    const size_t taken = parser.feed(buffer);
    REQUIRE(taken <= buffer.size());
    buffer.erase(0, taken);
    out.taken += taken;
    if (parser.state() == RequestParser::State::kFailed) {
      out.refused = parser.refusal().status;
      out.reason = parser.refusal().reason;
      return out;
    }
    if (parser.state() == RequestParser::State::kDone) {
      out.keep_alive = parser.keep_alive();
      out.request = parser.take();
      return out;
    }
  }
  out.refused = -1;  // wants more
  return out;
}

}  // namespace

TEST_CASE("request parser: reads method, target, query, headers and body, however the bytes are cut") {
  const std::string bytes =
      "POST /api/v1/a%20b?x=1&x=2&y=%2F+z&flag HTTP/1.1\r\nHost: h\r\nX-A:  v \r\nContent-Length: 5\r\n\r\nhelloGET "
      "/next";
  for (const size_t step : {1, 2, 7, 1000}) {
    const Outcome out = parse(bytes, step);
    INFO("step " << step << ": " << out.reason);
    REQUIRE(out.refused == 0);
    CHECK(out.request.method == "POST");
    CHECK(out.request.target == "/api/v1/a%20b?x=1&x=2&y=%2F+z&flag");
    CHECK(out.request.path == "/api/v1/a b");
    CHECK(out.request.query_values("x") == std::vector<std::string>{"1", "2"});
    CHECK(out.request.query_value("y") == "/ z");
    CHECK(out.request.query_flag("flag"));
    CHECK(out.request.headers.get("x-a") == "v");
    CHECK(out.request.body == "hello");
    CHECK(out.keep_alive);
    CHECK(out.taken == bytes.size() - 9);  // "GET /next" is the next request's
  }
}

TEST_CASE("request parser: reads a chunked body and drops its trailer") {
  const std::string bytes =
      "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nHost: "
      "evil\r\n\r\n";
  for (const size_t step : {1, 3, 1000}) {
    const Outcome out = parse(bytes, step);
    INFO("step " << step << ": " << out.reason);
    REQUIRE(out.refused == 0);
    CHECK(out.request.body == "hello world");
    CHECK(out.request.headers.all("host") == std::vector<std::string_view>{"h"});
    CHECK(out.taken == bytes.size());
  }
}

TEST_CASE("request parser: accepts what is legal and rare") {
  const std::vector<std::string> table = {
      "GET / HTTP/1.0\r\n\r\n",
      "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1]:6443\r\nEmpty:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: caf\xc3\xa9\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
  };
  for (const std::string& bytes : table) {
    const Outcome out = parse(bytes, 1);
    INFO(bytes << out.reason);
    CHECK(out.refused == 0);
  }
}

TEST_CASE("request parser: an absolute target replaces Host") {
  const Outcome out = parse("GET http://real:80/p?q=1 HTTP/1.1\r\nHost: other\r\n\r\n", 1000);
  REQUIRE(out.refused == 0);
  CHECK(out.request.path == "/p");
  CHECK(out.request.query_value("q") == "1");
  CHECK(out.request.headers.get("host") == "real:80");
}

TEST_CASE("request parser: refuses what another parser could read differently") {
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  struct Case {
    std::string what;
    std::string bytes;
    int status = 400;
  };
  const std::vector<Case> table = {
      {"length and chunked", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunked and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"},
      {"two different lengths", post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nhello"},
      {"two equal lengths", post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nhell"},
      {"list of lengths", post + "Content-Length: 4, 4\r\n\r\nhell"},
      {"signed length", post + "Content-Length: +4\r\n\r\nhell"},
      {"negative length", post + "Content-Length: -1\r\n\r\n"},
      {"hexadecimal length", post + "Content-Length: 0x4\r\n\r\nhell"},
      {"empty length", post + "Content-Length:\r\n\r\n"},
      {"length with a blank inside", post + "Content-Length: 1 2\r\n\r\n"},
      {"huge length", post + "Content-Length: 99999999999999999999999\r\n\r\n"},
      {"unknown encoding", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {"chunked twice in one field", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
      {"chunked in two fields", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunked then identity", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
      {"gzip before chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"empty encoding", post + "Transfer-Encoding:\r\n\r\n"},
      {"chunked with a control character", post + "Transfer-Encoding: \x0b"
                                                  "chunked\r\n\r\n0\r\n\r\n"},
      {"lower-case te in HTTP/1.0", "POST / HTTP/1.0\r\nHost: h\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"blank before colon", get + "Content-Length : 0\r\n\r\n"},
      {"tab before colon", get + "Content-Length\t: 0\r\n\r\n"},
      {"folded line", get + "X-A: 1\r\n 2\r\n\r\n"},
      {"folded first line", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
      {"bare LF in the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n"},
      {"bare LF in a field", get + "X-A: 1\nX-B: 2\r\n\r\n"},
      {"bare LF only", "GET / HTTP/1.1\nHost: h\n\n"},
      {"bare CR in a field", get + "X-A: 1\rX-B: 2\r\n\r\n"},
      {"CR CR LF", get + "X-A: 1\r\r\n\r\n"},
      {"NUL in a value", get + std::string("X-A: a\0b\r\n\r\n", 12)},
      {"control character in a value", get + "X-A: a\x01\r\n\r\n"},
      {"delete character in a value", get + "X-A: a\x7f\r\n\r\n"},
      {"NUL in a name", get + std::string("X\0A: a\r\n\r\n", 10)},
      {"no colon", get + "nonsense\r\n\r\n"},
      {"no name", get + ": x\r\n\r\n"},
      {"blank in a name", get + "X A: x\r\n\r\n"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"two Hosts", get + "Host: h\r\n\r\n"},
      {"Host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n"},
      {"Host with a user", "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n"},
      {"two blanks in the request line", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"tab in the request line", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"no version", "GET /\r\nHost: h\r\n\r\n"},
      {"wrong version", "GET / HTTP/1.2\r\nHost: h\r\n\r\n"},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n"},
      {"control character in the target", "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"relative target", "GET x HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"asterisk with GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"CONNECT", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"broken percent", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"encoded NUL", "GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"TLS hello", "\x16\x03\x01\x02"},
      {"chunk size with a sign", post + "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"},
      {"chunk size with 0x", post + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"},
      {"chunk size overflow", post + "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"},
      {"empty chunk size", post + "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n"},
      {"no CRLF after chunk data", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n"},
      {"bare LF after chunk size", post + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"},
      {"expectation", get + "Expect: 200-ok\r\n\r\n", 417},
      {"many fields",
       get +
           [] {
             std::string all;
             for (size_t i = 0; i < kHeaderFieldsMax; ++i) all += "A: b\r\n";
             return all;
           }() +
           "\r\n",
       431},
      {"flood of chunk extensions", post + "Transfer-Encoding: chunked\r\n\r\n5;" + std::string(40'000, 'a'), 400},
  };
  for (const Case& test : table) {
    for (const size_t step : {size_t{1}, test.bytes.size()}) {
      const Outcome out = parse(test.bytes, step);
      INFO(test.what << ", step " << step << ": " << out.reason);
      CHECK(out.refused == test.status);
    }
  }
}

TEST_CASE("request parser: limits of header and body") {
  const RequestParser::Limits limits{.header_bytes_max = 100, .body_bytes_max = 10};
  const std::string long_field = "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(100, 'x') + "\r\n\r\n";
  CHECK(parse(long_field, 1, limits).refused == 431);
  CHECK(parse(long_field, 1000, limits).refused == 431);
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  CHECK(parse(post + "Content-Length: 10\r\n\r\n0123456789", 1, limits).refused == 0);
  CHECK(parse(post + "Content-Length: 11\r\n\r\n", 1, limits).refused == 413);
  CHECK(parse(post + "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n", 1, limits).refused == 413);
}

TEST_CASE("request parser: knows a WebSocket handshake from a broken one") {
  const std::string good = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  CHECK(parse(good + key + "Sec-WebSocket-Version: 13\r\n\r\n", 1000).request.websocket_upgrade);
  CHECK_FALSE(parse(good + key + "Sec-WebSocket-Version: 8\r\n\r\n", 1000).request.websocket_upgrade);
  CHECK_FALSE(parse(good + "Sec-WebSocket-Version: 13\r\n\r\n", 1000).request.websocket_upgrade);
  CHECK_FALSE(
      parse("GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" + key + "\r\n", 1000)
          .request.websocket_upgrade);
}

TEST_CASE("response head: the server frames, and a value cannot split the response") {
  Response response;
  response.headers.add("X-A", "a\r\nEvil: 1");
  response.headers.add("Content-Length", "99");
  response.headers.add("transfer-encoding", "chunked");
  const std::string head =
      response_head(response, {.content_length = 3, .chunked = false, .close = false, .http_1_0 = false});
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"));
  CHECK(head.find("X-A: a  Evil: 1\r\n") != std::string::npos);
  CHECK(head.find("99") == std::string::npos);
  CHECK(head.find("chunked") == std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
}

}  // namespace appliance::net::http
