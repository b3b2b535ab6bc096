#include "runtime/stage/log_frame.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "base/clock.h"

namespace appliance::runtime::stage {
namespace {

struct Sink {
  std::vector<char> pending = std::vector<char>(kLogChunkBytes);
  LogFramer framer{pending.data()};
  std::vector<std::pair<char, std::string>> lines;
  auto emit() {
    return [this](char kind, std::string_view content) { lines.emplace_back(kind, content); };
  }
  void feed(std::string_view text) { framer.feed(text, emit()); }
  void finish() { framer.finish(emit()); }
  std::string joined() const {
    std::string out;
    for (const auto& [kind, content] : lines) out += content + (kind == 'F' ? "\n" : "");
    return out;
  }
};
using Lines = std::vector<std::pair<char, std::string>>;

}  // namespace

TEST_CASE_METHOD(Sink, "log frame: lines that come in pieces are put together") {
  feed("he");
  feed("llo\nwor");
  CHECK(lines == Lines{{'F', "hello"}});
  feed("ld\n\nend");
  finish();
  CHECK(lines == Lines{{'F', "hello"}, {'F', "world"}, {'F', ""}, {'P', "end"}});
}

TEST_CASE_METHOD(Sink, "log frame: a long line is cut every 16 KiB") {
  const std::string exact(kLogChunkBytes, 'x');
  feed(exact + "\n");
  CHECK(lines == Lines{{'F', exact}});
  lines.clear();
  feed(exact + exact + "yz\n");
  CHECK(lines == Lines{{'P', exact}, {'P', exact}, {'F', "yz"}});
}

TEST_CASE_METHOD(Sink, "log frame: any cut of the input gives the same lines") {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += std::string(static_cast<size_t>(i * 997 % 40000), static_cast<char>('a' + i % 26)) + "\n";
  feed(text);
  const Lines whole = lines;
  CHECK(joined() == text);
  for (const size_t step : {1UL, 7UL, 4096UL, 16384UL, 16385UL}) {
    Sink other;
    for (size_t at = 0; at < text.size(); at += step) other.feed(std::string_view(text).substr(at, step));
    other.finish();
    CHECK(other.lines == whole);
  }
}

TEST_CASE("log frame: stamps are those of the clock module") {
  for (const int64_t seconds : {0L, 951782400L, 1709164799L, 1709164800L, 1767225599L, 4102444800L}) {
    char stamp[kLogStampBytes];
    format_log_stamp(seconds, 123456789, stamp);
    CHECK(std::string(stamp, sizeof stamp) ==
          base::format_rfc3339_nano(base::WallTime(std::chrono::seconds(seconds)) + base::Nanos(123456789)));
  }
}

}  // namespace appliance::runtime::stage
