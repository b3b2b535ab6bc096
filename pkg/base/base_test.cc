// The small foundations: strings, time, errors, random, the thread pool.
#include <catch2/catch.hpp>

#include <atomic>

#include "base/clock.h"
#include "base/error.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/strings.h"

using namespace appliance;
using namespace appliance::base;

TEST_CASE("strings: base64 round trips and refuses what is not canonical") {
  for (const std::string_view text : {"", "a", "ab", "abc", "abcd", "\xff\xfe"}) {
    CHECK(unbase64(base64(text)) == std::string(text));
    CHECK(unbase64url(base64url(text)) == std::string(text));
  }
  CHECK(base64("q") == "cQ==");
  CHECK_FALSE(unbase64("cQ="));
  CHECK_FALSE(unbase64("c!=="));
  CHECK_FALSE(unbase64("cR=="));  // bits beyond the byte
}

TEST_CASE("strings: percent coding, utf-8, integers") {
  CHECK(percent_decode("a%2Fb+c", true) == "a/b c");
  CHECK(percent_decode("100%") == "100%");
  CHECK(percent_encode("a/b c") == "a%2Fb%20c");
  CHECK(valid_utf8("h\xc3\xa9"));
  CHECK_FALSE(valid_utf8("\xc0\xaf"));
  CHECK_FALSE(valid_utf8("\xed\xa0\x80"));
  CHECK(parse_int<int>("42") == 42);
  CHECK_FALSE(parse_int<int>("42x"));
  CHECK_FALSE(parse_int<int8_t>("300"));
}

TEST_CASE("clock: RFC 3339 round trips, offsets are applied, nonsense is refused") {
  const auto t = parse_rfc3339("2026-01-02T03:04:05.000006Z");
  REQUIRE(t);
  CHECK(format_rfc3339_micro(*t) == "2026-01-02T03:04:05.000006Z");
  CHECK(format_rfc3339(*parse_rfc3339("2026-01-02T03:04:05+01:00")) == "2026-01-02T02:04:05Z");
  CHECK_FALSE(parse_rfc3339("2026-13-02T03:04:05Z"));
  CHECK_FALSE(parse_rfc3339("yesterday"));
}

TEST_CASE("clock: years that nanoseconds can't hold become the nearest that they can") {
  CHECK(format_rfc3339(parse_rfc3339("9999-12-31T23:59:59Z").value()).starts_with("2262-04-11T"));
  CHECK(format_rfc3339(parse_rfc3339("0001-01-01T00:00:00Z").value()).starts_with("1677-09-21T"));
}

TEST_CASE("error: contexts stand outermost first and the code is kept") {
  const auto inner = []() -> Result<int> { return fail_errno("open x", ENOENT); };
  const auto outer = [&]() -> Result<int> { return TRY_CTX(inner(), "load"); };
  REQUIRE_FALSE(outer());
  CHECK(outer().error().message == "load: open x: No such file or directory");
  CHECK(outer().error().code == Code::kNotFound);
  CHECK(outer().error().errno_value == ENOENT);
}

TEST_CASE("executor: every accepted task runs once, also those queued at stop") {
  std::atomic<int> ran{0};
  ThreadPool pool({.name = "t", .threads = 3, .queue_max = 1000});
  int accepted = 0;
  for (int i = 0; i < 500; ++i) accepted += pool.post([&] { ++ran; }) ? 1 : 0;
  pool.stop();
  CHECK(ran == accepted);
  CHECK_FALSE(pool.post([] {}));
}

TEST_CASE("random: seeds repeat, suffixes use the safe alphabet") {
  SeededRandom a(7);
  SeededRandom b(7);
  CHECK(a.uuid() == b.uuid());
  SystemRandom real;
  CHECK(real.name_suffix().find_first_of("aeiou0131") == std::string::npos);
  CHECK(real.uuid()[14] == '4');
}

TEST_CASE("metrics: the text format has families, labels and cumulative buckets") {
  Metrics m;
  m.counter("x_total", "X.", "a=\"b\"").add(3);
  m.histogram("h_seconds", "H.", {0.1, 1}).observe(0.5);
  const auto text = m.expose();
  CHECK(text.find("x_total{a=\"b\"} 3\n") != std::string::npos);
  CHECK(text.find("h_seconds_bucket{le=\"1\"} 1\n") != std::string::npos);
  CHECK(text.find("h_seconds_bucket{le=\"0.1\"} 0\n") != std::string::npos);
}
