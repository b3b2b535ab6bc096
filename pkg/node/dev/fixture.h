// `appliance dev fixture`: a real API server with store and dashboard over synthetic objects. No kubelet, container or
// controller; nothing of the machine is touched but one temporary folder and one port on the loopback.
//
//   auto fixture = TRY(Fixture::start({.objects = {.pods = 10000}, .rate = 500}, clock, random, log, step));
//   … fixture->url(), fixture->kubeconfig() …
//   fixture->stop();                       // the folder is gone
//
// The objects go straight to the store, before the API server starts: two writes a pod through the API (create, status)
// take longer than a person waits, and ages would all be "now". They are what the API server would have stored: a test
// sends every one of them through its decoding and validation.
//
// The store's files are written but never synced: nothing of them outlives the process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "node/dev/fixture_churn.h"
#include "node/dev/fixture_plan.h"

namespace appliance::node::dev {

struct FixtureSettings {
  FixtureOptions objects;
  int rate = 0;       // writes a second
  int port = 0;       // 0: the kernel chooses
  int log_rate = 10;  // lines a second and container
  std::string parent_dir = "/tmp";
  std::function<bool()> cancelled{};                       // asked now and then while it starts
  std::function<void(std::string_view what)> step{};       // what begins now
  std::function<void(std::string_view note)> step_done{};  // … and how it ended
};

class Fixture {
 public:
  virtual ~Fixture() = default;  // stop()
  // Nothing is left behind when it fails. kCancelled: `cancelled` said so.
  static Result<std::unique_ptr<Fixture>> start(FixtureSettings settings, const base::Clock& clock,
                                                base::Random& random, const base::Log& log);
  virtual void stop() = 0;  // idempotent
  [[nodiscard]] virtual std::string url() const = 0;
  // A link that opens the dashboard as the cluster's admin: good once, for a minute.
  [[nodiscard]] virtual Result<std::string> link() const = 0;
  [[nodiscard]] virtual std::string kubeconfig() const = 0;
  [[nodiscard]] virtual std::string dir() const = 0;
  [[nodiscard]] virtual const FixturePlan& plan() const = 0;
  [[nodiscard]] virtual size_t objects() const = 0;  // that were made at the start
  [[nodiscard]] virtual ChurnCounts counts() const = 0;
};

}  // namespace appliance::node::dev
