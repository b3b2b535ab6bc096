// WatchStream: the lines of a watch's body, out of the pieces in which they come. Pure; one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::orchestrator::client {

inline constexpr size_t kEventBytesMax = 16U << 20U;  // an object has at most 3 MiB; what is longer is not an event

class WatchStream {
 public:
  using OnLine = std::function<Result<>(std::string_view line)>;
  // Calls `on_line` for each whole line, without its end; blank ones are left out. Its error, or kResourceExhausted for
  // a line that is too long, ends the watch.
  Result<> feed(std::string_view piece, const OnLine& on_line);

 private:
  std::string rest_;
};

}  // namespace appliance::orchestrator::client
