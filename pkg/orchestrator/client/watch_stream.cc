#include "orchestrator/client/watch_stream.h"

#include "base/error.h"

namespace appliance::orchestrator::client {

Result<> WatchStream::feed(std::string_view piece, const OnLine& on_line) {
  for (;;) {
    const size_t end = piece.find('\n');
    if (end == std::string_view::npos) break;
    std::string whole;
    std::string_view line = piece.substr(0, end);
    if (!rest_.empty()) {
      whole = std::move(rest_);
      rest_.clear();
      line = whole.append(line);
    }
    piece.remove_prefix(end + 1);
    if (!line.empty()) TRY(on_line(line));
  }
  if (rest_.size() + piece.size() > kEventBytesMax)
    return fail(Code::kResourceExhausted, "watch: an event over " + std::to_string(kEventBytesMax) + " bytes");
  rest_.append(piece);
  return {};
}

}  // namespace appliance::orchestrator::client
