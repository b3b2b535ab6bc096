// Mounts layer images read-only, nosuid off (set-id programs of images must work), nodev off (overlay needs whiteouts).
//
//   TRY(mount_image(image, dir)); ... TRY(unmount(dir));
//
// The kernel mounts EROFS straight from a file since 6.12; on older ones a loop device is bound that frees itself with
// the mount. Needs CAP_SYS_ADMIN. Blocking, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace appliance::runtime::snapshot {

enum class MountWay : unsigned char { kAuto, kFile, kLoop };  // the last two are for tests

Result<> mount_image(const std::string& image, const std::string& dir, MountWay way = MountWay::kAuto);
// Lazily when someone still looks into it. Not mounted is fine.
Result<> unmount(const std::string& dir);
// Mount points strictly below `dir`, deepest last, from /proc/self/mountinfo.
Result<std::vector<std::string>> mounts_below(const std::string& dir);

}  // namespace appliance::runtime::snapshot
