// Opening the runtime: every pod under <run-dir>/pods is found again. And the thread that hears the supervisors.
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/executor.h"
#include "base/fs.h"
#include "runtime/cri/real_runtime.h"
#include "runtime/stage/embedded.h"

namespace appliance::runtime::cri {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kAskDeadline{10'000};
constexpr size_t kJournalBytesMax = 64U << 20U;  // 120,000 starts and ends of one pod

// The last state of each container, from the journal of a supervisor that may be gone. A torn end is ignored.
std::map<std::string, stage::Reply> read_journal(const std::string& path) {
  std::map<std::string, stage::Reply> out;
  const auto bytes = base::read_file(path, kJournalBytesMax);
  if (!bytes) return out;
  for (size_t at = 0; at + sizeof(stage::Reply) <= bytes->size(); at += sizeof(stage::Reply)) {
    stage::Reply record;
    std::copy_n(bytes->data() + at, sizeof record, reinterpret_cast<char*>(&record));
    if (record.magic != stage::kWireMagic) break;
    record.id[sizeof record.id - 1] = '\0';
    record.text[sizeof record.text - 1] = '\0';
    out[record.id] = record;
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Runtime>> open_runtime(RuntimeOptions options, std::unique_ptr<image::ImageStore> images) {
  return RealRuntime::open(std::move(options), std::move(images));
}

Result<std::unique_ptr<Runtime>> RealRuntime::open(RuntimeOptions options, std::unique_ptr<image::ImageStore> images) {
  if (geteuid() != 0) return fail(Code::kPermissionDenied, "containers need root");
  auto groups = TRY(cgroup::Hierarchies::detect());
  auto stage = TRY(stage::stage_memfd());
  TRY(base::make_dirs(options.run_dir + "/pods", 0700));
  TRY(base::make_dirs(options.data_dir + "/containers", 0700));
  std::unique_ptr<RealRuntime> out(
      new RealRuntime(std::move(options), std::move(images), std::move(groups), std::move(stage)));
  out->epoll_ = base::Fd(epoll_create1(EPOLL_CLOEXEC));
  out->stop_ = base::Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!out->epoll_ || !out->stop_) return fail_errno("epoll");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = out->stop_.get();
  if (epoll_ctl(out->epoll_.get(), EPOLL_CTL_ADD, out->stop_.get(), &event) != 0) return fail_errno("epoll_ctl");
  TRY(out->recover());
  out->watcher_ = std::thread([runtime = out.get()] { runtime->run_watch(); });
  return out;
}

RealRuntime::~RealRuntime() {
  const uint64_t one = 1;
  (void)!write(stop_.get(), &one, sizeof one);
  if (watcher_.joinable()) watcher_.join();
}

void RealRuntime::on_event(EventCallback callback) {
  const std::scoped_lock lock(mutex_);
  callback_ = std::move(callback);
}

void RealRuntime::notify(const std::string& pod_id) {
  EventCallback callback;
  {
    const std::scoped_lock lock(mutex_);
    callback = callback_;
  }
  if (callback) callback(pod_id);
}

Result<> RealRuntime::recover() {
  auto fs = base::make_real_fs();
  for (const auto& id : TRY(fs->list(options_.run_dir + "/pods"))) {
    if (auto done = recover_pod(id); !done) {
      options_.log.warn("the folder of a pod is unusable and is removed", {{"sandbox", id}, {"error", done.error()}});
      Pod pod;
      pod.status.id = id;
      pod.record.config.cgroup_parent = options_.cgroup_parent;
      tear_down(id, pod);
    }
  }
  std::vector<std::string> live;
  for (const auto& [id, entry] : containers_) live.push_back(id);
  images_->reconcile(live);
  for (const auto& name : TRY(fs->list(options_.data_dir + "/containers"))) {
    if (containers_.contains(name)) continue;
    if (auto removed = base::remove_tree(container_dir(name)); !removed) {
      options_.log.warn("a writable layer is left behind", {{"container", name}, {"error", removed.error()}});
    }
  }
  return {};
}

Result<> RealRuntime::recover_pod(const std::string& id) {
  Pod pod;
  const std::string document = TRY(base::read_file(pod_dir(id) + "/sandbox.json"));
  pod.record = TRY(decode_sandbox(document));
  pod.status.id = id;
  pod.status.config = pod.record.config;
  pod.status.created = wall_time(pod.record.created_ns);
  if (!pod.record.config.host_network) pod.status.netns_path = netns_path(id);
  const auto hello = client(id).call(sandbox::make_request(stage::Verb::kHello), {}, kAskDeadline);
  if (hello) {
    pod.status.state = SandboxState::kReady;
    pod.status.supervisor_pid = hello->reply.pid;
  }
  pods_[id] = pod;
  std::vector<Entry> entries;
  auto fs = base::make_real_fs();
  for (const auto& name : TRY(fs->list(pod_dir(id) + "/c"))) {
    if (!name.ends_with(".json")) continue;
    const std::string text = TRY(base::read_file(pod_dir(id) + "/c/" + name));
    auto record = decode_container(text);
    if (!record) continue;  // a write that never finished: the container was never answered
    Entry entry;
    entry.record = *record;
    const auto& config = entry.record.config;
    auto& status = entry.status;
    status.id = name.substr(0, name.size() - 5);
    status.sandbox_id = id;
    status.name = config.name;
    status.attempt = config.attempt;
    status.state = ContainerState::kCreated;
    status.created = wall_time(entry.record.created_ns);
    status.image_id = config.image_id;
    status.labels = config.labels;
    status.annotations = config.annotations;
    status.log_path = pod.record.config.log_dir + '/' + config.log_path;
    if (!entry.record.failure.empty()) mark_failed(status, entry.record.failure, wall_time(entry.record.failed_ns));
    entries.push_back(std::move(entry));
  }
  std::ranges::sort(entries, {}, [](const Entry& entry) { return entry.record.created_ns; });
  for (auto& entry : entries) {
    entry.number = next_number_++;
    containers_[entry.status.id] = entry;
    // The image store must know who uses which layers before it is told who is alive.
    (void)images_->acquire_layers(entry.record.config.image_id, entry.status.id);
  }
  for (const auto& [container_id, state] : read_journal(pod_dir(id) + "/journal")) apply_state(state);
  if (!hello) {
    supervisor_gone(id);
    return {};
  }
  return watch(id);
}

// Connects the watch thread to a supervisor. The states that come first are the list, those after it the changes.
Result<> RealRuntime::watch(const std::string& pod_id) {
  auto socket = std::make_shared<base::Fd>(TRY(client(pod_id).send(sandbox::make_request(stage::Verb::kWatch), {})));
  {
    const std::scoped_lock lock(mutex_);
    const auto it = pods_.find(pod_id);
    if (it == pods_.end()) return fail(Code::kNotFound, "no such sandbox: " + pod_id);
    it->second.watch = socket;
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket->get();
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket->get(), &event) != 0) return fail_errno("epoll_ctl");
  return {};
}

void RealRuntime::run_watch() {
  base::set_thread_name("pod-watch");
  for (;;) {
    epoll_event event{};
    const int n = epoll_wait(epoll_.get(), &event, 1, -1);
    if (n <= 0) continue;
    if (event.data.fd == stop_.get()) return;
    std::string pod_id;
    std::shared_ptr<base::Fd> socket;
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& [id, pod] : pods_) {
        if (pod.watch == nullptr || pod.watch->get() != event.data.fd) continue;
        pod_id = id;
        socket = pod.watch;
        break;
      }
    }
    if (socket == nullptr) {  // its pod is gone; the last holder closes it, which also takes it out of the set
      (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, event.data.fd, nullptr);
      continue;
    }
    auto message = sandbox::receive(socket->get(), milliseconds(0));
    if (message) {
      if (message->reply.kind != static_cast<uint16_t>(stage::ReplyKind::kState)) continue;
      apply_state(message->reply);
      notify(pod_id);
      continue;
    }
    if (message.error().code == Code::kDeadlineExceeded) continue;
    (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket->get(), nullptr);
    // We may only have been too slow for it: ask again before anything is declared dead.
    if (client(pod_id).call(sandbox::make_request(stage::Verb::kHello), {}, kAskDeadline) && watch(pod_id)) continue;
    for (const auto& [id, state] : read_journal(pod_dir(pod_id) + "/journal")) apply_state(state);
    supervisor_gone(pod_id);
    notify(pod_id);
  }
}

void RealRuntime::apply_state(const stage::Reply& state) {
  const std::scoped_lock lock(mutex_);
  const auto it = containers_.find(state.id);
  if (it == containers_.end()) return;
  auto& status = it->second.status;
  status.started = wall_time(state.started_ns);
  if ((state.flags & stage::kExited) != 0) {
    status.state = ContainerState::kExited;
    status.pid = 0;
    status.finished = wall_time(state.finished_ns);
    status.exit_code = state.exit_code;
    status.signal = state.signal;
    status.reason = (state.flags & stage::kOomKilled) != 0 ? "OOMKilled" : state.exit_code == 0 ? "Completed" : "Error";
  } else if ((state.flags & stage::kRunning) != 0 && status.state != ContainerState::kExited) {
    status.state = ContainerState::kRunning;
    status.pid = state.pid;
  }
  changed_.notify_all();
}

// No supervisor: nobody will ever know how what still runs ends. It is killed, and reported with 255.
void RealRuntime::supervisor_gone(const std::string& pod_id) {
  std::vector<std::string> groups;
  {
    const std::scoped_lock lock(mutex_);
    const auto pod = pods_.find(pod_id);
    if (pod == pods_.end()) return;
    pod->second.status.state = SandboxState::kNotReady;
    pod->second.status.supervisor_pid = 0;
    pod->second.watch.reset();
    for (auto& [id, entry] : containers_) {
      auto& status = entry.status;
      if (status.sandbox_id != pod_id || status.state != ContainerState::kRunning) continue;
      groups.push_back(entry.record.group);
      status.state = ContainerState::kExited;
      status.pid = 0;
      status.exit_code = 255;
      status.reason = "Error";
      status.message = "the pod's supervisor died";
      status.finished = options_.clock->now();
    }
  }
  for (const auto& group : groups) {
    if (auto killed = groups_.kill(group); !killed) {
      options_.log.error("processes of a dead pod cannot be killed", {{"sandbox", pod_id}, {"error", killed.error()}});
    }
  }
  changed_.notify_all();
}

}  // namespace appliance::runtime::cri
