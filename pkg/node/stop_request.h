// Somebody asks the process to stop: a signal, or the control socket. Servers and workers wait on one of these. Signals
// are heard from its construction on, also while a node starts.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/fd.h"
#include "node/server.h"

namespace appliance::node {

class StopRequest {
 public:
  // SIGTERM and SIGINT, which the process has blocked in every thread, ask with kKeepPods. `on_request` is called once,
  // when it is first asked, in whatever thread asks; it must not call back.
  explicit StopRequest(std::function<void()> on_request = {});
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  StopKind wait();              // blocks until it is asked
  void request(StopKind kind);  // thread-safe; the first one counts

 private:
  void watch();

  const std::function<void()> on_request_;
  const base::Fd signals_;
  const base::Fd end_;  // an eventfd: the watcher is to end
  std::mutex mutex_;
  std::condition_variable asked_;
  bool is_asked_ = false;                // GUARDED_BY(mutex_)
  StopKind kind_ = StopKind::kKeepPods;  // GUARDED_BY(mutex_)
  std::thread watcher_;                  // last: it uses all of the above
};

}  // namespace appliance::node
