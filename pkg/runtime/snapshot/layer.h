// Turns one layer's tar stream into an EROFS image. Memory: the tree (about 300 bytes per file) and two buffers.
//
//   auto stats = TRY(write_layer(tar_stream, image_fd, {}));    // then check the hash of what was read, fsync, rename
//
// The stream is read to its very end, also behind the archive's end, so that a hash below it sees every byte. Blocking.
#pragma once

#include "base/compress/source.h"
#include "base/tar/tar.h"
#include "runtime/snapshot/tree.h"

namespace appliance::runtime::snapshot {

struct LayerLimits {
  base::tar::Limits tar;
  TreeLimits tree;
};

struct LayerStats {
  uint64_t entries = 0;
  uint64_t image_bytes = 0;
};

// `fd` is an empty file open for writing; not synced here. Errors name the entry that is refused.
Result<LayerStats> write_layer(base::compress::Source& tar, int fd, LayerLimits limits = {});

}  // namespace appliance::runtime::snapshot
