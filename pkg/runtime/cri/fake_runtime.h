// FakeRuntime: the Runtime in memory, for tests of the kubelet. Containers "run" until the test says exit(id, code) or
// stops them; exec is scripted; any call can be made to fail.
//
//   FakeRuntime runtime(clock, std::make_unique<FakeImageStore>());
//   runtime.fail_next("start_container", {Code::kInternal, "exec: no such file or directory"});
//   runtime.exit(runtime.container_named("web"), 1);
//
// Passes cri_conformance.h, so that it answers as the real one does. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/cri/cri.h"

namespace appliance::runtime::cri {

class FakeRuntime final : public Runtime {
 public:
  FakeRuntime(const base::Clock& clock, std::unique_ptr<image::ImageStore> images);
  ~FakeRuntime() override;

  // The script.
  void exit(const std::string& container_id, int code, std::string reason = {});  // reason "" = Completed or Error
  void oom_kill(const std::string& container_id) { exit(container_id, 137, "OOMKilled"); }
  void kill_supervisor(const std::string& sandbox_id);  // its containers exit with 255, the sandbox is not ready
  using ExecScript =
      std::function<Result<ExecResult>(const std::string& container_id, const std::vector<std::string>& command)>;
  void script_exec(ExecScript script);                   // unscripted: exit code 0 and no output
  void fail_next(const std::string& call, Error error);  // the next call of that name answers this
  void ignore_stop_signal(bool ignore);  // stop_container then needs the whole grace (of no real time) and reports 137
  [[nodiscard]] std::vector<std::string> calls() const;                      // "start_container web" in order
  [[nodiscard]] std::string container_named(const std::string& name) const;  // the newest's id; "" when none
  [[nodiscard]] ContainerConfig container_config(const std::string& id) const;

  Result<std::string> run_sandbox(const SandboxConfig& config) override;
  Result<> stop_sandbox(const std::string& id) override;
  Result<> remove_sandbox(const std::string& id) override;
  Result<SandboxStatus> sandbox_status(const std::string& id) override;
  Result<std::vector<SandboxStatus>> list_sandboxes() override;
  Result<std::string> create_container(const std::string& sandbox_id, const ContainerConfig& config) override;
  Result<> start_container(const std::string& id) override;
  Result<> stop_container(const std::string& id, std::chrono::milliseconds grace) override;
  Result<> remove_container(const std::string& id) override;
  Result<ContainerStatus> container_status(const std::string& id) override;
  Result<std::vector<ContainerStatus>> list_containers(const std::string& sandbox_id) override;
  Result<ContainerStats> sandbox_stats(const std::string& id) override;
  Result<ContainerStats> container_stats(const std::string& id) override;
  Result<ExecResult> exec_sync(const std::string& id, const std::vector<std::string>& command,
                               std::chrono::milliseconds timeout) override;
  Result<ExecProcess> exec(const std::string& id, const ExecOptions& options) override;
  Result<int> wait_exec(const std::string& exec_id) override;
  Result<> resize(const std::string& id_or_exec_id, uint16_t width, uint16_t height) override;
  void on_event(EventCallback callback) override;
  image::ImageStore& images() override { return *images_; }

 private:
  struct Container {
    ContainerConfig config;
    ContainerStatus status;
    uint64_t number = 0;
  };
  Result<> enter(const std::string& call, const std::string& what);  // records, and answers a planned failure
  void finish(Container& container, int code, const std::string& reason);
  void notify(const std::string& sandbox_id);
  Result<ExecResult> run_script(const std::string& id, const std::vector<std::string>& command);

  const base::Clock& clock_;
  std::unique_ptr<image::ImageStore> images_;
  mutable std::mutex mutex_;
  std::map<std::string, SandboxStatus> sandboxes_;
  std::map<std::string, Container> containers_;
  std::map<std::string, int> execs_;
  std::multimap<std::string, Error> failures_;
  std::vector<std::string> calls_;
  ExecScript exec_script_;
  bool ignore_stop_signal_ = false;
  uint64_t next_ = 1;
  EventCallback callback_;
};

}  // namespace appliance::runtime::cri
