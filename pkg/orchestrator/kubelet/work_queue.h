// Keys that need a look: each at most once in the queue and never by two workers at once; a key that is added while it
// is worked on is looked at again. Timers add a key later; the earliest per key counts.
//
//   while (auto key = queue.take()) { sync(*key); queue.done(*key); }
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"

namespace appliance::orchestrator::kubelet {

class WorkQueue {
 public:
  explicit WorkQueue(const base::Clock& clock) : clock_(clock) {}
  void add(const std::string& key);
  void add_at(const std::string& key, base::MonoTime due);
  void forget(const std::string& key);  // its timer
  std::optional<std::string> take();    // blocks; nullopt after stop()
  void done(const std::string& key);
  void stop();
  void poke();  // the clock was moved (tests)

 private:
  void enqueue_locked(const std::string& key);
  const base::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> ready_;
  std::set<std::string> queued_;
  std::set<std::string> working_;
  std::set<std::string> again_;
  std::map<std::string, base::MonoTime> due_;
  bool stopping_ = false;
};

}  // namespace appliance::orchestrator::kubelet
