// What a machine lacks when the kernel has just started this program as its first process: the kernel's file systems, a
// root that containers can pivot away from, modules, the loopback link, room for descriptors.
//
//   TRY(init::mount_machine());
//   for (const auto& error : init::load_modules("/lib/modules/load")) log.warn(...);
//   TRY(init::loopback_up());
//
// Only for process 1 of a machine, single-threaded, before anything else runs. Blocking.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace appliance::node::init {

// /proc, /sys, /dev, /run and the rest, control groups as the pure version 2 tree. What is mounted already stays.
// The initial RAM file system cannot be the old root of a pivot_root(2), so its root is bound over itself first.
Result<> mount_machine();

// One path of a module per line, each after those that it needs. Returns what could not be loaded; loaded already and
// no such list are fine.
std::vector<Error> load_modules(const std::string& list);

Result<> loopback_up();
Result<> set_hostname(const std::string& name);
// The kernel starts with 4096 descriptors at most; servers and the proxies in pods want more.
Result<> raise_limits();

}  // namespace appliance::node::init
