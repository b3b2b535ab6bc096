// RealRuntime: implementation of runtime.h, in four parts: sandboxes, containers, exec, recovery with the watch thread.
//
// State: `pods_` and `containers_` are the truth of this process, guarded by mutex_, which is held for copies only.
// Calls that change one pod run one after the other under that pod's `turn`. One thread ("pod-watch") hears all
// supervisors and is the only one that turns a running container into one that has ended.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/cgroup/cgroup.h"
#include "runtime/container/start_plan.h"
#include "runtime/cri/runtime.h"
#include "runtime/cri/state_codec.h"
#include "runtime/sandbox/supervisor.h"

namespace appliance::runtime::cri {

class RealRuntime final : public Runtime {
 public:
  static Result<std::unique_ptr<Runtime>> open(RuntimeOptions options, std::unique_ptr<image::ImageStore> images);
  ~RealRuntime() override;

  Result<std::string> run_sandbox(const SandboxConfig& config) override;
  Result<> stop_sandbox(const std::string& id) override;
  Result<> remove_sandbox(const std::string& id) override;
  Result<SandboxStatus> sandbox_status(const std::string& id) override;
  Result<std::vector<SandboxStatus>> list_sandboxes() override;
  Result<ContainerStats> sandbox_stats(const std::string& id) override;
  Result<std::string> create_container(const std::string& sandbox_id, const ContainerConfig& config) override;
  Result<> start_container(const std::string& id) override;
  Result<> stop_container(const std::string& id, std::chrono::milliseconds grace) override;
  Result<> remove_container(const std::string& id) override;
  Result<ContainerStatus> container_status(const std::string& id) override;
  Result<std::vector<ContainerStatus>> list_containers(const std::string& sandbox_id) override;
  Result<ContainerStats> container_stats(const std::string& id) override;
  Result<ExecResult> exec_sync(const std::string& id, const std::vector<std::string>& command,
                               std::chrono::milliseconds timeout) override;
  Result<ExecProcess> exec(const std::string& id, const ExecOptions& options) override;
  Result<int> wait_exec(const std::string& exec_id) override;
  Result<> resize(const std::string& id_or_exec_id, uint16_t width, uint16_t height) override;
  void on_event(EventCallback callback) override;
  image::ImageStore& images() override { return *images_; }

 private:
  struct Pod {
    SandboxRecord record;
    SandboxStatus status;
    std::shared_ptr<std::mutex> turn =
        std::make_shared<std::mutex>();  // of calls that change this pod; outlives its entry
    std::shared_ptr<base::Fd> watch;     // the watch thread's connection; shared so that it is closed when both let go
  };
  struct Entry {
    ContainerRecord record;
    ContainerStatus status;
    uint64_t number = 0;  // order of creation
  };
  RealRuntime(RuntimeOptions options, std::unique_ptr<image::ImageStore> images, cgroup::Hierarchies groups,
              base::Fd stage)
      : options_(std::move(options)),
        images_(std::move(images)),
        groups_(std::move(groups)),
        stage_(std::move(stage)) {}

  [[nodiscard]] std::string pod_dir(const std::string& id) const { return options_.run_dir + "/pods/" + id; }
  [[nodiscard]] std::string netns_path(const std::string& id) const { return options_.run_dir + "/netns/" + id; }
  [[nodiscard]] std::string container_dir(const std::string& id) const {
    return options_.data_dir + "/containers/" + id;
  }
  [[nodiscard]] std::string supervisor_group(const Pod& pod) const;
  [[nodiscard]] sandbox::SupervisorClient client(const std::string& pod_id) const {
    return sandbox::SupervisorClient(pod_dir(pod_id));
  }

  // Sandboxes.
  Result<> make_sandbox(const std::string& id, const Pod& pod);
  void tear_down(const std::string& id, const Pod& pod);  // all that is outside of the pod's folder, then the folder
  Result<> shut_down(const std::string& id);

  // Containers.
  Result<container::ContainerSpec> spec_of(const Entry& entry, const Pod& pod);
  Result<container::ProcessSpec> process_of(const Entry& entry, const Pod& pod);
  Result<stage::Reply> launch(const Entry& entry, const Pod& pod);
  Result<> signal(const Entry& entry, int number);
  bool wait_until_exited(const std::string& id, std::chrono::milliseconds deadline);
  void forget(const Entry& entry);
  void keep_failure(Entry entry, const Error& error);

  Result<Pod> find_pod(const std::string& id);
  [[nodiscard]] Result<ContainerStats> group_stats(const std::string& path) const;
  Result<Entry> find_entry(const std::string& id);
  template <class Change>  // void(ContainerStatus&)
  void change(const std::string& id, Change&& change);

  // Recovery and the watch thread.
  Result<> recover();
  Result<> recover_pod(const std::string& id);
  Result<> watch(const std::string& pod_id);
  void run_watch();
  void apply_state(const stage::Reply& state);
  void supervisor_gone(const std::string& pod_id);
  void notify(const std::string& pod_id);

  RuntimeOptions options_;
  std::unique_ptr<image::ImageStore> images_;
  cgroup::Hierarchies groups_;
  base::Fd stage_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Pod> pods_;
  std::map<std::string, Entry> containers_;
  std::map<std::string, std::string> execs_;  // exec id -> sandbox id
  uint64_t next_number_ = 1;

  EventCallback callback_;
  base::Fd epoll_;
  base::Fd stop_;  // eventfd
  std::thread watcher_;
};

std::string new_id();  // 64 hex digits
// What a container that could not start looks like.
void mark_failed(ContainerStatus& status, const std::string& why, base::WallTime when);
int signal_number(const std::string& name);  // "", "SIGQUIT", "QUIT", "3" -> number; 15 when unknown
base::WallTime wall_time(int64_t ns);

}  // namespace appliance::runtime::cri
