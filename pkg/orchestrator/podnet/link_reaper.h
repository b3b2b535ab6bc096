// Deletes host links behind everybody's back: the kernel waits ~18 ms per link, which must never stand before a pod's
// start. Owns one thread, in the network namespace of the thread that made it. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"

namespace appliance::orchestrator::podnet {

class LinkReaper {
 public:
  explicit LinkReaper(base::Log log);
  ~LinkReaper();  // what was added is deleted first
  LinkReaper(const LinkReaper&) = delete;
  LinkReaper& operator=(const LinkReaper&) = delete;

  void add(int link_index);  // indexes are never used twice by the kernel, so a new link of the same name is safe
  [[nodiscard]] bool doomed(int link_index);
  void wait();  // until all that was added is gone

 private:
  void run();
  base::Log log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> waiting_;
  std::set<int> running_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace appliance::orchestrator::podnet
