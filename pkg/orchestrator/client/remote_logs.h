// Logs of containers on other nodes: each stream is one GET to a kubelet on a thread of its own, which hands bytes on
// and waits while the reader has more than kSinkHighWater of them before it. One more thread, asleep while nothing
// streams, notices readers that went away.
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "net/http/client.h"
#include "orchestrator/client/node_streams.h"
#include "orchestrator/client/node_target.h"

namespace appliance::orchestrator::client {

inline constexpr size_t kRemoteLogsMax = 256;  // threads; as many as one kubelet serves

class RemoteLogs {
 public:
  RemoteLogs() : thread_([this] { watch(); }) {}
  ~RemoteLogs() { stop(); }
  RemoteLogs(const RemoteLogs&) = delete;
  RemoteLogs& operator=(const RemoteLogs&) = delete;

  // Returns at once; what goes wrong is for sink->finish(). kResourceExhausted when kRemoteLogsMax run.
  Result<> start(NodeTarget target, const std::string& ns, const std::string& pod, const LogOptions& options,
                 std::shared_ptr<ByteSink> sink);
  void stop();  // idempotent; ends all streams, returns when none runs

 private:
  struct Fetch {
    Fetch(NodeTarget target_in, net::http::ClientOptions options, std::shared_ptr<ByteSink> sink_in)
        : target(std::move(target_in)), client(std::move(options)), sink(std::move(sink_in)) {}
    void run(std::string path, bool follow);
    void wait_for_reader();
    void cancel();
    const NodeTarget target;
    net::http::Client client;
    const std::shared_ptr<ByteSink> sink;
    std::mutex mutex;
    std::condition_variable wake;
    std::atomic<bool> cancelled{false};
    std::atomic<bool> done{false};
    std::thread thread;
  };
  void watch();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<std::shared_ptr<Fetch>> fetches_;  // GUARDED_BY(mutex_)
  bool stopping_ = false;                      // GUARDED_BY(mutex_)
  std::thread thread_;                         // last: starts when all else is there
};

// GET /containerLogs/NS/POD/CONTAINER?follow=…
std::string kubelet_log_path(const std::string& ns, const std::string& pod, const LogOptions& options);

}  // namespace appliance::orchestrator::client
