#include "runtime/snapshot/mount.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/compress/source.h"
#include "base/fd.h"
#include "base/strings.h"

namespace appliance::runtime::snapshot {

namespace {

using base::Fd;

constexpr int kLoopAttempts = 16;                  // another process may take the free device before us
constexpr size_t kMountinfoBytesMax = 64U << 20U;  // 100,000 mounts of 200 bytes, and room

Result<> mount_at(const std::string& source, const std::string& dir) {
  if (::mount(source.c_str(), dir.c_str(), "erofs", MS_RDONLY | MS_NOATIME, nullptr) == 0) return {};
  return fail_errno("mount " + source + " on " + dir);
}

// Binds the image to a free loop device; the returned descriptor keeps it until it is mounted (autoclear).
Result<Fd> bind_loop(const std::string& image, std::string& device) {
  const Fd file(::open(image.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("open " + image);
  const Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) return fail_errno("open /dev/loop-control");
  for (int attempt = 0; attempt < kLoopAttempts; ++attempt) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return fail_errno("find a free loop device");
    device = "/dev/loop" + std::to_string(number);
    Fd loop(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
    if (!loop) return fail_errno("open " + device);
    loop_config config{};
    config.fd = static_cast<unsigned>(file.get());
    config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
    if (::ioctl(loop.get(), LOOP_CONFIGURE, &config) == 0) return loop;
    if (errno != EBUSY) return fail_errno("bind " + image + " to " + device);
  }
  return fail(Code::kUnavailable, "no loop device stays free long enough for " + image);
}

Result<> mount_by_loop(const std::string& image, const std::string& dir) {
  std::string device;
  const Fd loop = TRY(bind_loop(image, device));
  return mount_at(device, dir);
}

// mountinfo writes blank, tab, line end and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      out += text[i];
      continue;
    }
    out += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
    i += 3;
  }
  return out;
}

std::string real_path(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  std::string out = resolved != nullptr ? resolved : path;
  std::free(resolved);
  return out;
}

}  // namespace

Result<> mount_image(const std::string& image, const std::string& dir, MountWay way) {
  if (way == MountWay::kLoop) return mount_by_loop(image, dir);
  auto direct = mount_at(image, dir);
  if (direct || way == MountWay::kFile) return direct;
  if (direct.error().errno_value == ENODEV) {
    return fail(std::move(direct).error().wrap("this kernel has no EROFS").with_hint("load it with: modprobe erofs"));
  }
  if (direct.error().errno_value != ENOTBLK) return direct;
  return mount_by_loop(image, dir);
}

Result<> unmount(const std::string& dir) {
  if (::umount2(dir.c_str(), UMOUNT_NOFOLLOW) == 0) return {};
  if (errno == EINVAL || errno == ENOENT) return {};
  if (errno == EBUSY && ::umount2(dir.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) return {};
  return fail_errno("unmount " + dir);
}

Result<std::vector<std::string>> mounts_below(const std::string& dir) {
  auto source = TRY(base::compress::FileSource::open("/proc/self/mountinfo"));
  const std::string text = TRY(base::compress::read_all(source, kMountinfoBytesMax));
  const std::string prefix = real_path(dir) + '/';
  std::vector<std::string> out;
  for (const std::string_view line : base::split(text, '\n')) {
    const auto fields = base::split(line, ' ');
    if (fields.size() < 5) continue;
    std::string point = unescape(fields[4]);
    if (point.starts_with(prefix)) out.push_back(std::move(point));
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace appliance::runtime::snapshot
