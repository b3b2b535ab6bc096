#include "orchestrator/podnet/link_reaper.h"

#include <vector>

#include "base/executor.h"
#include "net/netlink/route.h"

namespace appliance::orchestrator::podnet {

LinkReaper::LinkReaper(base::Log log) : log_(std::move(log)), thread_([this] { run(); }) {}

LinkReaper::~LinkReaper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void LinkReaper::add(int link_index) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.insert(link_index);
  }
  changed_.notify_all();
}

bool LinkReaper::doomed(int link_index) {
  const std::lock_guard lock(mutex_);
  return waiting_.contains(link_index) || running_.contains(link_index);
}

void LinkReaper::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.empty() && running_.empty(); });
}

void LinkReaper::run() {
  base::set_thread_name("link-reaper");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    running_.swap(waiting_);
    const std::vector<int> indexes(running_.begin(), running_.end());
    lock.unlock();
    auto result = [&]() -> Result<> {
      auto net = TRY(net::netlink::RouteSocket::open());
      return net.delete_links(indexes);
    }();
    if (!result) log_.warn("pod links not deleted, the next reconcile tries again", {{"error", result.error()}});
    lock.lock();
    running_.clear();
    changed_.notify_all();
  }
}

}  // namespace appliance::orchestrator::podnet
