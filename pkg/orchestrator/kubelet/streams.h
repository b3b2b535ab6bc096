// NodeStreams of this node: logs from the files, exec through the runtime. Each running stream has a thread of an
// elastic pool; there are at most kStreamsMax.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/elastic_pool.h"
#include "base/log.h"
#include "orchestrator/client/node_streams.h"
#include "orchestrator/kubelet/kubelet.h"
#include "orchestrator/kubelet/pod_state.h"

namespace appliance::orchestrator::kubelet {

inline constexpr size_t kStreamsMax = 256;  // threads that follow logs or carry an exec
inline constexpr size_t kStdinQueueBytesMax = 4U
                                              << 20U;  // a client that sends faster than the process reads is cut off

class Streams final : public client::NodeStreams {
 public:
  // `find` gives the pod of that name on this node, or null.
  using Find = std::function<std::shared_ptr<PodState>(const std::string& ns, const std::string& name)>;
  Streams(const Options& options, runtime::cri::Runtime& runtime, Find find, base::Log log)
      : options_(options), runtime_(runtime), find_(std::move(find)), log_(std::move(log)) {}
  ~Streams() override { stop(); }
  void stop();  // ends all streams, returns when none runs

  Result<> logs(const std::string& ns, const std::string& pod, const client::LogOptions& options,
                std::shared_ptr<client::ByteSink> sink) override;
  Result<std::shared_ptr<client::ExecSession>> exec(const client::ExecRequest& request,
                                                    std::shared_ptr<client::ExecPeer> peer) override;

 private:
  const Options& options_;
  runtime::cri::Runtime& runtime_;
  const Find find_;
  const base::Log log_;
  // Runs `task` on a thread at once; kResourceExhausted when kStreamsMax run.
  Result<> run(base::Task task);
  std::atomic<bool> stopping_{false};
  std::atomic<size_t> active_{0};
  base::ElasticPool pool_{{.name = "kubelet-strm", .threads_max = kStreamsMax, .queue_max = kStreamsMax}};
};

}  // namespace appliance::orchestrator::kubelet
