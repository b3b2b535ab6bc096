// A world of its own for tests of the real runtime: temporary folders, a control group, an image that is one folder
// with the `guest` program. Everything is taken away at the end, also after a failed test. Needs root; says so loudly
// without.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/cri/runtime.h"

namespace appliance::runtime::cri {

class TestWorld {
 public:
  TestWorld();
  ~TestWorld();
  TestWorld(const TestWorld&) = delete;
  TestWorld& operator=(const TestWorld&) = delete;

  void open();   // (again): a server that starts
  void close();  // a server that ends; its pods run on
  Runtime& runtime() { return *runtime_; }
  [[nodiscard]] RuntimeOptions options() const;
  [[nodiscard]] std::unique_ptr<image::ImageStore> images() const;

  std::string pod(const std::string& name = "p");  // a sandbox that is ready
  SandboxConfig pod_config(const std::string& name) const;
  ContainerConfig config(const std::string& name, std::vector<std::string> guest_args) const;
  std::string start(const std::string& pod, const ContainerConfig& config);  // created and started
  ContainerStatus wait_exit(const std::string& id);                          // within 20 s
  std::string log_text(const std::string& id);                               // the raw CRI log
  std::string output(const std::string& id);                                 // the contents of stdout lines
  void wait_log(const std::string& id, const std::string& text);             // until the log has it, 20 s
  // Runs guest in its own container to its end: output of stdout.
  std::string run(const std::string& pod, ContainerConfig config);

  std::string dir;
  std::string group;  // cgroup parent of this world
  std::string layer;

 private:
  base::SystemClock clock_;
  std::unique_ptr<Runtime> runtime_;
};

// True when `predicate` holds before the deadline; polls, for what has no event to wait for.
bool eventually(const std::function<bool()>& predicate, std::chrono::milliseconds deadline = std::chrono::seconds(20));

}  // namespace appliance::runtime::cri
