// Reads a container's log for one client: rotated files first, the last N lines, then on and on when it follows.
// Blocking: runs on a thread of its own until the log ends, the client goes, or `stop` is set.
//
// Rotation: the writer renames NAME.log to NAME.log.<stamp> and opens a new NAME.log; stamps sort by age. A follower
// reads the file it has open to its end before it goes to the next one, so nothing is lost or read twice.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "orchestrator/client/node_streams.h"

namespace appliance::orchestrator::kubelet {

struct LogSource {
  std::string path;            // of the current file
  std::function<bool()> live;  // may more come? asked after the end of the file was seen
  const std::atomic<bool>* stop = nullptr;
};

// Calls sink.write(), not finish(). An error is for finish().
Result<> read_log(const LogSource& source, const client::LogOptions& options, client::ByteSink& sink);

// Rotated files of `path` from the oldest, then `path` itself.
std::vector<std::string> log_files(const std::string& path);

inline constexpr size_t kLogFrameBytesMax = 64U * 1024;  // frames are at most 16 KiB; a longer one is cut

}  // namespace appliance::orchestrator::kubelet
