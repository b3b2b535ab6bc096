// Runner: turns notices into keys, and keys into calls of reconcile() on a small pool.
//
// Per reconciler there is one queue: a key stands in it once however many changes ask for it; it is never reconciled
// twice at once; an error puts it back after a back-off (5 ms doubling to 60 s, forgotten on success). A key waits
// until the watch cache has reached the revision of this reconciler's last write for it.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

inline constexpr std::chrono::milliseconds kBackoffFirst{5};
inline constexpr std::chrono::milliseconds kBackoffLast{60'000};

class Runner {
 public:
  struct Options {
    int threads = 4;
    base::Log log;
    base::Metrics* metrics = nullptr;
  };
  Runner(Options options, client::Client& client, client::InformerSource& informers, const base::Clock& clock,
         base::Random& random);
  ~Runner() { stop(); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void add(std::unique_ptr<Reconciler> reconciler);  // before start()
  void start();
  void stop();  // idempotent; returns when nothing of ours runs

 private:
  struct Entry {  // of one key of one reconciler
    base::MonoTime due{};
    bool queued = false;
    bool running = false;
    bool again = false;  // asked for while running
    int failures = 0;
    int64_t revision_min = 0;
  };
  struct Lane {
    std::unique_ptr<Reconciler> reconciler;
    std::map<ObjectKey, Entry> entries;
    std::vector<std::unique_ptr<client::Subscription>> subscriptions;
  };
  using Due = std::pair<base::MonoTime, std::pair<size_t, ObjectKey>>;

  void enqueue(size_t lane, const ObjectKey& key, base::MonoTime due);  // mutex_ held
  void run();
  void work(std::unique_lock<std::mutex>& lock, size_t lane, const ObjectKey& key);
  [[nodiscard]] bool caught_up(const Lane& lane, int64_t revision) const;

  Options options_;
  client::Client& client_;
  client::InformerSource& informers_;
  const base::Clock& clock_;
  base::Random& random_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::set<Due> due_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace appliance::orchestrator::controllers
