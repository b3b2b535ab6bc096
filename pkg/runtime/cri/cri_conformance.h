// What every implementation of cri::Runtime keeps, as one suite: the real one and the fake run it. A Bench gives the
// suite an implementation and ways to make things happen inside containers.
#pragma once

#include <functional>
#include <string>

#include "runtime/cri/cri.h"

namespace appliance::runtime::cri {

struct Bench {
  Runtime* runtime = nullptr;
  std::string log_dir;
  std::string cgroup_parent;
  std::string image_id;
  // Makes a container that runs until told to exit; and tells it to, with a code.
  std::function<std::vector<std::string>()> runs_for_ever;
  std::function<void(const std::string& container_id, int code)> exit_with;
};

// Catch2 assertions inside; call it from a TEST_CASE. Leaves nothing behind when it passes.
void run_cri_conformance(const Bench& bench);

}  // namespace appliance::runtime::cri
