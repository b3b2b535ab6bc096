// PodWorker: images and the lives of containers.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "orchestrator/kubelet/container_config.h"
#include "orchestrator/kubelet/image_auth.h"
#include "orchestrator/kubelet/log_reader.h"
#include "orchestrator/kubelet/pod_worker.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::Mount;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kImageBackoffMaxSeconds = 300;
constexpr int64_t kErrorBackoffMaxSeconds = 60;  // of create and start errors; a changed ConfigMap retries at once
constexpr auto kAfterPreStopMin = seconds(2);    // SIGTERM is heard at least this long (Kubernetes)

std::string seconds_text(base::Nanos took) {
  const auto ms = std::chrono::duration_cast<milliseconds>(took).count();
  if (ms < 1000) return std::to_string(ms) + "ms";
  std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
  return std::to_string(ms / 1000) + '.' + fraction + 's';
}

// The image that the binary makes out of itself; a stranger's of that name does not carry its title.
bool is_own_image(const runtime::image::Reference& reference, const runtime::image::Image& image) {
  const auto title = image.config.labels.find("org.opencontainers.image.title");
  return reference.name() == "docker.io/appliance/demo" && title != image.config.labels.end() &&
         title->second == "appliance/demo";
}

}  // namespace

PodWorker::Outcome PodWorker::ensure_image(Frame& f, const Action& action) {
  const auto* c = f.spec.find(action.container);
  if (c == nullptr) return Outcome::kNothing;
  const auto reference = runtime::image::parse_reference(c->image);
  if (!reference) {
    image_failed(f.pod, *c, action.attempt, "InvalidImageName",
                 "Failed to apply default image tag \"" + c->image + "\": couldn't parse image name \"" + c->image +
                     "\": " + reference.error().message);
    d_.events.warning(about(f.spec, c), "InspectFailed", "Failed to apply default image tag \"" + c->image + "\"");
    d_.events.warning(about(f.spec, c), "Failed", "Error: InvalidImageName");
    return Outcome::kNothing;
  }
  const auto present = d_.runtime.images().find(reference->string());
  // An image that was made here has no registry to be fresher than it (no repoDigests, or the binary's own): Always
  // means it too, so that `kubectl run x --image=appliance/demo` works offline.
  const bool local = present && (present->repo_digests.empty() || is_own_image(*reference, *present));
  if (present && (c->pull_policy != "Always" || local)) {
    d_.events.normal(about(f.spec, c), "Pulled", "Container image \"" + c->image + "\" already present on machine");
    const std::lock_guard lock(f.pod.mutex);
    auto& memo = f.pod.memos[c->name];
    memo.image = {.state = ImageView::State::kPresent, .attempt = action.attempt, .id = present->id};
    memo.image_backoff_seconds = 0;
    return Outcome::kProgress;
  }
  if (c->pull_policy == "Never") {
    image_failed(f.pod, *c, action.attempt, "ErrImageNeverPull",
                 "Container image \"" + c->image + "\" is not present with pull policy of Never");
    d_.events.warning(about(f.spec, c), "ErrImageNeverPull",
                      "Container image \"" + c->image + "\" is not present with pull policy of Never");
    d_.events.warning(about(f.spec, c), "Failed", "Error: ErrImageNeverPull");
    return Outcome::kNothing;
  }
  pull(f, *c, action.attempt, *reference);
  return Outcome::kNothing;
}

void PodWorker::image_failed(PodState& pod, const ContainerSpec& c, uint32_t attempt, std::string reason,
                             std::string message) {
  metrics_.errors.add();
  const auto now = d_.clock.now();
  {
    const std::lock_guard lock(pod.mutex);
    auto& memo = pod.memos[c.name];
    memo.image_backoff_seconds =
        std::clamp<int64_t>(memo.image_backoff_seconds * 2, kBackoffInitialSeconds, kImageBackoffMaxSeconds);
    memo.image_failed_at = now;
    memo.image = {.state = ImageView::State::kFailed,
                  .attempt = attempt,
                  .id = {},
                  .reason = std::move(reason),
                  .message = std::move(message),
                  .retry_at = now + seconds(memo.image_backoff_seconds)};
  }
  d_.queue.add(pod.uid);
  d_.queue.add_at(pod.uid, d_.clock.monotonic() + milliseconds(1050));  // ErrImagePull becomes ImagePullBackOff
}

void PodWorker::pull(Frame& f, const ContainerSpec& c, uint32_t attempt, const runtime::image::Reference& reference) {
  runtime::image::PullOptions options;
  for (const auto& entry : json::array_at(*f.spec.document, {"spec", "imagePullSecrets"})) {
    const auto secret = d_.reader.get("secrets", f.spec.ns, std::string(json::string_at(entry, {"name"})));
    if (!secret) continue;  // as Kubernetes: a missing one is tried without
    for (auto& auth : auths_for(*secret, reference)) options.auths.push_back(std::move(auth));
  }
  {
    const std::lock_guard lock(f.pod.mutex);
    f.pod.memos[c.name].image = {.state = ImageView::State::kPulling, .attempt = attempt};
  }
  const EventObject object = about(f.spec, &c);
  d_.events.normal(object, "Pulling", "Pulling image \"" + c.image + "\"");
  auto task = [this, shared = f.shared, c, attempt, object, options = std::move(options), name = reference.string(),
               asked = d_.clock.monotonic()] {
    const auto began = d_.clock.monotonic();
    const auto image = d_.runtime.images().pull(name, options);
    const auto now = d_.clock.monotonic();
    if (!image) {
      d_.events.warning(object, "Failed", "Failed to pull image \"" + c.image + "\": " + image.error().message);
      d_.events.warning(object, "Failed", "Error: ErrImagePull");
      image_failed(*shared, c, attempt, "ErrImagePull", image.error().message);
      return;
    }
    d_.events.normal(object, "Pulled",
                     "Successfully pulled image \"" + c.image + "\" in " + seconds_text(now - began) + " (" +
                         seconds_text(now - asked) +
                         " including waiting). Image size: " + std::to_string(image->size_bytes) + " bytes.");
    {
      const std::lock_guard lock(shared->mutex);
      auto& memo = shared->memos[c.name];
      memo.image = {.state = ImageView::State::kPresent, .attempt = attempt, .id = image->id};
      memo.image_backoff_seconds = 0;
    }
    d_.queue.add(shared->uid);
  };
  if (!d_.pulls.post(std::move(task)))
    image_failed(f.pod, c, attempt, "ErrImagePull", "too many image pulls are waiting on this node");
}

void PodWorker::container_failed(Frame& f, const ContainerSpec& c, std::string reason, std::string message) {
  metrics_.errors.add();
  d_.events.warning(about(f.spec, &c), "Failed", "Error: " + message);
  const std::lock_guard lock(f.pod.mutex);
  auto& memo = f.pod.memos[c.name];
  memo.error_reason = std::move(reason);
  memo.error_message = std::move(message);
  memo.error_backoff_seconds = std::clamp<int64_t>(memo.error_backoff_seconds * 2, 1, kErrorBackoffMaxSeconds);
  memo.error_retry_at = d_.clock.now() + seconds(memo.error_backoff_seconds);
  wake_at(f, memo.error_retry_at);
}

Result<std::vector<Mount>> PodWorker::mounts_of(Frame& f, const ContainerSpec& c, uint32_t attempt) {
  std::vector<Mount> out;
  const json::Value raw(*c.raw);
  size_t index = 0;
  const std::map<std::string, std::string> none;
  for (const auto& entry : json::array_at(raw, {"volumeMounts"})) {
    const std::string volume(json::string_at(entry, {"name"}));
    Mount mount;
    mount.host_path = TRY(volume_host_path(f.dir, f.spec, volume));
    mount.container_path = json::string_at(entry, {"mountPath"});
    mount.readonly = json::bool_at(entry, {"readOnly"});
    const auto recursive = json::string_at(entry, {"recursiveReadOnly"});
    mount.recursive_readonly = recursive == "Enabled" || recursive == "IfPossible";
    const auto propagation = json::string_at(entry, {"mountPropagation"});
    if (propagation == "HostToContainer") mount.propagation = Mount::Propagation::kHostToContainer;
    if (propagation == "Bidirectional") mount.propagation = Mount::Propagation::kBidirectional;
    const std::string sub_path(json::string_at(entry, {"subPath"}));
    if (!sub_path.empty())
      mount.host_path = TRY(bind_subpath(f.dir, mount.host_path, volume, c.name, index, sub_path));
    else if (mount.host_path.starts_with('/') && ::access(mount.host_path.c_str(), F_OK) != 0)
      TRY(base::make_dirs(mount.host_path, 0755));  // hostPath without a type: as container runtimes do
    ++index;
    out.push_back(std::move(mount));
  }
  const auto has = [&](std::string_view path) {
    return std::any_of(out.begin(), out.end(), [&](const auto& m) { return m.container_path == path; });
  };
  for (const auto* file : {"hosts", "resolv.conf", "hostname"})
    if (const std::string path = std::string("/etc/") + file; !has(path))
      out.push_back({.host_path = f.dir.etc(file), .container_path = path});
  if (!c.termination_path.empty() && !has(c.termination_path)) {
    const std::string file = f.dir.termination_log(c.name, attempt);
    TRY(base::make_dirs(file.substr(0, file.rfind('/')), 0755));
    TRY(base::write_file(file, "", 0666));
    (void)::chmod(file.c_str(), 0666);  // any user of the container may write it; the umask took that away
    out.push_back({.host_path = file, .container_path = c.termination_path});
  }
  return out;
}

Result<std::string> PodWorker::create(Frame& f, const ContainerSpec& c, const Action& action, std::string& reason) {
  std::string image_id;
  {
    const std::lock_guard lock(f.pod.mutex);
    image_id = f.pod.memos[c.name].image.id;
  }
  reason = "CreateContainerError";
  const auto image = TRY(d_.runtime.images().find(image_id));
  auto mounts = TRY(mounts_of(f, c, action.attempt));
  reason = "CreateContainerConfigError";
  const Lookup lookup = d_.reader.lookup(f.spec.ns);
  const DownwardFacts known = facts(f);
  const auto services = f.spec.service_links ? d_.reader.services(f.spec.ns) : std::vector<ServiceView>{};
  std::optional<ServiceView> kubernetes;
  if (const auto service = d_.reader.get("services", "default", "kubernetes")) kubernetes = service_view(*service);
  const EnvInput env{.pod = f.spec,
                     .container = c,
                     .facts = known,
                     .lookup = lookup,
                     .services = services,
                     .kubernetes = kubernetes ? &*kubernetes : nullptr,
                     .image_env = image.config.env};
  const auto config = TRY(container_config({.pod = f.spec,
                                            .container = c,
                                            .attempt = action.attempt,
                                            .backoff_seconds = action.backoff_seconds,
                                            .image = image,
                                            .env = env,
                                            .mounts = std::move(mounts),
                                            .node_memory_bytes = d_.node.memory_bytes}));
  reason = "CreateContainerError";
  return d_.runtime.create_container(f.pod.sandboxes.front().id, config);
}

PodWorker::Outcome PodWorker::create_container(Frame& f, const Action& action) {
  const auto* c = f.spec.find(action.container);
  if (c == nullptr || f.pod.sandboxes.empty()) return Outcome::kNothing;
  std::string reason;
  const auto id = create(f, *c, action, reason);
  if (!id) {
    if (id.error().code == Code::kNotFound && reason == "CreateContainerError") {  // the image went meanwhile
      const std::lock_guard lock(f.pod.mutex);
      f.pod.memos[c->name].image = {};
    }
    container_failed(f, *c, reason, id.error().message);
    return Outcome::kNothing;
  }
  d_.events.normal(about(f.spec, c), "Created", "Created container: " + c->name);
  if (action.attempt >= 2) drop_logs(f, c->name, action.attempt - 2);  // the last two lives have logs
  const std::lock_guard lock(f.pod.mutex);
  auto& memo = f.pod.memos[c->name];
  memo.error_reason.clear();
  memo.error_message.clear();
  return Outcome::kProgress;
}

PodWorker::Outcome PodWorker::start_container(Frame& f, const Action& action) {
  const auto* c = f.spec.find(action.container);
  if (c == nullptr) return Outcome::kNothing;
  {
    const std::lock_guard lock(f.pod.mutex);
    auto& memo = f.pod.memos[c->name];
    memo.id = action.id;
    memo.hook_done = !c->post_start;
    memo.startup_passed = !c->startup;
    memo.readiness_passed = !c->readiness;
    memo.restart_wanted = false;
    memo.pre_stop_ran = false;
  }
  if (const auto started = d_.runtime.start_container(action.id); !started) {
    const auto status = d_.runtime.container_status(action.id);
    const bool ended = status && status->state == runtime::cri::ContainerState::kExited;
    container_failed(f, *c, ended ? "" : "RunContainerError", started.error().message);
    if (!ended) return Outcome::kNothing;
    const std::lock_guard lock(f.pod.mutex);  // the crash back-off has the word
    f.pod.memos[c->name].error_retry_at = {};
    return Outcome::kProgress;
  }
  metrics_.containers_started.add();
  d_.events.normal(about(f.spec, c), "Started", "Started container " + c->name);
  link_log(f, *c, action.id, action.attempt);
  {
    const std::lock_guard lock(f.pod.mutex);
    auto& memo = f.pod.memos[c->name];
    memo.error_reason.clear();
    memo.error_backoff_seconds = 0;
  }
  if (!c->post_start) return Outcome::kProgress;
  const std::string ip = f.spec.host_network ? d_.options.node_ip : f.pod.pod_ip;
  (void)d_.slow.post([this, shared = f.shared, c = *c, id = action.id, ip, object = about(f.spec, c)] {
    const auto result = run_handler(c.post_start, d_.runtime, id, ip, seconds(600));
    if (!result.success) d_.events.warning(object, "FailedPostStartHook", "PostStartHook failed: " + result.output);
    {
      const std::lock_guard lock(shared->mutex);
      auto& memo = shared->memos[c.name];
      if (memo.id != id) return;
      memo.hook_done = result.success;
      memo.restart_wanted = !result.success;
      memo.restart_message = "FailedPostStartHook";
    }
    d_.queue.add(shared->uid);
  });
  return Outcome::kProgress;
}

PodWorker::Outcome PodWorker::stop_container(Frame& f, const Action& action) {
  const auto* c = f.spec.find(action.container);
  bool hook = c != nullptr && static_cast<bool>(c->pre_stop);
  {
    const std::lock_guard lock(f.pod.mutex);
    auto& memo = f.pod.memos[action.container];
    if (memo.stopping_id != action.id)
      d_.events.normal(about(f.spec, c), "Killing",
                       action.message.empty() ? "Stopping container " + action.container : action.message);
    hook = hook && !memo.pre_stop_ran;
    memo.pre_stop_ran = true;
    memo.stopping_id = action.id;
    memo.stop_deadline = action.deadline;
  }
  const std::string ip = f.spec.host_network ? d_.options.node_ip : f.pod.pod_ip;
  auto task = [this, shared = f.shared, action, hook, ip, handler = hook ? c->pre_stop : Handler{},
               object = about(f.spec, c)] {
    const auto left = [&] {
      return std::max(std::chrono::duration_cast<milliseconds>(action.deadline - d_.clock.now()), milliseconds(0));
    };
    auto grace = left();
    if (hook && grace > milliseconds(0)) {
      const auto result = run_handler(handler, d_.runtime, action.id, ip, grace);
      if (!result.success) d_.events.warning(object, "FailedPreStopHook", "PreStopHook failed: " + result.output);
      grace = std::max<milliseconds>(left(), kAfterPreStopMin);
    }
    const auto stopped = d_.runtime.stop_container(action.id, grace);
    if (!stopped && stopped.error().code != Code::kNotFound) {
      d_.log.warn("container not stopped, trying again", {{"container", action.id}, {"error", stopped.error()}});
      metrics_.errors.add();
    }
    {
      const std::lock_guard lock(shared->mutex);
      auto& memo = shared->memos[action.container];
      if (memo.stopping_id == action.id) memo.stopping_id.clear();
    }
    if (stopped)
      d_.queue.add(shared->uid);
    else
      d_.queue.add_at(shared->uid, d_.clock.monotonic() + seconds(1));
  };
  if (!d_.slow.post(std::move(task))) {
    const std::lock_guard lock(f.pod.mutex);
    f.pod.memos[action.container].stopping_id.clear();
    wake_at(f, d_.clock.now() + seconds(1));
  }
  return Outcome::kNothing;
}

void PodWorker::link_log(const Frame& f, const ContainerSpec& c, const std::string& id, uint32_t attempt) {
  if (d_.options.container_log_links.empty()) return;
  (void)base::make_dirs(d_.options.container_log_links, 0755);
  const std::string target =
      pod_log_dir(d_.options.pod_log_root, f.spec.ns, f.spec.name, f.spec.uid) + '/' + log_path(c.name, attempt);
  const std::string link =
      d_.options.container_log_links + '/' + f.spec.name + '_' + f.spec.ns + '_' + c.name + '-' + id + ".log";
  (void)::symlink(target.c_str(), link.c_str());  // a convenience for log collectors: nothing here depends on it
}

void PodWorker::unlink_logs(const Frame& f, std::string_view inside) {
  if (d_.options.container_log_links.empty() || f.spec.name.empty()) return;
  const auto names = base::make_real_fs()->list(d_.options.container_log_links);
  if (!names) return;
  const std::string prefix = f.spec.name + '_' + f.spec.ns + '_';
  for (const auto& name : *names) {
    if (!name.starts_with(prefix)) continue;
    const std::string link = d_.options.container_log_links + '/' + name;
    char target[4096];
    const auto n = ::readlink(link.c_str(), target, sizeof target);
    if (n > 0 && std::string_view(target, static_cast<size_t>(n)).starts_with(inside)) (void)::unlink(link.c_str());
  }
}

// Of a life that nobody can ask for any more: a container that crashes for days must not fill the disk.
void PodWorker::drop_logs(const Frame& f, const std::string& container, uint32_t attempt) {
  const std::string path =
      pod_log_dir(d_.options.pod_log_root, f.spec.ns, f.spec.name, f.spec.uid) + '/' + log_path(container, attempt);
  for (const auto& file : log_files(path)) (void)::unlink(file.c_str());
  (void)::unlink(f.dir.termination_log(container, attempt).c_str());
  unlink_logs(f, path);
}

}  // namespace appliance::orchestrator::kubelet
