#include "store/mvcc/mvcc.h"

namespace appliance::store::mvcc {
namespace {
constexpr size_t kCompactRows = 200;  // looked at in one transaction: a few ms, so that flushing goes on between
constexpr int kVacuumPages = 256;     // 1 MiB given back at a time
}  // namespace

Result<std::unique_ptr<Mvcc>> Mvcc::open(base::Fs& fs, const std::string& dir) {
  auto out = std::unique_ptr<Mvcc>(new Mvcc(fs));
  out->path_ = dir + "/state.db";
  out->writer_ = TRY(TableWriter::open(out->path_, out->vfs_));
  const Meta& meta = out->writer_.written();
  out->position_ = {.revision = meta.revision,
                    .compact = meta.compact,
                    .keys = meta.keys,
                    .applied_index = meta.applied_index,
                    .applied_term = meta.applied_term};
  return out;
}

void Mvcc::publish(AppliedEntry entry) {
  const std::unique_lock lock(mutex_);
  position_.revision = entry.revision;
  position_.keys = entry.keys;
  position_.applied_index = entry.index;
  position_.applied_term = entry.term;
  if (entry.compact > 0) position_.compact = entry.compact;
  overlay_.add(std::move(entry));
}

Position Mvcc::position() const {
  const std::shared_lock lock(mutex_);
  return position_;
}

size_t Mvcc::overlay_bytes() const {
  const std::shared_lock lock(mutex_);
  return overlay_.bytes();
}

Result<bool> Mvcc::flush_slice() {
  if (!writing_) {
    const std::unique_lock lock(mutex_);
    writing_ = overlay_.freeze();
    written_ = 0;
  }
  if (!writing_) return false;
  written_ += TRY(writer_.write_slice(std::span(writing_->entries).subspan(written_)));
  if (written_ < writing_->entries.size()) return true;
  {
    const std::unique_lock lock(mutex_);
    overlay_.drop_frozen();
  }
  writing_.reset();  // outside the lock: a big generation takes time to free
  return true;
}

Result<bool> Mvcc::compact_slice() {
  const Revision to = writer_.written().compact;
  if (to <= compacted_) return false;
  if (TRY(writer_.compact_slice(to, kCompactRows))) {
    compacted_ = to;
    TRY(writer_.vacuum_slice(kVacuumPages));
  }
  return true;
}

Result<uint64_t> Mvcc::checkpoint(bool restart) {
  const uint64_t index = flushed_index();
  const auto done = TRY(writer_.checkpoint(restart));
  return done.complete() ? index : 0;
}

Result<uint64_t> Mvcc::db_bytes() {
  auto file = TRY(fs_.open(path_, {}));
  return file->size();
}

}  // namespace appliance::store::mvcc
