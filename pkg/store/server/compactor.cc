#include "store/server/compactor.h"

#include <utility>

namespace appliance::store::server {

Revision compaction_target(Revision seen, const StoreStatus& status) {
  return seen > status.compact_revision ? seen : 0;  // an idle store is left alone
}

base::Nanos Compactor::tick() {
  const auto now = clock_.monotonic();
  if (now < next_) return next_ - now;
  next_ = now + kCompactionInterval;
  const auto status = kv_.status();
  const auto target = compaction_target(std::exchange(seen_, status.revision), status);
  if (target == 0) return kCompactionInterval;
  kv_.compact(target, [log = log_](Result<Revision> done) {
    // Compacted already (by a person), or stopping: nothing is wrong.
    if (!done && done.error().code != Code::kOutOfRange && done.error().code != Code::kCancelled)
      log.warn("history was not compacted, the next round tries again", {{"error", done.error()}});
  });
  return kCompactionInterval;
}

}  // namespace appliance::store::server
