// What a line of the log looks like, whatever stands in its fields. The sink writes into a datagram socket, so that one
// write is one message.
#include "base/log.h"

#include <catch2/catch.hpp>

#include <sys/socket.h>

#include <cmath>
#include <optional>

#include "base/fd.h"

using namespace appliance;
using namespace appliance::base;

namespace {

struct Capture {
  explicit Capture(LogFormat format, LogLevel level = LogLevel::kDebug) {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) == 0);
    out = Fd(fds[0]);
    in = Fd(fds[1]);
    log = Log(std::make_shared<LogSink>(out.get(), level, format, clock));
  }
  // The next line, or nothing when none was written.
  std::optional<std::string> line() {
    std::string text(256 * 1024, '\0');
    const ssize_t size = ::recv(in.get(), text.data(), text.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    text.resize(static_cast<size_t>(size));
    return text;
  }
  ManualClock clock;  // 2023-11-14T22:13:20Z
  Fd out;
  Fd in;
  Log log;
};

std::string text_of(std::string_view value) {
  Capture capture(LogFormat::kText);
  capture.log.info("m", {{"k", value}});
  return capture.line().value();
}

std::string json_of(std::string_view value) {
  Capture capture(LogFormat::kJson);
  capture.log.info("m", {{"k", value}});
  return capture.line().value();
}

const std::string kText = "2023-11-14T22:13:20.000000Z info m k=";
const std::string kJson = R"({"time":"2023-11-14T22:13:20.000000Z","level":"info","msg":"m","k":)";

}  // namespace

TEST_CASE("log: text and JSON carry time, level, message and the fields, in order, in one write") {
  const Error error{.code = Code::kNotFound, .message = "no such file", .errno_value = 2, .hint = {}};
  Capture text(LogFormat::kText);
  text.log.with({{"component", "store"}}).warn("disk full", {{"bytes", 12}, {"ok", false}, {"error", error}});
  CHECK(text.line() ==
        "2023-11-14T22:13:20.000000Z warn disk full component=store bytes=12 ok=false error=\"no such file\"\n");
  CHECK_FALSE(text.line().has_value());
  Capture json(LogFormat::kJson);
  json.log.with({{"component", "store"}}).warn("disk full", {{"bytes", 12}, {"ok", false}, {"error", error}});
  CHECK(json.line() == R"({"time":"2023-11-14T22:13:20.000000Z","level":"warn","msg":"disk full",)"
                       R"("component":"store","bytes":12,"ok":false,"error":"no such file"})"
                       "\n");
  CHECK_FALSE(json.line().has_value());
}

TEST_CASE("log: with() adds fields to a copy and leaves the original as it was") {
  Capture capture(LogFormat::kText);
  const Log child = capture.log.with({{"a", 1}}).with({{"b", 2}});
  child.info("m");
  capture.log.info("m");
  CHECK(capture.line().value().ends_with(" info m a=1 b=2\n"));
  CHECK(capture.line().value().ends_with(" info m\n"));
}

TEST_CASE("log: what is below the level is not written, and a log without a sink swallows everything") {
  constexpr LogLevel kLevels[] = {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError};
  constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
  for (size_t at = 0; at < 4; ++at) {
    REQUIRE(parse_log_level(kNames[at]) == kLevels[at]);
    Capture capture(LogFormat::kText, kLevels[at]);
    capture.log.debug("m");
    capture.log.info("m");
    capture.log.warn("m");
    capture.log.error("m");
    for (size_t expected = at; expected < 4; ++expected)
      CHECK(capture.line() == "2023-11-14T22:13:20.000000Z " + std::string(kNames[expected]) + " m\n");
    CHECK_FALSE(capture.line().has_value());
  }
  CHECK_FALSE(parse_log_level("loud").has_value());
  Log().error("nobody hears");
}

TEST_CASE("log: hostile values stay one line, one string and UTF-8 in both formats") {
  struct Row {
    std::string value;
    std::string quoted;
  };
  const std::vector<Row> table{
      {"", R"("")"},
      {"a b", R"("a b")"},
      {"x=1", R"("x=1")"},
      {R"(say "hi")", R"("say \"hi\"")"},
      {R"(C:\n)", R"("C:\\n")"},
      {"a\n2023-11-14T22:13:20Z error forged", R"("a\n2023-11-14T22:13:20Z error forged")"},
      {"a\r\tb", R"("a\u000d\u0009b")"},
      {std::string("nul\0end", 7), R"("nul\u0000end")"},
      {"\x1b[2J\x7f", R"("\u001b[2J\u007f")"},
      {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
      {"\xf0\x9f\x90\x8b", "\"\xf0\x9f\x90\x8b\""},
      {"\xc2\x9b", R"("\u009b")"},                          // a C1 control: terminals obey it
      {"\xe2\x80\xa8|\xe2\x80\xae", R"("\u2028|\u202e")"},  // a line separator; right to left
      {"\xff|\xc3", R"("\ufffd|\ufffd")"},                  // not UTF-8; cut off
      {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},          // a surrogate
      {"\"}\n{\"level\":\"error\"", R"("\"}\n{\"level\":\"error\"")"},
  };
  for (const auto& row : table) {
    INFO(row.quoted);
    CHECK(text_of(row.value) == kText + row.quoted + "\n");
    CHECK(json_of(row.value) == kJson + row.quoted + "}\n");
  }
  CHECK(text_of("plain/1.2_3") == kText + "plain/1.2_3\n");
  CHECK(json_of("plain/1.2_3") == kJson + "\"plain/1.2_3\"}\n");
}

TEST_CASE("log: a hostile message can't start a line of its own either") {
  Capture capture(LogFormat::kText);
  capture.log.info("a\nb");
  CHECK(capture.line() == "2023-11-14T22:13:20.000000Z info a\\nb\n");
}

TEST_CASE("log: long values are cut at 4096 bytes, between characters, and say how much is missing") {
  const std::string full(4096, 'x');
  CHECK(text_of(full) == kText + full + "\n");
  const std::string cut = '"' + full + "...(1000000 more bytes)\"";
  CHECK(text_of(full + std::string(1'000'000, 'y')) == kText + cut + "\n");
  CHECK(json_of(full + std::string(1'000'000, 'y')) == kJson + cut + "}\n");
  CHECK(json_of(std::string(4095, 'x') + "\xc3\xbc!") ==
        kJson + '"' + std::string(4095, 'x') + "\xc3\xbc...(1 more bytes)\"}\n");
}

TEST_CASE("log: numbers and truth stand bare in JSON, and what is no number there is a string") {
  Capture capture(LogFormat::kJson);
  capture.log.info("m", {{"i", -7}, {"u", UINT64_MAX}, {"d", 0.5}, {"b", true}, {"nan", NAN}, {"inf", -INFINITY}});
  const auto line = capture.line().value();
  CHECK(line.ends_with(R"("i":-7,"u":18446744073709551615,"d":0.500000,"b":true,"nan":"nan","inf":"-inf"})" +
                       std::string("\n")));
}
