// FakeKv: store/kv.h in memory, for tests of the API server. Keeps the whole history, so that watches may start
// anywhere above `compacted`; callbacks come on one thread of its own, in the order of the calls. Errors can be
// injected.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "store/kv.h"

namespace appliance::orchestrator::apiserver::testing {

class FakeKv final : public store::Kv {
 public:
  FakeKv() : thread_([this] { run(); }) {}
  ~FakeKv() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void range(store::RangeRequest request, store::Callback<store::RangeResponse> done) override {
    post([this, request = std::move(request), done = std::move(done)]() mutable { done(do_range(request)); });
  }
  void txn(store::TxnRequest request, store::Callback<store::TxnResponse> done) override {
    post([this, request = std::move(request), done = std::move(done)]() mutable {
      if (fail_writes_) return done(fail(*fail_writes_));
      done(do_txn(request));
    });
  }
  std::unique_ptr<store::Watch> watch(store::WatchRequest request, store::WatchCallback on_batch) override {
    auto watch = std::make_unique<FakeWatch>(*this);
    const int id = watch->id;
    post([this, id, request = std::move(request), on_batch = std::move(on_batch)] {
      Watcher w{request, on_batch};
      if (request.start_revision != 0 && request.start_revision <= compacted_) {
        on_batch(fail(Code::kOutOfRange, std::string(store::kErrCompacted)));
        return;
      }
      for (const auto& batch : history_) {
        if (request.start_revision != 0 && batch.revision >= request.start_revision) deliver(w, batch);
      }
      const std::lock_guard lock(watch_mutex_);
      if (!cancelled_.contains(id)) watchers_.emplace(id, std::move(w));
    });
    return watch;
  }
  void compact(store::Revision revision, store::Callback<store::Revision> done) override {
    post([this, revision, done = std::move(done)]() mutable {
      compacted_ = revision;
      done(revision);
    });
  }
  void lease_grant(store::LeaseId, int64_t, store::Callback<store::LeaseId> done) override {
    post([done = std::move(done)]() mutable { done(fail(Code::kUnimplemented, "fake kv: no leases")); });
  }
  void lease_revoke(store::LeaseId, store::Callback<store::Revision> done) override {
    post([done = std::move(done)]() mutable { done(fail(Code::kUnimplemented, "fake kv: no leases")); });
  }
  void lease_keep_alive(store::LeaseId, store::Callback<int64_t> done) override {
    post([done = std::move(done)]() mutable { done(fail(Code::kUnimplemented, "fake kv: no leases")); });
  }
  [[nodiscard]] store::StoreStatus status() const override {
    const std::lock_guard lock(mutex_);
    store::StoreStatus out;
    out.revision = published_revision_;
    return out;
  }

  // Every write from now on fails with this error (nullopt: works again). Takes effect in order with the calls.
  void fail_writes(std::optional<Error> error) {
    post([this, error = std::move(error)]() mutable { fail_writes_ = std::move(error); });
  }
  // Every watch ends with this error, as when it fell behind.
  void break_watches(Error error) {
    post([this, error = std::move(error)] {
      std::map<int, Watcher> broken;
      const std::lock_guard lock(watch_mutex_);
      broken.swap(watchers_);
      for (auto& [id, w] : broken) w.on_batch(fail(error));
    });
  }

 private:
  struct FakeWatch final : store::Watch {
    explicit FakeWatch(FakeKv& kv_in) : kv(kv_in) {
      const std::lock_guard lock(kv.watch_mutex_);
      id = ++kv.next_watch_;
    }
    ~FakeWatch() override {
      const std::lock_guard lock(kv.watch_mutex_);  // deliveries hold it: none runs after this
      kv.watchers_.erase(id);
      kv.cancelled_[id] = true;
    }
    FakeKv& kv;
    int id = 0;
  };
  struct Watcher {
    store::WatchRequest request;
    store::WatchCallback on_batch;
  };

  void post(std::move_only_function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }
  void run() {
    for (;;) {
      std::move_only_function<void()> task;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }
  static bool inside(const std::string& key, const std::string& from, const std::string& end) {
    if (end.empty()) return key == from;
    if (end == std::string(1, '\0')) return key >= from;
    return key >= from && key < end;
  }
  store::RangeResponse do_range(const store::RangeRequest& request) const {
    store::RangeResponse out;
    out.revision = revision_;
    for (auto it = data_.lower_bound(request.key);
         it != data_.end() && inside(it->first, request.key, request.range_end); ++it) {
      ++out.count;
      if (request.count_only) continue;
      if (request.limit > 0 && static_cast<int64_t>(out.kvs.size()) >= request.limit) {
        out.more = true;
        continue;
      }
      out.kvs.push_back(it->second);
    }
    return out;
  }
  bool holds(const store::Compare& compare) const {
    const auto it = data_.find(compare.key);
    const int64_t actual = it == data_.end()                                    ? 0
                           : compare.target == store::Compare::Target::kVersion ? it->second.version
                           : compare.target == store::Compare::Target::kCreate  ? it->second.create_revision
                                                                                : it->second.mod_revision;
    switch (compare.op) {
      case store::Compare::Op::kEqual:
        return actual == compare.number;
      case store::Compare::Op::kGreater:
        return actual > compare.number;
      case store::Compare::Op::kLess:
        return actual < compare.number;
      case store::Compare::Op::kNotEqual:
        return actual != compare.number;
    }
    return false;
  }
  Result<store::TxnResponse> do_txn(const store::TxnRequest& request) {
    store::TxnResponse out;
    out.succeeded = true;
    for (const auto& c : request.compares) out.succeeded = out.succeeded && holds(c);
    store::WatchBatch batch;
    const int64_t next = revision_ + 1;
    for (const auto& op : out.succeeded ? request.success : request.failure) {
      if (const auto* r = std::get_if<store::RangeRequest>(&op)) {
        out.responses.emplace_back(do_range(*r));
      } else if (const auto* put = std::get_if<store::PutOp>(&op)) {
        auto& kv = data_[put->key];
        if (kv.version == 0) kv.create_revision = next;
        kv.key = put->key;
        kv.value = put->value;
        kv.mod_revision = next;
        ++kv.version;
        batch.events.push_back({store::Event::Type::kPut, kv, nullptr});
        out.responses.emplace_back(store::PutResponse{});
      } else {
        const auto& del = std::get<store::DeleteOp>(op);
        store::DeleteResponse response;
        for (auto it = data_.lower_bound(del.key); it != data_.end() && inside(it->first, del.key, del.range_end);) {
          store::KeyValue tomb;
          tomb.key = it->first;
          tomb.mod_revision = next;
          batch.events.push_back({store::Event::Type::kDelete, tomb, nullptr});
          ++response.deleted;
          it = data_.erase(it);
        }
        out.responses.emplace_back(std::move(response));
      }
    }
    if (!batch.events.empty()) {
      revision_ = next;
      batch.revision = next;
      {
        const std::lock_guard lock(mutex_);
        published_revision_ = revision_;
      }
      history_.push_back(batch);
      const std::lock_guard lock(watch_mutex_);
      for (auto& [id, w] : watchers_) deliver(w, batch);
    }
    out.revision = revision_;
    return out;
  }
  static void deliver(const Watcher& w, const store::WatchBatch& batch) {
    store::WatchBatch out;
    out.revision = batch.revision;
    for (const auto& e : batch.events) {
      if (inside(e.kv.key, w.request.key, w.request.range_end)) out.events.push_back(e);
    }
    if (!out.events.empty() || w.request.progress) w.on_batch(std::move(out));
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> tasks_;
  bool stopping_ = false;
  int64_t published_revision_ = 100;  // not 1: what is older than the first listing must be refused
  // The thread's own:
  std::map<std::string, store::KeyValue> data_;
  std::vector<store::WatchBatch> history_;
  int64_t revision_ = 100;
  int64_t compacted_ = 0;
  std::optional<Error> fail_writes_;
  std::recursive_mutex watch_mutex_;
  std::map<int, Watcher> watchers_;
  std::map<int, bool> cancelled_;
  int next_watch_ = 0;
  std::thread thread_;  // last: starts when all else is there
};

}  // namespace appliance::orchestrator::apiserver::testing
