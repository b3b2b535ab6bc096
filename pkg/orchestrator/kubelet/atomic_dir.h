// A folder whose files change all at once. Layout (as a kubelet's AtomicWriter, so that watchers of `..data` work):
//
//   DIR/..2026_01_02_03_04_05.123456789/a     the files
//   DIR/..data -> ..2026_01_02_03_04_05.123456789
//   DIR/a      -> ..data/a
//
// A new content gets a new timed folder; renaming a fresh link over `..data` is the one visible step; then the old
// folder and the names that are no more go. Blocking.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "orchestrator/kubelet/projection.h"

namespace appliance::orchestrator::kubelet {

// True when something changed. `group`: fsGroup, owner group of the files.
Result<bool> write_atomic_dir(const std::string& dir, const FileSet& files, std::optional<int64_t> group,
                              base::WallTime now);

}  // namespace appliance::orchestrator::kubelet
