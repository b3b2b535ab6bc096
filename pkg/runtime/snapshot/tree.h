// The files of one layer as a tree in memory, with OCI's rules for layers applied (image-spec, layer.md). Pure: entries
// in, inodes out; data stays where the caller put it. Nothing here is a path of the host: `..` can't leave the tree, a
// symlink on the way is followed inside the tree, as if its root were `/`.
//
//   Tree tree;
//   uint32_t inode = TRY(tree.add(entry));      // then tree.inode(inode).data_block = where the bytes went
//
// - An entry of a name that is there replaces it (a folder over a folder only updates its attributes).
// - `.wh.NAME` hides NAME of lower layers: a character device 0:0, unless this layer has a NAME of its own.
// - `.wh..wh..opq` hides what lower layers have in the folder: xattr trusted.overlay.opaque=y.
// - Kept xattrs: user.*, security.capability, POSIX ACLs. Dropped: trusted.*, user.overlay.*, and what else hosts own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/tar/tar.h"

namespace appliance::runtime::snapshot {

struct Inode {
  uint32_t mode = 0;  // type and permission bits, as st_mode
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime_s = 0;
  uint32_t mtime_ns = 0;
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  uint64_t size = 0;        // of a file's data
  uint32_t data_block = 0;  // first block of it in the image
  std::string target;       // of a symlink
  std::map<std::string, std::string> xattrs;
  std::map<std::string, uint32_t, std::less<>> children;  // of a folder, in byte order as EROFS wants them
  uint32_t parent = 0;                                    // of a folder
  bool implied = false;                                   // a folder that no entry described
  bool whited_out = false;  // `.wh.` of this name was seen: when it is a folder it hides the lower one

  [[nodiscard]] bool is_directory() const;
  [[nodiscard]] bool is_symlink() const;
  [[nodiscard]] bool is_file() const;
};

struct TreeLimits {
  size_t symlinks_max = 40;         // as the kernel's MAXSYMLINKS
  size_t depth_max = 1024;          // folders in folders; PATH_MAX allows 2048
  uint64_t inodes_max = 2'000'000;  // implied folders count too
};

class Tree {
 public:
  explicit Tree(TreeLimits limits = {});
  // The inode that the entry made, changed or links to; kNone for a whiteout. Errors name the path.
  Result<uint32_t> add(const base::tar::Entry& entry);
  static constexpr uint32_t kNone = UINT32_MAX;
  [[nodiscard]] Inode& inode(uint32_t number) { return inodes_[number]; }
  [[nodiscard]] const Inode& inode(uint32_t number) const { return inodes_[number]; }
  [[nodiscard]] size_t size() const { return inodes_.size(); }
  static constexpr uint32_t kRoot = 0;

 private:
  Result<uint32_t> walk(std::string_view path, size_t& symlinks, bool create);
  Result<uint32_t> step(uint32_t folder, std::string_view name, size_t& symlinks, size_t depth, bool create);
  Result<uint32_t> add_hardlink(uint32_t folder, const std::string& name, const base::tar::Entry& entry);
  Result<> add_whiteout(uint32_t folder, std::string_view name);
  Result<uint32_t> make(Inode inode);
  uint32_t parent_of(uint32_t folder) const { return inodes_[folder].parent; }

  TreeLimits limits_;
  std::vector<Inode> inodes_;
};

}  // namespace appliance::runtime::snapshot
