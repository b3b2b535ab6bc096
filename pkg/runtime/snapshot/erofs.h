// Writes EROFS images (kernel Documentation/filesystems/erofs.rst; fs/erofs/erofs_fs.h): read-only file systems that
// the kernel mounts straight from the file. Uncompressed and deterministic: the same tree and data give the same bytes.
//
//   offset 0      1024 bytes of zeros
//          1024   superblock, 128 bytes: magic e0f5e1e2, crc32c of bytes 1024..4095 with this field zero, block size
//          2^12,
//                 nid of the root, count of inodes, count of blocks, block where inodes begin, feature bits
//          4096   data of files, in the order in which they were added, each filled up to a block
//                 whole blocks of folders, targets of symlinks that don't fit behind their inode
//          M*4096 inodes; nid = offset in this area / 32; root first (its nid has 16 bits)
//
//   inode, 64 bytes (the extended form, always: 32-bit ids, 64-bit sizes and times)
//     0 u16 format: bit 0 extended, bits 1-3 layout (0 plain, 2 inline: the last partial block stands behind the inode)
//     2 u16 xattr units · 4 u16 mode · 8 u64 size · 16 u32 first data block, or rdev · 20 u32 ino · 24 u32 uid · 28 u32
//     gid 32 u64 mtime s · 40 u32 mtime ns · 44 u32 links · 48 16 zeros
//   then xattrs: 12 bytes of header, then {u8 name length, u8 prefix, u16 value length, name, value} filled up to 4;
//   then the inline tail, which never crosses a block
//   folder block: {u64 nid, u16 name offset, u8 type, u8 0} for each name, then the names; all names of the folder, "."
//   and
//   ".." among them, ascend in byte order over its blocks
//
// Files use the plain layout: up to 4095 bytes are lost per file, and its pages map directly. Blocking; one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "runtime/snapshot/tree.h"

namespace appliance::runtime::snapshot {

constexpr uint64_t kErofsBlock = 4096;

// Appends to the image file through a buffer, so that small files don't cost a write each.
class ErofsWriter {
 public:
  explicit ErofsWriter(int fd);  // borrows an empty file open for writing
  // The block where the next file's data will begin. Ends the file before.
  Result<uint32_t> begin_file();
  Result<> data(std::string_view bytes);
  // Writes folders, inodes and superblock. The caller syncs and renames. Returns the image's size in bytes.
  Result<uint64_t> finish(const Tree& tree);

 private:
  Result<> append(std::string_view bytes);
  Result<> fill_block();
  Result<> write_out(std::string_view bytes);
  Result<> flush();
  [[nodiscard]] uint64_t position() const { return written_ + buffer_.size(); }

  int fd_;
  uint64_t written_ = 0;
  std::string buffer_;
};

}  // namespace appliance::runtime::snapshot
