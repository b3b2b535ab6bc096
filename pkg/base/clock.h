// Time is an input: everything that waits or stamps takes a Clock&, so that tests own time.
// Real code gets `system_clock()`-like SystemClock made by the composition root; tests use ManualClock.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::base {

using Nanos = std::chrono::nanoseconds;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Nanos>;
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Nanos>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;        // for stamps that people read; may jump
  [[nodiscard]] virtual MonoTime monotonic() const = 0;  // for deadlines and intervals; never jumps
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override;
  [[nodiscard]] MonoTime monotonic() const override;
};

// Stands still until advanced. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime(std::chrono::seconds(1'700'000'000)))
      : wall_(start.time_since_epoch().count()) {}
  [[nodiscard]] WallTime now() const override { return WallTime(Nanos(wall_.load())); }
  [[nodiscard]] MonoTime monotonic() const override { return MonoTime(Nanos(mono_.load())); }
  void advance(Nanos by) {
    wall_ += by.count();
    mono_ += by.count();
  }
  void jump_wall(Nanos by) { wall_ += by.count(); }  // suspend, NTP step

 private:
  std::atomic<long long> wall_;
  std::atomic<long long> mono_{0};
};

// "2026-01-02T03:04:05Z" (Kubernetes Time), with 6 digits (MicroTime) or 9 (CRI log lines).
std::string format_rfc3339(WallTime time);
std::string format_rfc3339_micro(WallTime time);
std::string format_rfc3339_nano(WallTime time);
Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace appliance::base
