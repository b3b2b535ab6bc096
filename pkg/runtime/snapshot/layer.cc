#include "runtime/snapshot/layer.h"

#include <vector>

#include "runtime/snapshot/erofs.h"

namespace appliance::runtime::snapshot {

namespace {

constexpr size_t kCopyBytes = 256U << 10U;

Result<> copy_data(base::tar::Reader& reader, ErofsWriter& writer, std::vector<char>& buffer) {
  while (const size_t n = TRY(reader.read(buffer))) TRY(writer.data({buffer.data(), n}));
  return {};
}

}  // namespace

Result<LayerStats> write_layer(base::compress::Source& tar, int fd, LayerLimits limits) {
  base::tar::Reader reader(tar, limits.tar);
  Tree tree(limits.tree);
  ErofsWriter writer(fd);
  std::vector<char> buffer(kCopyBytes);
  LayerStats stats;
  while (const auto entry = TRY(reader.next())) {
    ++stats.entries;
    const uint32_t number = TRY(tree.add(*entry));
    if (number == Tree::kNone || entry->type != base::tar::Type::kFile || entry->size == 0) continue;
    Inode& inode = tree.inode(number);
    inode.data_block = TRY(writer.begin_file());
    TRY(copy_data(reader, writer, buffer));
  }
  TRY(base::compress::drain(tar));
  stats.image_bytes = TRY(writer.finish(tree));
  return stats;
}

}  // namespace appliance::runtime::snapshot
