// The container's mount tree. Every path of the container is resolved by openat2(RESOLVE_IN_ROOT) to a descriptor, and
// mounts are moved onto descriptors: there is no moment at which a name can be swapped (CVE-2021-30465). /proc is our
// own procfs, and what is masked in it is reached through its own descriptor (CVE-2019-19921, CVE-2025-52881).
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "stage/setup.h"

namespace appliance::stage {
namespace {

using namespace runtime::stage;

constexpr uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr uint64_t kPlain = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

bool is_dir(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

// Makes what is missing on the way to `path`, one component after the other, each resolved anew from the root.
int make_target(int root, const char* path, bool directory) {
  char prefix[4096];
  if (strlen(path) >= sizeof prefix) {
    errno = ENAMETOOLONG;
    return -1;
  }
  size_t used = 0;
  int parent = openat2(root, ".", O_PATH | O_DIRECTORY, kInRoot);
  const char* at = path;
  while (parent >= 0) {
    while (*at == '/') ++at;
    if (*at == '\0') return parent;
    const size_t length = strcspn(at, "/");
    const bool last = at[length + strspn(at + length, "/")] == '\0';
    char name[256];
    if (length >= sizeof name) break;
    memcpy(name, at, length);
    name[length] = '\0';
    prefix[used++] = '/';
    memcpy(prefix + used, name, length + 1);
    used += length;
    int next = openat2(root, prefix, O_PATH, kInRoot);
    if (next < 0 && errno == ENOENT) {
      int made;
      if (last && !directory) {
        made = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (made >= 0) made = close(made);
      } else {
        made = mkdirat(parent, name, 0755);
      }
      if (made == 0 || errno == EEXIST) next = openat2(root, prefix, O_PATH, kInRoot);
    }
    const int saved = errno;
    close(parent);
    errno = saved;
    parent = next;
    at += length;
  }
  if (parent >= 0) close(parent);
  return -1;
}

bool set_attr(int mount, bool recursive, MountAttr attr) {
  return mount_setattr(mount, "", kEmptyPath | (recursive ? kRecursive : 0U), attr) == 0;
}

// overlay through the new interface: one lowerdir+ per layer (Linux 6.8). -1 with EINVAL where it is not known.
int overlay_by_layers(Setup& s) {
  int context = fsopen("overlay");
  if (context < 0) return -1;
  bool good = true;
  uint32_t cursor = 0;
  for (Record r; good && s.plan.next(cursor, Tag::kLower, r);) {
    good = fsconfig(context, kSetString, "lowerdir+", r.text()) == 0;
  }
  good = good && fsconfig(context, kSetString, "upperdir", s.plan.text(Tag::kUpper)) == 0 &&
         fsconfig(context, kSetString, "workdir", s.plan.text(Tag::kWork)) == 0;
  // The writable layer does not outlive a reboot anyway: no sync of the whole disk when it is unmounted.
  good = good && (fsconfig(context, kSetFlag, "volatile", nullptr) == 0 || errno == EINVAL) &&
         fsconfig(context, kCreate, nullptr, nullptr) == 0;
  const int mount = good ? fsmount(context, 0) : -1;
  const int saved = errno;
  close(context);
  errno = saved;
  return mount;
}

void add_escaped(Text<4096>& out, const char* path) {
  for (; *path != '\0'; ++path) {
    if (*path == ',' || *path == ':' || *path == '\\') out.add("\\");
    out.add(std::string_view(path, 1));
  }
}

bool overlay_classic(Setup& s, const char* target) {
  Text<4096> options;
  options.add("volatile,lowerdir=");
  uint32_t cursor = 0;
  bool first = true;
  for (Record r; s.plan.next(cursor, Tag::kLower, r); first = false) {
    if (!first) options.add(":");
    add_escaped(options, r.text());
  }
  options.add(",upperdir=");
  add_escaped(options, s.plan.text(Tag::kUpper));
  options.add(",workdir=");
  add_escaped(options, s.plan.text(Tag::kWork));
  if (options.cut()) {
    errno = E2BIG;  // too many layers for this kernel's one page of options
    return false;
  }
  return mount("overlay", target, "overlay", 0, options.c_str()) == 0;
}

bool reserved_target(const char* path) {
  while (*path == '/') ++path;
  return strncmp(path, "proc", 4) == 0 && (path[4] == '\0' || path[4] == '/');
}

bool bind_one(Setup& s, int source, uint32_t flags, const char* path) {
  if (reserved_target(path)) {
    errno = EPERM;  // only our procfs is on /proc (CVE-2023-27561)
    return s.failed("mount", path);
  }
  // A mount below /dev of something else than a directory or a file would still go to our own tmpfs: nothing special.
  MountAttr attr{};
  attr.propagation = (flags & kMountShared) != 0  ? 0U
                     : (flags & kMountSlave) != 0 ? unsigned(MS_SLAVE)
                                                  : unsigned(MS_PRIVATE);
  if (attr.propagation != 0 && !set_attr(source, true, attr)) return s.failed("set propagation of", path);
  if ((flags & (kMountReadonly | kMountReadonlyRecursive)) != 0) {
    MountAttr readonly{};
    readonly.attr_set = kAttrRdonly;
    if (!set_attr(source, (flags & kMountReadonlyRecursive) != 0, readonly)) return s.failed("make read-only", path);
  }
  int target = open_target(s, path, is_dir(source));
  if (target < 0) return s.failed("mount", path);
  const int moved = move_mount(source, target);
  const int saved = errno;
  close(target);
  errno = saved;
  return moved == 0 || s.failed("mount", path);
}

// Descriptor and rest of a path below our /proc or /sys; -1 for other places.
int special_root(const Setup& s, const char*& path) {
  if (strncmp(path, "/proc/", 6) == 0) {
    path += 6;
    return s.proc;
  }
  if (strncmp(path, "/sys/", 5) == 0) {
    path += 5;
    return s.sys;
  }
  return -1;
}

bool null_device(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

bool mask_one(Setup& s, const char* path) {
  const char* rest = path;
  const int base = special_root(s, rest);
  int target = base < 0 ? -1 : openat2(base, rest, O_PATH, kPlain | RESOLVE_NO_XDEV);
  if (target < 0) return errno == ENOENT || base < 0 || s.failed("mask", path);
  int cover;
  if (is_dir(target)) {
    const char* const options[] = {"size", "0", "nr_inodes", "2", nullptr};
    cover = new_fs("tmpfs", options, kAttrRdonly | kAttrNosuid | kAttrNodev | kAttrNoexec);
  } else {
    cover = open_tree(s.dev, "null", kTreeClone);
    if (cover >= 0 && !null_device(cover)) {  // CVE-2025-31133
      close_fd(cover);
      errno = EPERM;
    }
  }
  const bool good = cover >= 0 && move_mount(cover, target) == 0;
  const int saved = errno;
  close_fd(cover);
  close_fd(target);
  errno = saved;
  return good || s.failed("mask", path);
}

bool readonly_one(Setup& s, const char* path) {
  const char* rest = path;
  const int base = special_root(s, rest);
  int target = base < 0 ? -1 : openat2(base, rest, O_PATH, kPlain | RESOLVE_NO_XDEV);
  if (target < 0) return errno == ENOENT || base < 0 || s.failed("make read-only", path);
  int clone = open_tree(target, "", kEmptyPath | kTreeClone | kRecursive);
  MountAttr attr{};
  attr.attr_set = kAttrRdonly | kAttrNosuid | kAttrNodev | kAttrNoexec;
  const bool good = clone >= 0 && set_attr(clone, true, attr) && move_mount(clone, target) == 0;
  const int saved = errno;
  close_fd(clone);
  close_fd(target);
  errno = saved;
  return good || s.failed("make read-only", path);
}

}  // namespace

int new_fs(const char* type, const char* const* options, unsigned attributes) {
  int context = fsopen(type);
  if (context < 0) return -1;
  int mount = -1;
  bool good = true;
  for (; good && *options != nullptr; options += 2) {
    good = fsconfig(context, options[1] == nullptr ? kSetFlag : kSetString, options[0], options[1]) == 0;
  }
  if (good && fsconfig(context, kCreate, nullptr, nullptr) == 0) mount = fsmount(context, attributes);
  const int saved = errno;
  close(context);
  errno = saved;
  return mount;
}

int open_target(Setup& s, const char* path, bool directory) {
  const int fd = openat2(s.root, path, O_PATH, kInRoot);
  if (fd >= 0 || errno != ENOENT) return fd;
  return make_target(s.root, path, directory);
}

int open_plain_dir(Setup& s, const char* name) {
  int fd = openat2(s.root, name, O_PATH | O_DIRECTORY, kPlain);
  if (fd < 0 && errno == ENOENT && mkdirat(s.root, name, 0755) == 0)
    fd = openat2(s.root, name, O_PATH | O_DIRECTORY, kPlain);
  return fd;
}

bool open_sources(Setup& s) {
  uint32_t cursor = 0;
  for (Record r; s.plan.next(cursor, Tag::kMount, r);) {
    if (s.sources_count == kMountsMax) {
      errno = E2BIG;
      return s.failed("mount", r.text(1));
    }
    const int fd = open_tree(AT_FDCWD, r.text(0), kTreeClone | kRecursive);
    if (fd < 0) return s.failed("open", r.text(0));
    s.sources[s.sources_count++] = fd;
  }
  if (const char* shm = s.plan.text(Tag::kShm); shm != nullptr) {
    s.shm_source = open_tree(AT_FDCWD, shm, kTreeClone);
    if (s.shm_source < 0) return s.failed("open", shm);
  }
  return true;
}

bool isolate_mounts(Setup& s) {
  return mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0 || s.failed("make / a slave");
}

bool mount_root(Setup& s) {
  const char* target = s.plan.text(Tag::kRootTarget);
  if (target == nullptr || s.plan.text(Tag::kUpper) == nullptr || s.plan.text(Tag::kWork) == nullptr ||
      s.plan.count(Tag::kLower) == 0) {
    errno = EINVAL;
    return s.failed("plan without a root");
  }
  s.root = overlay_by_layers(s);
  if (s.root >= 0) {
    int at = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const bool moved = at >= 0 && move_mount(s.root, at) == 0;
    const int saved = errno;
    close_fd(at);
    errno = saved;
    return moved || s.failed("mount the root on", target);
  }
  if (!overlay_classic(s, target)) return s.failed("mount overlay of the image's layers");
  s.root = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return s.root >= 0 || s.failed("open", target);
}

bool mount_proc(Setup& s) {
  const char* const options[] = {nullptr};
  s.proc = new_fs("proc", options, kAttrNosuid | kAttrNodev | kAttrNoexec);
  if (s.proc < 0) return s.failed("mount /proc");
  struct statfs fs;
  if (fstatfs(s.proc, &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC) return s.failed("/proc is not a procfs");
  int target = open_plain_dir(s, "proc");
  if (target < 0 || move_mount(s.proc, target) != 0) return s.failed("mount /proc");
  close(target);
  return true;
}

bool mount_sys(Setup& s) {
  const char* const options[] = {nullptr};
  const unsigned readonly = s.plan.flag(kFlagWritableSys) ? 0 : kAttrRdonly;
  s.sys = new_fs("sysfs", options, kAttrNosuid | kAttrNodev | kAttrNoexec | readonly);
  if (s.sys < 0) return s.failed("mount /sys");
  int target = open_plain_dir(s, "sys");
  if (target < 0 || move_mount(s.sys, target) != 0) return s.failed("mount /sys");
  close(target);
  return true;
}

bool mount_cgroups(Setup& s) {
  uint32_t cursor = 0;
  const unsigned readonly = s.plan.flag(kFlagWritableSys) ? 0 : kAttrRdonly;
  int top = -1;  // the tmpfs that carries the hierarchies of v1
  for (Record r; s.plan.next(cursor, Tag::kCgroupMount, r);) {
    const char* type = r.text(0);
    const char* name = r.text(1);
    const bool itself = *name == '\0';
    const char* key = r.text(2);
    const char* const options[] = {*key == '\0' ? nullptr : key, strcmp(type, "tmpfs") == 0 ? "755" : nullptr, nullptr};
    int mount = new_fs(type, options,
                       kAttrNosuid | kAttrNodev | kAttrNoexec | (itself && strcmp(type, "tmpfs") == 0 ? 0 : readonly));
    if (mount < 0) return s.failed("mount /sys/fs/cgroup", name);
    int target = -1;
    if (itself) {
      target = openat2(s.sys, "fs/cgroup", O_PATH | O_DIRECTORY, kPlain);
    } else if (mkdirat(top, name, 0755) == 0) {
      target = openat2(top, name, O_PATH | O_DIRECTORY, kPlain);
    }
    if (target < 0 || move_mount(mount, target) != 0) return s.failed("mount /sys/fs/cgroup", name);
    close(target);
    if (itself) {
      top = mount;
    } else {
      close(mount);
    }
  }
  if (top >= 0 && readonly != 0) {
    MountAttr attr{};
    attr.attr_set = kAttrRdonly;
    if (!set_attr(top, false, attr)) return s.failed("make /sys/fs/cgroup read-only");
  }
  close_fd(top);
  return true;
}

bool bind_mounts(Setup& s) {
  uint32_t cursor = 0;
  unsigned index = 0;
  for (Record r; s.plan.next(cursor, Tag::kMount, r); ++index) {
    if (!bind_one(s, s.sources[index], r.u32(), r.text(1))) return false;
    close_fd(s.sources[index]);
  }
  return true;
}

bool mask_paths(Setup& s) {
  uint32_t cursor = 0;
  for (Record r; s.plan.next(cursor, r);) {
    if (r.tag == Tag::kMasked && !mask_one(s, r.text())) return false;
    if (r.tag == Tag::kReadonlyPath && !readonly_one(s, r.text())) return false;
  }
  return true;
}

bool seal_root(Setup& s) {
  if (!s.plan.flag(kFlagReadonlyRoot)) return true;
  MountAttr attr{};
  attr.attr_set = kAttrRdonly;
  return set_attr(s.root, false, attr) || s.failed("make the root read-only");
}

bool pivot(Setup& s) {
  if (fchdir(s.root) != 0) return s.failed("enter the root");
  if (syscall(SYS_pivot_root, ".", ".") == 0) {
    if (umount2(".", MNT_DETACH) != 0) return s.failed("detach the old root");
  } else if (errno != EINVAL || mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || chroot(".") != 0) {
    return s.failed("pivot_root");  // EINVAL: the host's root is an initramfs, which cannot be pivoted away
  }
  return chdir("/") == 0 || s.failed("chdir /");
}

}  // namespace appliance::stage
