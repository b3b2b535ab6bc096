#include "runtime/snapshot/tree.h"

#include <sys/stat.h>

#include "base/strings.h"

namespace appliance::runtime::snapshot {

namespace {

using base::tar::Entry;
using base::tar::Type;

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kOpaqueXattr = "trusted.overlay.opaque";
constexpr size_t kSymlinkMax = 4095;      // PATH_MAX without its NUL
constexpr size_t kXattrNameMax = 255;     // XATTR_NAME_MAX
constexpr size_t kXattrValueMax = 65535;  // XATTR_SIZE_MAX - 1: fits EROFS's 16 bits

Error refused(std::string_view path, std::string_view why) {
  return {.code = Code::kInvalidArgument,
          .message = "path \"" + std::string(path.substr(0, 200)) + "\": " + std::string(why),
          .errno_value = 0,
          .hint = {}};
}

uint32_t type_bits(Type type) {
  switch (type) {
    case Type::kDirectory:
      return S_IFDIR;
    case Type::kSymlink:
      return S_IFLNK;
    case Type::kFifo:
      return S_IFIFO;
    case Type::kCharDevice:
      return S_IFCHR;
    case Type::kBlockDevice:
      return S_IFBLK;
    case Type::kFile:
    case Type::kHardlink:
      break;
  }
  return S_IFREG;
}

bool keep_xattr(std::string_view name) {
  if (name == "security.capability" || name == "system.posix_acl_access" || name == "system.posix_acl_default")
    return true;
  return name.starts_with("user.") && name.size() > 5 && !name.starts_with("user.overlay.");
}

Result<Inode> inode_of(const Entry& entry) {
  Inode out;
  out.mode = type_bits(entry.type) | (entry.mode & 07777U);
  out.uid = entry.uid;
  out.gid = entry.gid;
  out.mtime_s = entry.mtime_s;
  out.mtime_ns = entry.mtime_ns;
  out.device_major = entry.device_major;
  out.device_minor = entry.device_minor;
  out.size = entry.size;
  if (entry.type == Type::kSymlink) {
    if (entry.link.empty() || entry.link.size() > kSymlinkMax || entry.link.find('\0') != std::string::npos) {
      return fail(refused(entry.path, "a symlink's target is empty, too long or holds a NUL"));
    }
    out.target = entry.link;
    out.mode = S_IFLNK | 0777U;
  }
  if (entry.device_major > 0xfff || entry.device_minor > 0xfffff)
    return fail(refused(entry.path, "a device number is out of range"));
  for (const auto& [name, value] : entry.xattrs) {
    if (!keep_xattr(name)) continue;
    if (name.size() > kXattrNameMax || value.size() > kXattrValueMax)
      return fail(refused(entry.path, "an xattr is too long"));
    out.xattrs.emplace(name, value);
  }
  return out;
}

}  // namespace

bool Inode::is_directory() const { return S_ISDIR(mode); }
bool Inode::is_symlink() const { return S_ISLNK(mode); }
bool Inode::is_file() const { return S_ISREG(mode); }

Tree::Tree(TreeLimits limits) : limits_(limits) {
  Inode root;
  root.mode = S_IFDIR | 0755U;
  root.implied = true;
  inodes_.push_back(std::move(root));
}

Result<uint32_t> Tree::make(Inode inode) {
  if (inodes_.size() >= limits_.inodes_max) {
    return fail(Code::kResourceExhausted, "more than " + std::to_string(limits_.inodes_max) + " files and folders");
  }
  inodes_.push_back(std::move(inode));
  return static_cast<uint32_t>(inodes_.size() - 1);
}

// From `folder` to its child `name`, through symlinks; a folder is made where nothing (or no folder) is, when `create`.
Result<uint32_t> Tree::step(uint32_t folder, std::string_view name, size_t& symlinks, size_t depth, bool create) {
  if (depth > limits_.depth_max) return fail(refused(name, "folders are nested too deeply"));
  if (name.empty() || name == ".") return folder;
  if (name == "..") return parent_of(folder);
  const auto found = inodes_[folder].children.find(name);
  if (found != inodes_[folder].children.end()) {
    const Inode& child = inodes_[found->second];
    if (child.is_directory()) return found->second;
    if (child.is_symlink()) {
      if (++symlinks > limits_.symlinks_max) return fail(refused(name, "too many symlinks on the way"));
      const std::string target = child.target;  // a copy: making folders moves inodes
      uint32_t at = target.starts_with('/') ? kRoot : folder;
      for (const std::string_view part : base::split(target, '/'))
        at = TRY(step(at, part, symlinks, depth + 1, create));
      return at;
    }
    return fail(refused(name, "is on the way to another entry but is not a folder"));
  }
  if (!create) return fail(refused(name, "is not in this layer"));
  Inode implied;
  implied.mode = S_IFDIR | 0755U;
  implied.parent = folder;
  implied.implied = true;
  const uint32_t made = TRY(make(std::move(implied)));
  inodes_[folder].children.emplace(name, made);
  return made;
}

Result<uint32_t> Tree::walk(std::string_view path, size_t& symlinks, bool create) {
  uint32_t at = kRoot;
  if (path.empty()) return at;
  const auto parts = base::split(path, '/');
  if (parts.size() > limits_.depth_max) return fail(refused(path, "folders are nested too deeply"));
  for (const std::string_view part : parts) at = TRY(step(at, part, symlinks, 0, create));
  return at;
}

Result<> Tree::add_whiteout(uint32_t folder, std::string_view name) {
  if (name == kOpaque) {
    inodes_[folder].xattrs[std::string(kOpaqueXattr)] = "y";
    return {};
  }
  if (name.starts_with(".wh..wh.")) return {};  // AUFS's own records (.wh..wh.plnk and others) mean nothing here
  const std::string_view hidden = name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..") return fail(refused(name, "is not a whiteout of anything"));
  const auto found = inodes_[folder].children.find(hidden);
  if (found != inodes_[folder].children.end()) {
    Inode& own = inodes_[found->second];
    own.whited_out = true;
    if (own.is_directory()) own.xattrs[std::string(kOpaqueXattr)] = "y";
    return {};
  }
  Inode whiteout;
  whiteout.mode = S_IFCHR;
  whiteout.whited_out = true;
  const uint32_t made = TRY(make(std::move(whiteout)));
  inodes_[folder].children.emplace(hidden, made);
  return {};
}

Result<uint32_t> Tree::add_hardlink(uint32_t folder, const std::string& name, const Entry& entry) {
  const std::string path = TRY(base::tar::normalize(entry.link));
  const size_t slash = path.rfind('/');
  size_t symlinks = 0;
  const auto holder = walk(slash == std::string::npos ? "" : std::string_view(path).substr(0, slash), symlinks, false);
  const std::string_view base_name =
      slash == std::string::npos ? std::string_view(path) : std::string_view(path).substr(slash + 1);
  const bool there = holder && inodes_[*holder].children.contains(base_name);
  const uint32_t target = there ? inodes_[*holder].children.find(base_name)->second : kRoot;
  if (!there || inodes_[target].is_directory() || inodes_[target].whited_out) {
    return fail(refused(entry.path, "is a hard link to \"" + path + "\", which is not a file of this layer"));
  }
  inodes_[folder].children[name] = target;
  return target;
}

Result<uint32_t> Tree::add(const Entry& entry) {
  const std::string path = TRY(base::tar::normalize(entry.path));
  if (path.empty()) {
    if (entry.type != Type::kDirectory) return fail(refused(entry.path, "is the root but not a folder"));
    Inode root = TRY(inode_of(entry));
    root.children = std::move(inodes_[kRoot].children);
    if (inodes_[kRoot].xattrs.contains(std::string(kOpaqueXattr))) root.xattrs[std::string(kOpaqueXattr)] = "y";
    inodes_[kRoot] = std::move(root);
    return kRoot;
  }
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  size_t symlinks = 0;
  const auto walked = walk(slash == std::string::npos ? "" : std::string_view(path).substr(0, slash), symlinks, true);
  if (!walked) return fail(walked.error().wrap("entry \"" + path.substr(0, 200) + '"'));
  const uint32_t folder = *walked;
  if (name.starts_with(kWhiteout)) {
    TRY(add_whiteout(folder, name));
    return kNone;
  }

  const auto found = inodes_[folder].children.find(name);
  const bool there = found != inodes_[folder].children.end();
  const bool hides_lower = there && inodes_[found->second].whited_out;
  if (entry.type == Type::kHardlink) return add_hardlink(folder, name, entry);

  Inode inode = TRY(inode_of(entry));
  inode.whited_out = hides_lower;
  if (inode.is_directory()) {
    inode.parent = folder;
    const bool over_folder = there && inodes_[found->second].is_directory();
    const bool opaque = over_folder && inodes_[found->second].xattrs.contains(std::string(kOpaqueXattr));
    if (opaque || hides_lower) inode.xattrs[std::string(kOpaqueXattr)] = "y";
    if (over_folder) {
      const uint32_t same = found->second;
      inode.children = std::move(inodes_[same].children);
      inodes_[same] = std::move(inode);
      return same;
    }
  }
  const uint32_t made = TRY(make(std::move(inode)));
  inodes_[folder].children[name] = made;
  return made;
}

}  // namespace appliance::runtime::snapshot
