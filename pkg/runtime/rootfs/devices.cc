#include "runtime/rootfs/devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/fs.h"

namespace appliance::runtime::rootfs {
namespace {

// Of the container's own, or terminals of other people.
constexpr std::array<std::string_view, 12> kOwn = {"null", "zero", "full", "random", "urandom", "tty",
                                                   "ptmx", "pts",  "shm",  "mqueue", "console", "fd"};

void collect(const std::string& dir, int depth, std::vector<Device>& out) {
  const auto names = base::make_real_fs()->list(dir);
  if (!names) return;
  for (const auto& name : *names) {
    const std::string path = dir + '/' + name;
    struct stat st;
    if (out.size() == kDevicesMax || (depth == 0 && std::ranges::find(kOwn, name) != kOwn.end())) continue;
    if (lstat(path.c_str(), &st) != 0) continue;
    if (S_ISDIR(st.st_mode) && depth == 0) collect(path, depth + 1, out);
    if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) continue;
    out.push_back({path, st.st_mode, major(st.st_rdev), minor(st.st_rdev)});
  }
}

}  // namespace

std::vector<Device> host_devices() {
  std::vector<Device> out;
  collect("/dev", 0, out);
  return out;
}

}  // namespace appliance::runtime::rootfs
