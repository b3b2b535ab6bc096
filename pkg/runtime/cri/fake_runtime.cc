#include "runtime/cri/fake_runtime.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace appliance::runtime::cri {
namespace {

std::unexpected<Error> no_sandbox(const std::string& id) { return fail(Code::kNotFound, "no such sandbox: " + id); }
std::unexpected<Error> no_container(const std::string& id) { return fail(Code::kNotFound, "no such container: " + id); }

Result<base::Fd> pipe_with(const std::string& text) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe");
  base::Fd read_end(ends[0]);
  const base::Fd write_end(ends[1]);
  if (text.size() > kExecSyncBytesMax || write(write_end.get(), text.data(), text.size()) < 0)
    return fail_errno("write");
  return read_end;
}

}  // namespace

FakeRuntime::FakeRuntime(const base::Clock& clock, std::unique_ptr<image::ImageStore> images)
    : clock_(clock), images_(std::move(images)) {}
FakeRuntime::~FakeRuntime() = default;

Result<> FakeRuntime::enter(const std::string& call, const std::string& what) {
  const std::scoped_lock lock(mutex_);
  calls_.push_back(call + ' ' + what);
  if (const auto it = failures_.find(call); it != failures_.end()) {
    Error error = it->second;
    failures_.erase(it);
    return fail(std::move(error));
  }
  return {};
}

void FakeRuntime::notify(const std::string& sandbox_id) {
  if (callback_) callback_(sandbox_id);
}

// Caller holds the lock.
void FakeRuntime::finish(Container& container, int code, const std::string& reason) {
  auto& status = container.status;
  status.state = ContainerState::kExited;
  status.exit_code = code;
  status.signal = code > 128 && code < 128 + 65 ? code - 128 : 0;
  status.reason = !reason.empty() ? reason : code == 0 ? "Completed" : "Error";
  status.finished = clock_.now();
  status.pid = 0;
}

void FakeRuntime::exit(const std::string& container_id, int code, std::string reason) {
  std::string sandbox_id;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = containers_.find(container_id);
    if (it == containers_.end() || it->second.status.state != ContainerState::kRunning) return;
    finish(it->second, code, reason);
    sandbox_id = it->second.status.sandbox_id;
  }
  notify(sandbox_id);
}

void FakeRuntime::kill_supervisor(const std::string& sandbox_id) {
  {
    const std::scoped_lock lock(mutex_);
    const auto it = sandboxes_.find(sandbox_id);
    if (it == sandboxes_.end()) return;
    it->second.state = SandboxState::kNotReady;
    it->second.supervisor_pid = 0;
    for (auto& [id, container] : containers_) {
      if (container.status.sandbox_id == sandbox_id && container.status.state == ContainerState::kRunning) {
        finish(container, 255, "Error");
        container.status.message = "the pod's supervisor died";
      }
    }
  }
  notify(sandbox_id);
}

void FakeRuntime::script_exec(ExecScript script) {
  const std::scoped_lock lock(mutex_);
  exec_script_ = std::move(script);
}

void FakeRuntime::fail_next(const std::string& call, Error error) {
  const std::scoped_lock lock(mutex_);
  failures_.emplace(call, std::move(error));
}

void FakeRuntime::ignore_stop_signal(bool ignore) {
  const std::scoped_lock lock(mutex_);
  ignore_stop_signal_ = ignore;
}

std::vector<std::string> FakeRuntime::calls() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

std::string FakeRuntime::container_named(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const Container* newest = nullptr;
  for (const auto& [id, container] : containers_) {
    if (container.config.name == name && (newest == nullptr || container.number > newest->number)) newest = &container;
  }
  return newest == nullptr ? std::string() : newest->status.id;
}

ContainerConfig FakeRuntime::container_config(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto it = containers_.find(id);
  return it == containers_.end() ? ContainerConfig{} : it->second.config;
}

Result<std::string> FakeRuntime::run_sandbox(const SandboxConfig& config) {
  TRY(enter("run_sandbox", config.name));
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, sandbox] : sandboxes_) {
    if (sandbox.config.uid == config.uid && sandbox.config.attempt == config.attempt) {
      return fail(Code::kAlreadyExists, "sandbox of pod " + config.uid + " exists: " + id);
    }
  }
  SandboxStatus status;
  status.id = "sandbox-" + std::to_string(next_++);
  status.config = config;
  status.state = SandboxState::kReady;
  status.created = clock_.now();
  if (!config.host_network) status.netns_path = "/nonexistent/netns/" + status.id;
  status.supervisor_pid = 1'000'000 + static_cast<int>(next_);
  sandboxes_[status.id] = status;
  return status.id;
}

Result<> FakeRuntime::stop_sandbox(const std::string& id) {
  TRY(enter("stop_sandbox", id));
  {
    const std::scoped_lock lock(mutex_);
    const auto it = sandboxes_.find(id);
    if (it == sandboxes_.end()) return {};
    it->second.state = SandboxState::kNotReady;
    it->second.supervisor_pid = 0;
    for (auto& [container_id, container] : containers_) {
      if (container.status.sandbox_id == id && container.status.state == ContainerState::kRunning)
        finish(container, 137, {});
    }
  }
  notify(id);
  return {};
}

Result<> FakeRuntime::remove_sandbox(const std::string& id) {
  TRY(enter("remove_sandbox", id));
  const std::scoped_lock lock(mutex_);
  sandboxes_.erase(id);
  std::erase_if(containers_, [&](const auto& item) {
    if (item.second.status.sandbox_id != id) return false;
    images_->release_layers(item.first);
    return true;
  });
  return {};
}

Result<SandboxStatus> FakeRuntime::sandbox_status(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto it = sandboxes_.find(id);
  if (it == sandboxes_.end()) return no_sandbox(id);
  return it->second;
}

Result<std::vector<SandboxStatus>> FakeRuntime::list_sandboxes() {
  const std::scoped_lock lock(mutex_);
  std::vector<SandboxStatus> out;
  for (const auto& [id, sandbox] : sandboxes_) out.push_back(sandbox);
  return out;
}

Result<std::string> FakeRuntime::create_container(const std::string& sandbox_id, const ContainerConfig& config) {
  TRY(enter("create_container", config.name));
  const std::scoped_lock lock(mutex_);
  const auto it = sandboxes_.find(sandbox_id);
  if (it == sandboxes_.end()) return no_sandbox(sandbox_id);
  if (it->second.state != SandboxState::kReady)
    return fail(Code::kFailedPrecondition, "sandbox is not ready: " + sandbox_id);
  for (const auto& [id, other] : containers_) {
    if (other.status.sandbox_id == sandbox_id && other.config.name == config.name &&
        other.config.attempt == config.attempt) {
      return fail(Code::kAlreadyExists, "container " + config.name + " exists: " + id);
    }
  }
  Container container;
  container.number = next_++;
  container.config = config;
  auto& status = container.status;
  status.id = "container-" + std::to_string(container.number);
  TRY(images_->acquire_layers(config.image_id, status.id));
  status.sandbox_id = sandbox_id;
  status.name = config.name;
  status.attempt = config.attempt;
  status.state = ContainerState::kCreated;
  status.created = clock_.now();
  status.image_id = config.image_id;
  status.log_path = it->second.config.log_dir + '/' + config.log_path;
  status.labels = config.labels;
  status.annotations = config.annotations;
  const std::string id = status.id;
  containers_.emplace(id, std::move(container));
  return id;
}

Result<> FakeRuntime::start_container(const std::string& id) {
  auto entered = enter("start_container", id);
  std::string sandbox_id;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = containers_.find(id);
    if (it == containers_.end()) return no_container(id);
    auto& container = it->second;
    sandbox_id = container.status.sandbox_id;
    if (container.status.state != ContainerState::kCreated) {
      return fail(Code::kFailedPrecondition, "container was started before: " + id);
    }
    if (!entered) {
      finish(container, 128, "ContainerCannotRun");
      container.status.signal = 0;
      container.status.message = entered.error().message;
      return entered;
    }
    container.status.state = ContainerState::kRunning;
    container.status.started = clock_.now();
    container.status.pid = 2'000'000 + static_cast<int>(container.number);
  }
  notify(sandbox_id);
  return {};
}

Result<> FakeRuntime::stop_container(const std::string& id, std::chrono::milliseconds grace) {
  TRY(enter("stop_container", id));
  std::string sandbox_id;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = containers_.find(id);
    if (it == containers_.end() || it->second.status.state == ContainerState::kExited) return {};
    if (it->second.status.state == ContainerState::kCreated) {
      finish(it->second, 137, {});
    } else {
      finish(it->second, ignore_stop_signal_ || grace.count() <= 0 ? 137 : 143, {});
    }
    sandbox_id = it->second.status.sandbox_id;
  }
  notify(sandbox_id);
  return {};
}

Result<> FakeRuntime::remove_container(const std::string& id) {
  TRY(enter("remove_container", id));
  const std::scoped_lock lock(mutex_);
  if (containers_.erase(id) > 0) images_->release_layers(id);
  return {};
}

Result<ContainerStatus> FakeRuntime::container_status(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto it = containers_.find(id);
  if (it == containers_.end()) return no_container(id);
  return it->second.status;
}

Result<std::vector<ContainerStatus>> FakeRuntime::list_containers(const std::string& sandbox_id) {
  const std::scoped_lock lock(mutex_);
  std::vector<ContainerStatus> out;
  for (const auto& [id, container] : containers_) {
    if (sandbox_id.empty() || container.status.sandbox_id == sandbox_id) out.push_back(container.status);
  }
  std::ranges::sort(out, {}, [this](const ContainerStatus& s) { return containers_.at(s.id).number; });
  return out;
}

Result<ContainerStats> FakeRuntime::sandbox_stats(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  if (!sandboxes_.contains(id)) return no_sandbox(id);
  return ContainerStats{.cpu_usage_ns = 3'000'000, .memory_usage_bytes = 3 << 20, .memory_working_set_bytes = 2 << 20};
}

Result<ContainerStats> FakeRuntime::container_stats(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  if (!containers_.contains(id)) return no_container(id);
  return ContainerStats{.cpu_usage_ns = 1'000'000, .memory_usage_bytes = 1 << 20, .memory_working_set_bytes = 1 << 20};
}

Result<ExecResult> FakeRuntime::run_script(const std::string& id, const std::vector<std::string>& command) {
  ExecScript script;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = containers_.find(id);
    if (it == containers_.end()) return no_container(id);
    if (it->second.status.state != ContainerState::kRunning) {
      return fail(Code::kFailedPrecondition, "container is not running: " + id);
    }
    script = exec_script_;
  }
  return script ? script(id, command) : ExecResult{};
}

Result<ExecResult> FakeRuntime::exec_sync(const std::string& id, const std::vector<std::string>& command,
                                          std::chrono::milliseconds) {
  TRY(enter("exec_sync", id));
  return run_script(id, command);
}

Result<ExecProcess> FakeRuntime::exec(const std::string& id, const ExecOptions& options) {
  TRY(enter("exec", id));
  const ExecResult result = TRY(run_script(id, options.command));
  ExecProcess process;
  if (options.tty) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno("socketpair");
    process.tty = base::Fd(ends[0]);
    const base::Fd other(ends[1]);
    if (write(other.get(), result.stdout_text.data(), result.stdout_text.size()) < 0) return fail_errno("write");
  } else {
    process.stdout_fd = TRY(pipe_with(result.stdout_text));
    process.stderr_fd = TRY(pipe_with(result.stderr_text));
    if (options.stdin_open) process.stdin_fd = base::Fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
  }
  const std::scoped_lock lock(mutex_);
  process.id = "exec-" + std::to_string(next_++);
  execs_[process.id] = result.exit_code;
  return process;
}

Result<int> FakeRuntime::wait_exec(const std::string& exec_id) {
  const std::scoped_lock lock(mutex_);
  const auto it = execs_.find(exec_id);
  if (it == execs_.end()) return fail(Code::kNotFound, "no such exec: " + exec_id);
  const int code = it->second;
  execs_.erase(it);
  return code;
}

Result<> FakeRuntime::resize(const std::string& id_or_exec_id, uint16_t width, uint16_t height) {
  return enter("resize", id_or_exec_id + ' ' + std::to_string(width) + 'x' + std::to_string(height));
}

void FakeRuntime::on_event(EventCallback callback) { callback_ = std::move(callback); }

}  // namespace appliance::runtime::cri
