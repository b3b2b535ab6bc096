#include "orchestrator/kubelet/volumes.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/fs.h"
#include "base/strings.h"
#include "orchestrator/kubelet/atomic_dir.h"
#include "orchestrator/kubelet/quantity.h"

namespace appliance::orchestrator::kubelet {
namespace {

constexpr size_t kMountinfoBytesMax = 32U << 20U;  // some hundred thousand mounts
constexpr int kChownDepthMax = 32;                 // fsGroup on a tree that a pod made deep on purpose ends here

base::Fd open_beneath(int root, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return base::Fd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

std::string unescape(std::string_view text) {  // \040 of mountinfo
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Mount points at or below `dir`, deepest first.
Result<std::vector<std::string>> mounts_below(const std::string& dir) {
  const std::string text = TRY(base::read_file("/proc/self/mountinfo", kMountinfoBytesMax));
  std::vector<std::string> out;
  for (const auto line : base::split(text, '\n')) {
    const auto fields = base::split(line, ' ');
    if (fields.size() < 5) continue;
    std::string target = unescape(fields[4]);
    if (target == dir || target.starts_with(dir + '/')) out.push_back(std::move(target));
  }
  std::reverse(out.begin(), out.end());  // later mounts stand on earlier ones
  return out;
}

bool is_mounted(const std::string& path) {
  const auto mounts = mounts_below(path);
  return mounts && std::find(mounts->begin(), mounts->end(), path) != mounts->end();
}

// fsGroup: the group owns, may read and write, new files inherit it.
void give_to_group(int dir, int64_t group, int depth) {
  (void)::fchown(dir, static_cast<uid_t>(-1), static_cast<gid_t>(group));
  struct stat st{};
  if (::fstat(dir, &st) == 0) (void)::fchmod(dir, (st.st_mode & 07777U) | 02070U);
  if (depth >= kChownDepthMax) return;
  const int copy = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return;
  std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(copy), ::closedir);
  if (!listing) return;
  while (const auto* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    base::Fd child(::openat(dir, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!child || ::fstat(child.get(), &st) != 0) continue;
    if (S_ISDIR(st.st_mode)) {
      give_to_group(child.get(), group, depth + 1);
    } else if (S_ISREG(st.st_mode)) {
      (void)::fchown(child.get(), static_cast<uid_t>(-1), static_cast<gid_t>(group));
      (void)::fchmod(child.get(), (st.st_mode & 07777U) | 0060U);
    }
  }
}

Result<> setup_empty_dir(const std::string& path, const json::Value& source, std::optional<int64_t> group) {
  struct stat st{};
  const bool fresh = ::lstat(path.c_str(), &st) != 0;
  TRY(base::make_dirs(path, 0777));
  if (fresh && ::chmod(path.c_str(), 0777) != 0) return fail_errno("chmod " + path);
  if (json::string_at(source, {"medium"}) == "Memory" && !is_mounted(path)) {
    std::string options = "mode=0777";
    if (const auto* limit = json::find(source, {"sizeLimit"})) {
      const auto bytes =
          quantity_units(limit->is_string() ? std::string(limit->get_string()) : json::serialize(*limit));
      if (bytes && *bytes > 0) options += ",size=" + std::to_string(*bytes);
    }
    if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
      return fail_errno("mount tmpfs on " + path);
  }
  if (group && fresh) {
    base::Fd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (dir) give_to_group(dir.get(), *group, 0);
  }
  return {};
}

// hostPath types of the API: "", DirectoryOrCreate, Directory, FileOrCreate, File, Socket, CharDevice, BlockDevice.
Result<> check_host_path(const std::string& path, std::string_view type) {
  struct stat st{};
  const bool there = ::stat(path.c_str(), &st) == 0;
  const auto wrong = [&](std::string_view what) {
    return fail(Code::kFailedPrecondition, "hostPath type check failed: " + path + " is not a " + std::string(what));
  };
  if (type.empty()) return {};
  if (type == "DirectoryOrCreate") {
    if (!there) return base::make_dirs(path, 0755);
    return S_ISDIR(st.st_mode) ? Result<>{} : wrong("directory");
  }
  if (type == "FileOrCreate") {
    if (there) return S_ISREG(st.st_mode) ? Result<>{} : wrong("file");
    base::Fd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    return made ? Result<>{} : fail_errno("create " + path);
  }
  if (type == "Directory") return there && S_ISDIR(st.st_mode) ? Result<>{} : wrong("directory");
  if (type == "File") return there && S_ISREG(st.st_mode) ? Result<>{} : wrong("file");
  if (type == "Socket") return there && S_ISSOCK(st.st_mode) ? Result<>{} : wrong("socket file");
  if (type == "CharDevice") return there && S_ISCHR(st.st_mode) ? Result<>{} : wrong("character device");
  if (type == "BlockDevice") return there && S_ISBLK(st.st_mode) ? Result<>{} : wrong("block device");
  return fail(Code::kInvalidArgument, "hostPath type " + std::string(type) + " is not known");
}

std::string type_of(const json::Value& volume) {
  if (const auto* object = volume.if_object())
    for (const auto& [key, value] : *object)
      if (key != "name") return std::string(key);
  return "empty";
}

// Makes what is absent below `root`, a part at a time, each resolved beneath it.
Result<base::Fd> open_or_make_beneath(int root, const std::string& sub_path) {
  base::Fd found = open_beneath(root, sub_path, O_PATH);
  if (found) return found;
  if (errno != ENOENT) return fail_errno("subPath " + sub_path);
  std::string done;
  for (const auto part : base::split(sub_path, '/')) {
    if (part.empty()) continue;
    base::Fd parent = open_beneath(root, done.empty() ? "." : done, O_PATH | O_DIRECTORY);
    if (!parent) return fail_errno("subPath " + sub_path);
    if (::mkdirat(parent.get(), std::string(part).c_str(), 0777) != 0 && errno != EEXIST)
      return fail_errno("mkdir of subPath " + sub_path);
    done += (done.empty() ? "" : "/") + std::string(part);
  }
  found = open_beneath(root, sub_path, O_PATH);
  if (!found) return fail_errno("subPath " + sub_path);
  return found;
}

}  // namespace

Result<> setup_volume(const PodDir& dir, const json::Value& volume, const ProjectionInput& in, base::WallTime now) {
  const std::string name(json::string_at(volume, {"name"}));
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.'))
    return fail(Code::kInvalidArgument, "volume name \"" + name + "\": not allowed");
  const std::string path = dir.volume(name);
  if (is_projection(volume)) {
    const auto files = TRY_CTX(project(volume, in), "MountVolume.SetUp failed for volume \"" + name + "\"");
    TRY(write_atomic_dir(path, files, in.pod.fs_group, now));
    return {};
  }
  if (const auto* source = json::find(volume, {"hostPath"}))
    return check_host_path(std::string(json::string_at(*source, {"path"})), json::string_at(*source, {"type"}));
  const auto* empty = json::find(volume, {"emptyDir"});
  const std::string type = type_of(volume);
  if (empty != nullptr || type == "empty")
    return setup_empty_dir(path, empty == nullptr ? json::Value(json::Object{}) : *empty, in.pod.fs_group);
  return fail(Code::kUnimplemented, "volume \"" + name + "\": type " + type + " is not supported yet");
}

Result<std::string> volume_host_path(const PodDir& dir, const PodSpec& pod, const std::string& volume) {
  for (const auto& entry : json::array_at(*pod.document, {"spec", "volumes"})) {
    if (json::string_at(entry, {"name"}) != volume) continue;
    if (const auto* source = json::find(entry, {"hostPath"})) return std::string(json::string_at(*source, {"path"}));
    return dir.volume(volume);
  }
  return fail(Code::kNotFound, "volume \"" + volume + "\" is not in the pod");
}

Result<std::string> bind_subpath(const PodDir& dir, const std::string& volume_path, const std::string& volume,
                                 const std::string& container, size_t index, const std::string& sub_path) {
  base::Fd root(::open(volume_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail_errno("open volume " + volume_path);
  const base::Fd found = TRY(open_or_make_beneath(root.get(), sub_path));
  struct stat st{};
  if (::fstat(found.get(), &st) != 0) return fail_errno("stat subPath " + sub_path);
  const std::string folder = dir.path() + "/subpaths/" + volume + '/' + container;
  TRY(base::make_dirs(folder, 0750));
  const std::string target = folder + '/' + std::to_string(index);
  while (is_mounted(target))
    if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) return fail_errno("umount " + target);
  if (S_ISDIR(st.st_mode)) {
    if (::mkdir(target.c_str(), 0750) != 0 && errno != EEXIST) return fail_errno("mkdir " + target);
  } else {
    base::Fd made(::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!made) return fail_errno("create " + target);
  }
  const std::string source = "/proc/self/fd/" + std::to_string(found.get());
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return fail_errno("bind subPath " + sub_path);
  return target;
}

Result<> unmount_pod_dir(const PodDir& dir) {
  for (const auto& target : TRY(mounts_below(dir.path())))
    if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL)
      return fail_errno("umount " + target);
  return {};
}

Result<> remove_pod_dir(const PodDir& dir) {
  struct stat st{};
  if (::lstat(dir.path().c_str(), &st) != 0) return {};
  TRY(unmount_pod_dir(dir));
  return base::remove_tree(dir.path());
}

}  // namespace appliance::orchestrator::kubelet
