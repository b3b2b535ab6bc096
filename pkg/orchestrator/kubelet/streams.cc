#include "orchestrator/kubelet/streams.h"

#include <unistd.h>

#include "base/strings.h"
#include "orchestrator/kubelet/container_config.h"
#include "orchestrator/kubelet/exec_session.h"
#include "orchestrator/kubelet/log_reader.h"
#include "orchestrator/kubelet/spec.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::ContainerState;

struct Snapshot {
  client::ObjectPtr object;
  std::map<std::string, ContainerLife> lives;
};

Snapshot snapshot(PodState& pod) {
  const std::lock_guard lock(pod.mutex);
  return {pod.object, pod.lives};
}

// The container that is meant: named, or the only one. Texts of the API server.
Result<std::string> choose(const json::Value& document, const std::string& asked) {
  std::vector<std::string> names;
  std::vector<std::string> all;
  for (const auto& c : json::array_at(document, {"spec", "containers"}))
    names.emplace_back(json::string_at(c, {"name"}));
  all = names;
  for (const auto& c : json::array_at(document, {"spec", "initContainers"}))
    all.emplace_back(json::string_at(c, {"name"}));
  const std::string pod(json::string_at(document, {"metadata", "name"}));
  if (asked.empty()) {
    if (names.size() == 1) return names.front();
    return fail(Code::kInvalidArgument, "a container name must be specified for pod " + pod + ", choose one of: [" +
                                            base::join(names, " ") + "]");
  }
  for (const auto& name : all)
    if (name == asked) return asked;
  return fail(Code::kInvalidArgument, "container " + asked + " is not valid for pod " + pod);
}

const json::Value* container_status(const json::Value& document, const std::string& container) {
  for (const auto* list : {"containerStatuses", "initContainerStatuses"})
    for (const auto& entry : json::array_at(document, {"status", list}))
      if (json::string_at(entry, {"name"}) == container) return &entry;
  return nullptr;
}

Error waiting_error(const std::string& pod, const std::string& container, const json::Value* status) {
  std::string_view reason =
      status == nullptr ? std::string_view() : json::string_at(*status, {"state", "waiting", "reason"});
  if (reason.empty()) reason = "ContainerCreating";
  std::string why(reason);
  if (reason == "ErrImagePull") why = "image can't be pulled";
  if (reason == "ImagePullBackOff") why = "trying and failing to pull image";
  return {.code = Code::kInvalidArgument,
          .message = "container \"" + container + "\" in pod \"" + pod + "\" is waiting to start: " + why,
          .errno_value = 0,
          .hint = {}};
}

}  // namespace

void Streams::stop() {
  stopping_ = true;
  pool_.stop();
}

Result<> Streams::run(base::Task task) {
  if (stopping_) return fail(Code::kUnavailable, "the kubelet is stopping");
  if (active_.fetch_add(1) >= kStreamsMax) {
    --active_;
    return fail(Code::kResourceExhausted, "too many streams are open on this node");
  }
  if (pool_.post([this, task = std::move(task)]() mutable {
        task();
        --active_;
      }))
    return {};
  --active_;
  return fail(Code::kUnavailable, "the kubelet is stopping");
}

Result<> Streams::logs(const std::string& ns, const std::string& pod, const client::LogOptions& options,
                       std::shared_ptr<client::ByteSink> sink) {
  const auto state = find_(ns, pod);
  if (!state) return fail(Code::kNotFound, "pod '" + pod + "' not found on this node");
  const auto seen = snapshot(*state);
  if (!seen.object) return fail(Code::kNotFound, "pod '" + pod + "' not found on this node");
  const auto document = TRY(json::parse(*seen.object->bytes));
  const std::string container = TRY(choose(document, options.container));
  const auto* status = container_status(document, container);
  const std::string dir = pod_log_dir(options_.pod_log_root, ns, pod, state->uid) + '/';

  // The newest life: from the runtime, or as the status remembers it when the sandbox was given back.
  std::optional<uint32_t> attempt;
  bool running = false;
  bool ended = false;
  std::string id;
  if (const auto life = seen.lives.find(container); life != seen.lives.end()) {
    if (life->second.state != ContainerState::kCreated) attempt = life->second.attempt;
    running = life->second.state == ContainerState::kRunning;
    ended = life->second.state == ContainerState::kExited;
    id = life->second.id;
    if (!attempt && life->second.attempt > 0) {
      attempt = life->second.attempt - 1;
      ended = true;
    }
  } else if (status != nullptr && !json::string_at(*status, {"containerID"}).empty()) {
    attempt = static_cast<uint32_t>(json::int_at(*status, {"restartCount"}));
    ended = true;
  }
  if (options.previous) {
    // While the newest waits to run again it is the previous one (as its lastState says).
    const bool waits = ended && status != nullptr && json::find(*status, {"state", "waiting"}) != nullptr;
    if (!waits) attempt = attempt && *attempt > 0 ? std::optional(*attempt - 1) : std::nullopt;
    if (!attempt || ::access((dir + log_path(container, *attempt)).c_str(), F_OK) != 0)
      return fail(Code::kInvalidArgument,
                  "previous terminated container \"" + container + "\" in pod \"" + pod + "\" not found");
    running = false;
  } else if (!attempt) {
    return fail(waiting_error(pod, container, status));
  }
  const std::string path = dir + log_path(container, *attempt);
  // A follower's log ends with this life of the container.
  auto live = [this, id, running] {
    if (!running || stopping_) return false;
    const auto now = runtime_.container_status(id);
    return now && now->state == ContainerState::kRunning;
  };
  return run([this, path, live = std::move(live), options, sink = std::move(sink)] {
    if (options.follow) sink->begin();
    const auto done = read_log({.path = path, .live = live, .stop = &stopping_}, options, *sink);
    sink->finish(done ? std::nullopt : std::optional(done.error()));
  });
}

Result<std::shared_ptr<client::ExecSession>> Streams::exec(const client::ExecRequest& request,
                                                           std::shared_ptr<client::ExecPeer> peer) {
  if (request.attach) return fail(Code::kUnimplemented, "attach is not supported yet");
  const auto state = find_(request.ns, request.pod);
  if (!state) return fail(Code::kNotFound, "pod '" + request.pod + "' not found on this node");
  const auto seen = snapshot(*state);
  if (!seen.object) return fail(Code::kNotFound, "pod '" + request.pod + "' not found on this node");
  const auto document = TRY(json::parse(*seen.object->bytes));
  const std::string container = TRY(choose(document, request.container));
  const auto life = seen.lives.find(container);
  if (life == seen.lives.end() || life->second.state != ContainerState::kRunning)
    return fail(Code::kFailedPrecondition, "unable to upgrade connection: container not found (\"" + container + "\")");
  if (request.command.empty()) return fail(Code::kInvalidArgument, "you must specify at least 1 command");
  runtime::cri::ExecOptions options;
  options.command = request.command;
  options.tty = request.tty;
  options.stdin_open = request.stdin_open;
  auto input = TRY(make_exec_input());
  auto process = TRY(runtime_.exec(life->second.id, options));
  auto session = std::make_shared<PumpedSession>(input, runtime_, process.id);
  auto shared = std::make_shared<runtime::cri::ExecProcess>(std::move(process));
  TRY(run([this, shared, input, peer = std::move(peer)] {
    pump_exec(std::move(*shared), input, *peer, runtime_, stopping_);
  }));
  return session;
}

}  // namespace appliance::orchestrator::kubelet
