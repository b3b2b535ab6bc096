#include "net/netlink/netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <thread>

namespace appliance::net::netlink {
namespace {

// A thread that changed its namespace never goes back to a pool: it ends here.
Result<> in_thread(const std::function<Result<>()>& work) {
  Result<> result;
  std::thread([&] { result = work(); }).join();
  return result;
}

}  // namespace

Result<base::Fd> open_netns(const std::string& path) {
  base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("open network namespace " + path);
  struct statfs info{};
  if (::fstatfs(fd.get(), &info) != 0) return fail_errno("open network namespace " + path);
  if (info.f_type != NSFS_MAGIC)  // a file that was to become one, when its maker was killed
    return fail(Code::kNotFound, path + " is not a network namespace");
  return fd;
}

Result<> in_netns(int netns_fd, const std::function<Result<>()>& work) {
  return in_thread([&]() -> Result<> {
    if (setns(netns_fd, CLONE_NEWNET) != 0) return fail_errno("enter network namespace");
    return work();
  });
}

Result<base::Fd> make_netns() {
  base::Fd fd;
  TRY(in_thread([&]() -> Result<> {
    if (unshare(CLONE_NEWNET) != 0) return fail_errno("make network namespace");
    fd = base::Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_errno("open /proc/thread-self/ns/net");
    return {};
  }));
  return fd;
}

Result<base::Fd> make_named_netns(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file) return fail_errno("create " + path);
  base::Fd fd;
  TRY(in_thread([&]() -> Result<> {
    if (unshare(CLONE_NEWNET) != 0) return fail_errno("make network namespace");
    if (mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0)
      return fail_errno("bind namespace to " + path);
    fd = base::Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    return {};
  }));
  return fd;
}

Result<> remove_named_netns(const std::string& path) {
  if (umount2(path.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT)
    return fail_errno("unmount " + path);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path);
  return {};
}

}  // namespace appliance::net::netlink
