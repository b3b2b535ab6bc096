// Framing of a container's output into CRI log lines: `RFC3339Nano stdout|stderr P|F content`. A line longer than 16
// KiB is cut into P chunks and a final F; the unfinished rest of a stream at its end is a P chunk. Shared by stage and
// its tests.
//
//   LogFramer framer(buffer16k);  framer.feed(bytes, [&](char kind, std::string_view content) { … });
//
// Bytes are neither changed nor lost: the contents in order, with a line end after each F, are the stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace appliance::runtime::stage {

inline constexpr size_t kLogChunkBytes = 16384;  // of the CRI
inline constexpr size_t kLogStampBytes = 30;     // 2026-01-02T03:04:05.123456789Z

class LogFramer {
 public:
  // `pending` has room for kLogChunkBytes, is only touched when a line comes in pieces, and outlives the framer.
  LogFramer() = default;
  explicit LogFramer(char* pending) : pending_(pending) {}

  template <class Emit>  // void(char kind, std::string_view content)
  void feed(std::string_view in, Emit&& emit) {
    while (!in.empty()) {
      const void* newline = std::memchr(in.data(), '\n', in.size());
      const size_t line =
          newline == nullptr ? in.size() : static_cast<size_t>(static_cast<const char*>(newline) - in.data());
      const size_t room = kLogChunkBytes - pending_bytes_;
      if (line > room) {
        put(in.substr(0, room), 'P', emit);
        in.remove_prefix(room);
      } else if (newline != nullptr) {
        put(in.substr(0, line), 'F', emit);
        in.remove_prefix(line + 1);
      } else {
        std::memcpy(pending_ + pending_bytes_, in.data(), line);
        pending_bytes_ += line;
        return;
      }
    }
  }
  template <class Emit>
  void finish(Emit&& emit) {
    if (pending_bytes_ > 0) put({}, 'P', emit);
  }

 private:
  template <class Emit>
  void put(std::string_view tail, char kind, Emit&& emit) {
    if (pending_bytes_ == 0) {
      emit(kind, tail);
      return;
    }
    if (!tail.empty()) std::memcpy(pending_ + pending_bytes_, tail.data(), tail.size());
    emit(kind, std::string_view(pending_, pending_bytes_ + tail.size()));
    pending_bytes_ = 0;
  }

  char* pending_ = nullptr;
  size_t pending_bytes_ = 0;
};

// Writes the UTC time into out[kLogStampBytes]; no NUL. (Days from civil, Howard Hinnant's algorithm, backwards.)
inline void format_log_stamp(int64_t seconds, uint32_t nanos, char* out) {
  int64_t days = seconds / 86400;
  int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<unsigned>(days - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned day = doy - (153 * mp + 2) / 5 + 1;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  const auto year = static_cast<unsigned>(static_cast<int64_t>(yoe) + era * 400 + (month <= 2 ? 1 : 0));
  const auto digits = [](char* at, unsigned value, int n) {
    for (int i = n - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  };
  std::memcpy(out, "0000-00-00T00:00:00.000000000Z", kLogStampBytes);
  digits(out, year, 4);
  digits(out + 5, month, 2);
  digits(out + 8, day, 2);
  digits(out + 11, static_cast<unsigned>(rest / 3600), 2);
  digits(out + 14, static_cast<unsigned>(rest / 60 % 60), 2);
  digits(out + 17, static_cast<unsigned>(rest % 60), 2);
  digits(out + 20, nanos, 9);
}

}  // namespace appliance::runtime::stage
