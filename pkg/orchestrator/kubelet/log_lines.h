// The CRI log format, read: `RFC3339Nano stdout|stderr P|F content`. Pieces of one long line are P until the last, F.
// Pure; files and following are log_reader.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "orchestrator/client/node_streams.h"

namespace appliance::orchestrator::kubelet {

struct LogLine {
  std::string_view time;  // as written
  std::string_view stream;
  bool partial = false;
  std::string_view content;  // without the newline of the frame
};
std::optional<LogLine> parse_log_line(std::string_view line);

// Turns frames into what the reader asked for: since, timestamps, limit. Feed it frames in order.
class LogFilter {
 public:
  explicit LogFilter(const client::LogOptions& options) : options_(options), left_(options.limit_bytes) {}
  // Text to send for one frame (with its newline when it is the last piece); "" when it is filtered out.
  std::string take(std::string_view frame);
  [[nodiscard]] bool finished() const { return left_ && *left_ <= 0; }  // the limit is reached

 private:
  const client::LogOptions& options_;
  std::optional<int64_t> left_;
  bool inside_ = false;  // the previous frame was partial: no timestamp in the middle of a line
};

}  // namespace appliance::orchestrator::kubelet
