#include "orchestrator/client/remote_streams.h"

#include <mutex>
#include <vector>

#include "orchestrator/client/node_target.h"
#include "orchestrator/client/remote_exec.h"
#include "orchestrator/client/remote_logs.h"

namespace appliance::orchestrator::client {
namespace {

class StreamRouter final : public NodeStreams {
 public:
  StreamRouter(StreamRouterOptions options, InformerSource& informers, net::Loop& loop)
      : options_(std::move(options)),
        pods_(informers.informer("pods")),
        nodes_(informers.informer("nodes")),
        loop_(loop) {}
  ~StreamRouter() override {
    std::vector<std::weak_ptr<RemoteExec>> all;
    {
      const std::lock_guard lock(mutex_);
      all.swap(execs_);
    }
    for (const auto& weak : all)
      if (const auto exec = weak.lock()) exec->drop();
    logs_.stop();
  }

  Result<> logs(const std::string& ns, const std::string& pod, const LogOptions& options,
                std::shared_ptr<ByteSink> sink) override {
    const std::string node = TRY(node_of(ns, pod));
    if (node == options_.local_node) return TRY(local()).get().logs(ns, pod, options, std::move(sink));
    return logs_.start(TRY(target(node)), ns, pod, options, std::move(sink));
  }

  Result<std::shared_ptr<ExecSession>> exec(const ExecRequest& request, std::shared_ptr<ExecPeer> peer) override {
    const std::string node = TRY(node_of(request.ns, request.pod));
    if (node == options_.local_node) return TRY(local()).get().exec(request, std::move(peer));
    auto exec = std::make_shared<RemoteExec>(loop_, TRY(target(node)), std::move(peer));
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(execs_, [](const auto& weak) { return weak.expired(); });
      execs_.push_back(exec);
    }
    exec->start(request);
    return make_remote_session(std::move(exec));
  }

 private:
  Result<std::reference_wrapper<NodeStreams>> local() const {
    if (options_.local == nullptr) return fail(unreachable(options_.local_node, "no kubelet runs here"));
    return std::ref(*options_.local);
  }
  Result<std::string> node_of(const std::string& ns, const std::string& pod) const {
    const ObjectPtr object = pods_.get({ns, pod});
    if (!object) return fail(Code::kNotFound, "pods \"" + pod + "\" not found");
    const std::string& node = object->pod().node;
    if (node.empty()) return fail(Code::kInvalidArgument, "pod " + pod + " does not have a host assigned");
    return node;
  }
  Result<NodeTarget> target(const std::string& node) const {
    return node_target(node, nodes_.get({"", node}), options_.credentials);
  }

  const StreamRouterOptions options_;
  const Informer& pods_;
  const Informer& nodes_;
  net::Loop& loop_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<RemoteExec>> execs_;  // GUARDED_BY(mutex_)
  RemoteLogs logs_;
};

}  // namespace

std::unique_ptr<NodeStreams> make_stream_router(StreamRouterOptions options, InformerSource& informers,
                                                net::Loop& loop) {
  return std::make_unique<StreamRouter>(std::move(options), informers, loop);
}

}  // namespace appliance::orchestrator::client
