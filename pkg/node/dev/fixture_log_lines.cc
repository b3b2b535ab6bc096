#include "node/dev/fixture_log_lines.h"

#include <algorithm>

#include "node/dev/fixture_hostile.h"

namespace appliance::node::dev {
namespace {

constexpr int kFiniteRate = 10;  // lines a second of logs that have an end

uint64_t mixed(uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

int rate(const LogShape& shape) { return log_goes_on(shape) ? shape.lines_per_second : kFiniteRate; }

std::string level(const LogShape& shape, uint64_t dice) {
  const int which = dice < 2 ? 0 : dice < 6 ? 1 : dice < 16 ? 2 : 3;
  constexpr const char* kPlain[] = {"ERROR", "WARN ", "DEBUG", "INFO "};
  constexpr const char* kColour[] = {"\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[32m"};
  return shape.colours ? std::string(kColour[which]) + kPlain[which] + "\x1b[0m" : kPlain[which];
}

std::string service_line(const LogShape& shape, uint64_t n) {
  const uint64_t r = mixed(shape.seed ^ mixed(n));
  const uint64_t dice = r % 100;
  std::string out = level(shape, dice) + " n=" + std::to_string(n);
  const std::string item = std::to_string((r >> 8U) % 10'000);
  const std::string took = std::to_string((r >> 24U) % 250 + 1);
  if (dice < 2)
    return out + " POST /api/items/" + item + " status=503 took=" + took + "ms error=\"upstream timed out\"";
  if (dice < 6) return out + " retrying item " + item + ": connection reset by peer, attempt " + took;
  if (dice < 16) return out + " cache miss key=item:" + item + " size=" + took + "KiB";
  return out + " GET /api/items/" + item + " status=200 took=" + took + "ms";
}

std::string crash_line(const LogShape& shape, uint64_t n) {
  if (n + 8 < kCrashLines) return service_line(shape, n);
  constexpr const char* kEnd[] = {"FATAL connecting to database: dial tcp 10.43.0.77:5432: connect: connection refused",
                                  "panic: runtime error: invalid memory address or nil pointer dereference",
                                  "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x4a5f20]",
                                  "",
                                  "goroutine 1 [running]:",
                                  "main.(*server).start(0x0)",
                                  "\t/src/cmd/server/main.go:118 +0x2f",
                                  "exit status 2"};
  return kEnd[n + 8 - kCrashLines];
}

// One log line has no line end in itself: those of the texts become blanks.
std::string hostile_line(uint64_t n) {
  std::string out = "n=" + std::to_string(n) + ' ' + std::string(hostile_text(n));
  std::ranges::replace(out, '\n', ' ');
  return out;
}

}  // namespace

bool log_goes_on(const LogShape& shape) { return shape.kind == LogKind::kService || shape.kind == LogKind::kHostile; }

uint64_t log_end(const LogShape& shape, base::WallTime now) {
  if (shape.kind == LogKind::kCrash) return kCrashLines;
  if (shape.kind == LogKind::kLongLine) return kLongLogLines;
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now - shape.first).count();
  return since < 0 ? 0 : static_cast<uint64_t>(since) * static_cast<uint64_t>(rate(shape)) / 1'000'000 + 1;
}

base::WallTime log_time(const LogShape& shape, uint64_t n) {
  const auto first =
      shape.kind == LogKind::kCrash ? shape.first - std::chrono::seconds(kCrashLines / kFiniteRate) : shape.first;
  const auto per_second = static_cast<uint64_t>(rate(shape));
  // In two steps: n * 1e9 would not fit some years on.
  return first + std::chrono::seconds(n / per_second) +
         std::chrono::nanoseconds(n % per_second * 1'000'000'000 / per_second);
}

std::string log_text(const LogShape& shape, uint64_t n) {
  switch (shape.kind) {
    case LogKind::kService:
      return service_line(shape, n);
    case LogKind::kCrash:
      return crash_line(shape, n);
    case LogKind::kHostile:
      return n % 3 == 0 ? hostile_line(n / 3) : service_line(shape, n);
    case LogKind::kLongLine:
      return n == kLongLine ? long_text(kHostileLineBytes) : hostile_line(n);
  }
  return {};
}

uint64_t log_begin(const LogShape& shape, uint64_t end, std::optional<int64_t> tail,
                   std::optional<base::WallTime> since) {
  uint64_t begin = end > kLogKeptLines ? end - kLogKeptLines : 0;
  if (tail) begin = std::max(begin, end - std::min(end, static_cast<uint64_t>(std::max<int64_t>(*tail, 0))));
  if (!since) return begin;
  // Times grow with n.
  uint64_t low = begin;
  uint64_t high = end;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (log_time(shape, middle) < *since)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

}  // namespace appliance::node::dev
