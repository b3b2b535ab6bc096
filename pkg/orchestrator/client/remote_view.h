// RemoteView: the state of one resource as a remote informer shows it. One thread feeds it (replace, apply, advance);
// everything else on any thread. Readers copy pointers under a shared lock.
#pragma once

#include <map>
#include <shared_mutex>

#include "orchestrator/client/client.h"
#include "orchestrator/client/notice_queue.h"

namespace appliance::orchestrator::client {

class RemoteView final : public Informer {
 public:
  explicit RemoteView(NoticeQueue& notices) : notices_(notices) {}

  [[nodiscard]] ObjectPtr get(const ObjectKey& key) const override;
  [[nodiscard]] std::vector<ObjectPtr> list(std::string_view ns) const override;
  [[nodiscard]] std::vector<ObjectPtr> by_owner(std::string_view owner_uid) const override;
  [[nodiscard]] std::vector<ObjectPtr> by_node(std::string_view node) const override;
  [[nodiscard]] int64_t revision() const override;  // 0 before the first list
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(std::function<void(const Notice&)> handler) override;

  // A new list: the difference to what is there becomes notices.
  void replace(std::vector<ObjectPtr> objects, int64_t revision);
  // One event of the watch. kAdded of what is there is a change, kDeleted of what is not there is nothing.
  void apply(Change change, ObjectPtr object);
  void advance(int64_t revision);  // a bookmark
  void unsubscribe(const NoticeHandler* handler);

 private:
  // Exclusive lock held.
  void put(ObjectPtr object);
  void erase(const ObjectKey& key);

  NoticeQueue& notices_;
  mutable std::shared_mutex mutex_;
  std::map<ObjectKey, ObjectPtr> objects_;                                                     // GUARDED_BY(mutex_)
  std::shared_ptr<const NoticeHandlers> handlers_ = std::make_shared<const NoticeHandlers>();  // GUARDED_BY(mutex_)
  int64_t revision_ = 0;                                                                       // GUARDED_BY(mutex_)
};

// An item of a List or the object of an event, as the in-process cache would hold it. kDataLoss when it cannot be read.
Result<ObjectPtr> object_of(const api::Kind& kind, const json::Value& document);

}  // namespace appliance::orchestrator::client
