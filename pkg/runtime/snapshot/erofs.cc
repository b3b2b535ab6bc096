#include "runtime/snapshot/erofs.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/crc32c.h"

namespace appliance::runtime::snapshot {

namespace {

constexpr size_t kBufferBytes = 1U << 20U;
constexpr uint32_t kMagic = 0xE0F5E1E2;
constexpr uint64_t kSuperOffset = 1024;
constexpr uint32_t kCompatChecksum = 1;
constexpr uint32_t kCompatMtime = 2;
constexpr uint64_t kSlot = 32;
constexpr uint64_t kInodeBytes = 64;
constexpr uint16_t kExtended = 1;
constexpr uint16_t kLayoutPlain = 0;
constexpr uint16_t kLayoutInline = 2;
constexpr size_t kDirentBytes = 12;
constexpr uint32_t kNoBlock = 0xffffffff;

template <class T>
void put(std::string& out, T value) {  // little endian
  for (size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
}

void put_at(std::string& out, size_t offset, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) out[offset + i] = static_cast<char>(value >> (8 * i));
}

uint64_t up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

struct Prefix {
  std::string_view text;
  uint8_t index;
};
// Longest first where one begins another; ACLs are whole names.
constexpr Prefix kPrefixes[] = {
    {"system.posix_acl_access", 2}, {"system.posix_acl_default", 3}, {"user.", 1}, {"trusted.", 4}, {"security.", 6}};

std::string encode_xattrs(const Inode& inode) {
  if (inode.xattrs.empty()) return {};
  std::string out(12, '\0');  // name filter (unused), shared count 0
  for (const auto& [name, value] : inode.xattrs) {
    const auto* prefix = std::ranges::find_if(kPrefixes, [&](const Prefix& p) { return name.starts_with(p.text); });
    APP_CHECK(prefix != std::end(kPrefixes));  // the tree keeps no others
    const std::string_view rest = std::string_view(name).substr(prefix->text.size());
    put(out, static_cast<uint8_t>(rest.size()));
    put(out, prefix->index);
    put(out, static_cast<uint16_t>(value.size()));
    out += rest;
    out += value;
    out.resize(up(out.size(), 4), '\0');
  }
  return out;
}

uint8_t dirent_type(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 1;
    case S_IFDIR:
      return 2;
    case S_IFCHR:
      return 3;
    case S_IFBLK:
      return 4;
    case S_IFIFO:
      return 5;
    case S_IFLNK:
      return 7;
    default:
      return 0;
  }
}

struct Name {
  std::string_view text;
  uint32_t inode;
};

std::vector<Name> names_of(const Tree& tree, uint32_t folder) {
  std::vector<Name> out;
  const Inode& inode = tree.inode(folder);
  out.reserve(inode.children.size() + 2);
  for (const auto& [name, child] : inode.children) out.push_back({name, child});
  for (const Name& dot : {Name{".", folder}, Name{"..", inode.parent}}) {
    out.insert(std::ranges::lower_bound(out, dot.text, {}, &Name::text), dot);
  }
  return out;
}

// How many names, beginning at `first`, go into one block, and the bytes that they take.
std::pair<size_t, size_t> block_share(const std::vector<Name>& names, size_t first) {
  size_t count = 0;
  size_t bytes = 0;
  while (first + count < names.size()) {
    const size_t more = kDirentBytes + names[first + count].text.size();
    if (bytes + more > kErofsBlock) break;
    bytes += more;
    ++count;
  }
  return {count, bytes};
}

uint64_t folder_size(const std::vector<Name>& names) {
  uint64_t size = 0;
  for (size_t first = 0; first < names.size();) {
    const auto [count, bytes] = block_share(names, first);
    first += count;
    size += first < names.size() ? kErofsBlock : bytes;
  }
  return size;
}

// Where one inode goes and what stands with it.
struct Plan {
  uint32_t inode = 0;
  uint32_t links = 0;
  uint64_t offset = 0;  // in the inode area
  uint64_t size = 0;
  uint64_t head = 0;  // bytes of inode and xattrs
  uint64_t tail = 0;  // inline bytes
  uint32_t block = kNoBlock;
};

class Layout {
 public:
  explicit Layout(const Tree& tree) : tree_(tree), at_(tree.size(), UINT32_MAX) {
    visit(Tree::kRoot);
    for (size_t i = 0; i < plans_.size(); ++i) {
      const uint32_t number = plans_[i].inode;
      if (!tree.inode(number).is_directory()) continue;
      plans_[i].links += 2;
      for (const auto& [name, child] : tree.inode(number).children) {
        const uint32_t known = visit(child);
        if (tree.inode(child).is_directory())
          ++plans_[i].links;
        else
          ++plans_[known].links;
      }
    }
    uint64_t offset = 0;
    for (Plan& plan : plans_) place(plan, offset);
    bytes_ = offset;
  }

  std::vector<Plan>& plans() { return plans_; }
  [[nodiscard]] uint64_t nid(uint32_t inode) const { return plans_[at_[inode]].offset / kSlot; }

 private:
  uint32_t visit(uint32_t inode) {
    if (at_[inode] == UINT32_MAX) {
      at_[inode] = static_cast<uint32_t>(plans_.size());
      plans_.push_back({.inode = inode});
    }
    return at_[inode];
  }

  void place(Plan& plan, uint64_t& offset) {
    const Inode& inode = tree_.inode(plan.inode);
    plan.size = inode.is_directory() ? folder_size(names_of(tree_, plan.inode))
                : inode.is_symlink() ? inode.target.size()
                                     : inode.size;
    plan.head = kInodeBytes + encode_xattrs(inode).size();
    const uint64_t tail = inode.is_file() ? 0 : plan.size % kErofsBlock;
    const bool inline_fits = tail > 0 && plan.head + tail <= kErofsBlock;
    plan.tail = inline_fits ? tail : 0;
    offset = up(offset, kSlot);
    const uint64_t whole = plan.head + plan.tail;
    // Inode, xattrs and tail stay in one block when they can; larger ones begin a block.
    if (offset % kErofsBlock + std::min(whole, kErofsBlock) > kErofsBlock) offset = up(offset, kErofsBlock);
    plan.offset = offset;
    offset += whole;
  }

  const Tree& tree_;
  std::vector<uint32_t> at_;
  std::vector<Plan> plans_;
  uint64_t bytes_ = 0;
};

std::string folder_block(const Tree& tree, const Layout& layout, const std::vector<Name>& names, size_t first,
                         size_t count) {
  std::string head;
  std::string text;
  for (size_t i = first; i < first + count; ++i) {
    put(head, layout.nid(names[i].inode));
    put(head, static_cast<uint16_t>(count * kDirentBytes + text.size()));
    put(head, dirent_type(tree.inode(names[i].inode).mode));
    put(head, uint8_t{0});
    text += names[i].text;
  }
  return head + text;
}

// The bytes of a folder as they lie in its blocks; the last one is not filled up.
std::string folder_bytes(const Tree& tree, const Layout& layout, uint32_t folder) {
  const std::vector<Name> names = names_of(tree, folder);
  std::string out;
  for (size_t first = 0; first < names.size();) {
    out.resize(up(out.size(), kErofsBlock), '\0');
    const size_t count = block_share(names, first).first;
    out += folder_block(tree, layout, names, first, count);
    first += count;
  }
  return out;
}

std::string content_of(const Tree& tree, const Layout& layout, uint32_t number) {
  const Inode& inode = tree.inode(number);
  if (inode.is_directory()) return folder_bytes(tree, layout, number);
  return inode.is_symlink() ? inode.target : std::string();
}

uint32_t encode_device(const Inode& inode) {  // new_encode_dev() of the kernel
  const uint32_t minor = inode.device_minor;
  return (minor & 0xffU) | (inode.device_major << 8U) | ((minor & ~0xffU) << 12U);
}

std::string encode_inode(const Inode& inode, const Plan& plan, uint32_t ino) {
  const std::string xattrs = encode_xattrs(inode);
  const bool device = S_ISCHR(inode.mode) || S_ISBLK(inode.mode);
  std::string out;
  put(out, static_cast<uint16_t>(kExtended | (plan.tail > 0 ? kLayoutInline : kLayoutPlain) << 1U));
  put(out, static_cast<uint16_t>(xattrs.empty() ? 0 : (xattrs.size() - 12) / 4 + 1));
  put(out, static_cast<uint16_t>(inode.mode));
  put(out, uint16_t{0});
  put(out, plan.size);
  put(out, device ? encode_device(inode) : plan.block);
  put(out, ino);
  put(out, inode.uid);
  put(out, inode.gid);
  put(out, static_cast<uint64_t>(inode.mtime_s));
  put(out, inode.mtime_ns);
  put(out, plan.links);
  out.resize(kInodeBytes, '\0');
  return out + xattrs;
}

std::string superblock(uint64_t root_nid, uint64_t inodes, uint64_t blocks, uint64_t meta_block) {
  std::string out(kSuperOffset, '\0');
  put(out, kMagic);
  put(out, uint32_t{0});  // checksum
  put(out, kCompatChecksum | kCompatMtime);
  put(out, uint8_t{12});  // block bits
  put(out, uint8_t{0});
  put(out, static_cast<uint16_t>(root_nid));
  put(out, inodes);
  put(out, uint64_t{0});  // build time: none, so that images repeat
  put(out, uint32_t{0});
  put(out, static_cast<uint32_t>(blocks));
  put(out, static_cast<uint32_t>(meta_block));
  out.resize(kErofsBlock, '\0');  // no shared xattrs, zero uuid and name, no incompatible feature
  // EROFS stores the CRC-32C without its final inversion.
  put_at(out, kSuperOffset + 4, ~base::crc32c(0, std::string_view(out).substr(kSuperOffset)));
  return out;
}

}  // namespace

ErofsWriter::ErofsWriter(int fd) : fd_(fd) {
  buffer_.reserve(kBufferBytes);
  buffer_.resize(kErofsBlock, '\0');  // the superblock's place
}

Result<> ErofsWriter::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(written_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write image");
    written_ += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<> ErofsWriter::flush() {
  TRY(write_out(buffer_));
  buffer_.clear();
  return {};
}

Result<> ErofsWriter::append(std::string_view bytes) {
  if (buffer_.size() + bytes.size() >= kBufferBytes) {
    TRY(flush());
    if (bytes.size() >= kBufferBytes) return write_out(bytes);  // a mapped file goes out without a copy
  }
  buffer_.append(bytes);
  return {};
}

Result<> ErofsWriter::fill_block() {
  static constexpr std::array<char, kErofsBlock> kZeros{};
  return append({kZeros.data(), up(position(), kErofsBlock) - position()});
}

Result<uint32_t> ErofsWriter::begin_file() {
  TRY(fill_block());
  const uint64_t block = position() / kErofsBlock;
  if (block >= kNoBlock) return fail(Code::kResourceExhausted, "the image is larger than 16 TiB");
  return static_cast<uint32_t>(block);
}

Result<> ErofsWriter::data(std::string_view bytes) { return append(bytes); }

Result<uint64_t> ErofsWriter::finish(const Tree& tree) {
  Layout layout(tree);
  for (Plan& plan : layout.plans()) {
    const Inode& inode = tree.inode(plan.inode);
    if (inode.is_file()) {
      plan.block = inode.size > 0 ? inode.data_block : kNoBlock;
      continue;
    }
    const std::string content = content_of(tree, layout, plan.inode);
    APP_CHECK(content.size() == plan.size || !(inode.is_directory() || inode.is_symlink()));
    const size_t outside = content.size() - plan.tail;
    if (outside == 0) continue;
    plan.block = TRY(begin_file());
    TRY(append(std::string_view(content).substr(0, outside)));
  }
  const uint64_t meta_block = TRY(begin_file());
  const uint64_t meta_start = position();
  uint32_t ino = 0;
  for (const Plan& plan : layout.plans()) {
    const std::string gap(meta_start + plan.offset - position(), '\0');
    TRY(append(gap));
    TRY(append(encode_inode(tree.inode(plan.inode), plan, ++ino)));
    if (plan.tail > 0) {
      const std::string content = content_of(tree, layout, plan.inode);
      TRY(append(std::string_view(content).substr(content.size() - plan.tail)));
    }
  }
  TRY(fill_block());
  TRY(flush());
  const uint64_t end = written_;
  buffer_ = superblock(layout.nid(Tree::kRoot), layout.plans().size(), end / kErofsBlock, meta_block);
  written_ = 0;
  TRY(flush());
  return end;
}

}  // namespace appliance::runtime::snapshot
