// Keeps a fixture's objects changing: `rate` writes a second, spread evenly over ticks of 20 ms. Of 20 writes 10 are
// pods that become ready or not, 4 restarts, 3 pods whose trouble goes on, 1 a pod deleted, 1 its successor, 1 an
// event.
//
// Straight to the store, on the condition that the object is still as it was read: a write of somebody else's wins, and
// costs this one. Nothing waits for an answer; when the store is slow, writes are left out instead of piled up.
//
// Pods that somebody deletes through the API are taken away after a second, as there is no kubelet to do it, and get a
// successor where there is a rate.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "node/dev/fixture_plan.h"
#include "node/dev/fixture_updates.h"
#include "orchestrator/client/client.h"
#include "store/kv.h"

namespace appliance::node::dev {

struct ChurnDeps {
  FixturePlan plan;  // its own: pods come and go
  int rate = 0;      // writes a second; 0: only what was deleted is taken away
  store::Kv& kv;
  orchestrator::client::InformerSource& informers;
  const base::Clock& clock;
};

struct ChurnCounts {
  uint64_t written = 0;
  uint64_t lost = 0;     // somebody else wrote in between
  uint64_t skipped = 0;  // the store was too slow, or the object was not there
};

class Churn {
 public:
  explicit Churn(ChurnDeps deps);
  ~Churn();  // stop()
  Churn(const Churn&) = delete;
  Churn& operator=(const Churn&) = delete;

  void start();
  void stop();  // idempotent; returns when no write of ours is on its way
  [[nodiscard]] ChurnCounts counts() const;

 private:
  void run();
  void tick(int writes);
  void write_one();
  void toggle();
  bool step(size_t pod, Step step);
  void missing(size_t pod);
  void remove_pod();
  void make_pod();
  void touch_event();
  void take_away_deleted();
  void put(const orchestrator::api::Kind& kind, const orchestrator::api::ObjectKey& key, int64_t revision,
           std::string bytes);
  void send(store::TxnRequest request);
  [[nodiscard]] orchestrator::api::ObjectKey key_of(const PlannedPod& pod) const;
  [[nodiscard]] size_t any_of(const std::vector<size_t>& among);

  struct Deleted {  // its deletionTimestamp is set
    base::MonoTime due;
    orchestrator::client::ObjectPtr pod;
  };

  ChurnDeps deps_;
  const orchestrator::api::Kind& pods_;
  const orchestrator::api::Kind& events_;
  base::SeededRandom random_;
  std::vector<size_t> healthy_;          // pods of the plan without trouble
  std::vector<size_t> troubled_;         // … and with
  std::vector<size_t> events_of_;        // pods of the plan that have an event
  std::deque<size_t> not_ready_;         // made so by us, oldest first
  std::deque<size_t> gone_;              // to get a successor
  std::vector<bool> is_gone_;            // of the plan's pods
  std::vector<base::MonoTime> written_;  // of the plan's pods, when we last did: the view may not have it yet
  uint64_t turn_ = 0;
  std::unique_ptr<orchestrator::client::Subscription> subscription_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Deleted> deleted_;  // GUARDED_BY(mutex_)
  size_t in_flight_ = 0;         // GUARDED_BY(mutex_)
  ChurnCounts counts_;           // GUARDED_BY(mutex_)
  bool stopping_ = false;        // GUARDED_BY(mutex_)
  std::thread thread_;
};

}  // namespace appliance::node::dev
