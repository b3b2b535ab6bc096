// Somebody asks the process to stop: a signal, or the control socket. Servers and workers wait on one of these.
#pragma once

#include <condition_variable>
#include <mutex>

#include "node/server.h"

namespace appliance::node {

class StopRequest {
 public:
  // Blocks until request() or SIGTERM, SIGINT (which the process has blocked): then kKeepPods. One waiter, once.
  StopKind wait();
  void request(StopKind kind);  // thread-safe; the first one counts

 private:
  std::mutex mutex_;
  std::condition_variable asked_;
  bool is_asked_ = false;                // GUARDED_BY(mutex_)
  StopKind kind_ = StopKind::kKeepPods;  // GUARDED_BY(mutex_)
};

}  // namespace appliance::node
