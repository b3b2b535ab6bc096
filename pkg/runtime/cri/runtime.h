// The real Runtime: pods as supervisors (cmd/stage), containers as processes set up by them.
//
//   auto runtime = TRY(open_runtime({.run_dir = "/run/appliance", .data_dir = "/var/lib/appliance",
//                                    .cgroup_parent = "kubepods", .clock = &clock, .log = log}, std::move(images)));
//
// Opening finds every pod again: under <run-dir>/pods/<id> stand sandbox.json, c/<container>.json, and the supervisor's
// socket and journal. Writable layers are <data-dir>/containers/<id>; those that no container knows are removed on
// opening. Network namespaces are pinned at <run-dir>/netns/<id>. Closing leaves all pods running.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "runtime/cri/cri.h"

namespace appliance::runtime::cri {

struct RuntimeOptions {
  std::string run_dir;
  std::string data_dir;
  std::string cgroup_parent = "kubepods";  // for sandboxes that name none: <cgroup_parent>/pod<uid>
  const base::Clock* clock = nullptr;      // outlives the runtime
  base::Log log;
};

// kPermissionDenied when not root, kUnimplemented when the machine's control groups do not fit (the hint says what to
// do).
Result<std::unique_ptr<Runtime>> open_runtime(RuntimeOptions options, std::unique_ptr<image::ImageStore> images);

}  // namespace appliance::runtime::cri
