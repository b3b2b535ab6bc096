#include "orchestrator/client/notice_queue.h"

#include "base/executor.h"

namespace appliance::orchestrator::client {

void NoticeHandler::give(const Notice& notice) {
  const std::lock_guard lock(mutex_);
  if (handler_) handler_(notice);
}

void NoticeHandler::close() {
  const std::lock_guard lock(mutex_);
  handler_ = nullptr;
}

void NoticeQueue::wait_room() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return stopping_ || items_.size() < kNoticesMax; });
}

void NoticeQueue::push(std::shared_ptr<const NoticeHandlers> handlers, Notice notice) {
  if (handlers->empty()) return;
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  items_.push_back({std::move(handlers), std::move(notice)});
  more_.notify_one();
}

void NoticeQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    items_.clear();
    more_.notify_all();
    room_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void NoticeQueue::run() {
  base::set_thread_name("notices");
  for (;;) {
    Item item;
    {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return stopping_ || !items_.empty(); });
      if (stopping_) return;
      item = std::move(items_.front());
      items_.pop_front();
      room_.notify_one();
    }
    for (const auto& handler : *item.handlers) handler->give(item.notice);
  }
}

}  // namespace appliance::orchestrator::client
