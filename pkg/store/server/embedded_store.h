// The store in this process, behind kv.h: one voter today, in the shape that replication needs.
//
//   auto store = TRY(EmbeddedStore::open({.dir = "/var/lib/appliance/store", .fs = fs, .clock = clock, .log = log}));
//   store->txn(...);
//   store->stop();
//
// The life of a write: txn() checks and queues it; the store thread turns it into a log entry; the log thread makes it
// durable together with whatever else waits; the store thread applies it to the overlay, tells watchers and calls back;
// the flush thread brings it to SQLite later. Folder: LOCK, log/*.wal, state.db. Threads: store, store-log,
// store-flush, store-watch, store-read.
//
// A full disk: writes answer kResourceExhausted naming the disk, reads and watches go on; writes go on by themselves
// when there is room. Any other failure of the log stops writes until the process starts again (a failed fdatasync
// can't be repeated).
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "store/kv.h"

namespace appliance::store::server {

inline constexpr size_t kProposalsMax = 16384;           // waiting writes; more are told "too many requests"
inline constexpr size_t kProposalBytesMax = 64U << 20U;  // what waiting writes may hold
inline constexpr size_t kOverlayBytesMax = 32U << 20U;   // then writes wait for the flusher
inline constexpr size_t kInflightBytesMax =
    8U << 20U;  // on the way to the log; half a segment, so a spare one takes it all

struct StoreOptions {
  std::string dir;
  base::Fs& fs;
  const base::Clock& clock;
  base::Log log = {};
  base::Metrics* metrics = nullptr;  // outlives the store
  base::Random* random = nullptr;    // null: the system's
  std::string version = {};          // shown by status()
  int readers = 2;
  uint64_t segment_bytes = 16U << 20U;  // at least 4 * kTxnBytesMax
  size_t overlay_bytes_max = kOverlayBytesMax;
  std::chrono::milliseconds lease_check_interval{500};
  std::chrono::milliseconds flush_linger{100};
};

class EmbeddedStore final : public Kv {
 public:
  // kFailedPrecondition: another process holds the folder (named), or the data is of a newer version; kDataLoss:
  // damaged, the hint says what to do.
  static Result<std::unique_ptr<EmbeddedStore>> open(StoreOptions options);
  ~EmbeddedStore() override;  // stop()
  void stop();                // answers what waits, flushes, joins all threads; idempotent

  void range(RangeRequest request, Callback<RangeResponse> done) override;
  void txn(TxnRequest request, Callback<TxnResponse> done) override;
  [[nodiscard]] std::unique_ptr<Watch> watch(WatchRequest request, WatchCallback on_batch) override;
  void compact(Revision revision, Callback<Revision> done) override;
  void lease_grant(LeaseId id, int64_t ttl_seconds, Callback<LeaseId> done) override;
  void lease_revoke(LeaseId id, Callback<Revision> done) override;
  void lease_keep_alive(LeaseId id, Callback<int64_t> done) override;
  [[nodiscard]] StoreStatus status() const override;

  class Core;  // core.h

 private:
  explicit EmbeddedStore(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace appliance::store::server
