// The store thread and what it owns. Its loop has the shape of Raft's Ready: take proposals, append them to the log,
// apply what has become durable (with one voter: committed), in order, then answer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "store/server/applier.h"
#include "store/server/embedded_store.h"
#include "store/server/flush_thread.h"
#include "store/server/log_thread.h"
#include "store/server/metrics.h"
#include "store/server/read_pool.h"
#include "store/server/watch_hub.h"

namespace appliance::store::server {

// A write on its way: waiting, or in the log and not durable yet.
struct Proposal {
  mvcc::Command command;
  Callback<Answer> done;
  size_t bytes = 0;  // of the encoded command, as the log will hold it
  std::string encoded;
  base::MonoTime started;
};

class EmbeddedStore::Core {
 public:
  explicit Core(StoreOptions options);
  ~Core() { stop(); }
  Result<> open();
  void stop();

  void propose(mvcc::Command command, Callback<Answer> done);  // any thread
  void answer(std::move_only_function<void()> call);           // any thread; the call comes on a thread of the store
  void keep_alive(LeaseId id, Callback<int64_t> done);         // any thread
  void range(RangeRequest request, Callback<RangeResponse> done);
  void read_txn(TxnRequest request, Callback<TxnResponse> done);  // of a read_only() transaction: no log entry
  std::unique_ptr<Watch> watch(WatchRequest request, WatchCallback on_batch);
  [[nodiscard]] StoreStatus status() const;
  [[nodiscard]] LeaseId new_lease_id();

 private:
  Result<> open_state();
  Result<> replay(wal::Entry entry);
  Result<> check_log(const wal::Recovery& found);
  Result<> start_threads();

  void run();
  void on_durable(const LogBatch& batch);
  void apply_one(Proposal proposal);
  void read_one(const TxnRequest& request, Callback<TxnResponse> done);
  bool propose_waiting();                              // false: some must wait for room
  [[nodiscard]] std::optional<Error> refusal() const;  // why the disk takes no write now; nullopt = it does
  void expire_leases();
  void fail_all(std::deque<Proposal>& proposals, const Error& error);
  void fail_store(Error error);
  void wake();

  StoreOptions options_;
  base::SystemRandom system_random_;
  base::Random& random_;
  base::Metrics own_metrics_;
  StoreMetrics metrics_;
  std::unique_ptr<base::FileLock> lock_;
  std::unique_ptr<mvcc::Mvcc> mvcc_;
  std::unique_ptr<wal::Wal> wal_;
  std::unique_ptr<Applier> applier_;  // store thread
  std::shared_ptr<WatchHub> hub_;
  std::unique_ptr<ReadPool> reads_;
  std::unique_ptr<FlushThread> flusher_;
  std::unique_ptr<LogThread> log_;

  // Store thread.
  std::deque<Proposal> inflight_;
  size_t inflight_bytes_ = 0;
  uint64_t next_index_ = 1;
  uint64_t applied_index_ = 0;
  wal::HardState hard_state_;
  bool hard_state_dirty_ = false;
  base::MonoTime next_lease_check_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Proposal> waiting_;
  size_t waiting_bytes_ = 0;
  std::vector<LogBatch> durable_;
  std::vector<std::pair<LeaseId, Callback<int64_t>>> keep_alives_;
  std::vector<std::pair<TxnRequest, Callback<TxnResponse>>> read_txns_;
  bool nudged_ = false;          // the flusher made room, or a problem changed
  std::optional<Error> failed_;  // the log is gone: no write until a restart
  bool stopping_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace appliance::store::server
