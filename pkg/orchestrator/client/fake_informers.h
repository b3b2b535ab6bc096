// For tests: informers whose content the test sets. Notices go to handlers on the caller's thread, in order. After
// hold_first() a new handler gets its first notices, of what is there already, only by release().
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/check.h"
#include "orchestrator/client/client.h"

namespace appliance::orchestrator {

class FakeInformer final : public client::Informer {
 public:
  explicit FakeInformer(api::Kind kind) : kind_(std::move(kind)) {}

  void put(const json::Value& document) {
    const std::lock_guard lock(mutex_);
    auto made = api::make_object(kind_, ++revision_, std::make_shared<std::string>(api::stored_bytes(document)));
    APP_CHECK_MSG(made.has_value(), made.error().message);
    auto& slot = objects_[(*made)->key];
    const client::Notice notice{
        .change = slot ? client::Change::kModified : client::Change::kAdded, .object = *made, .old = slot};
    slot = *made;
    for (auto& [id, handler] : handlers_) handler(notice);
  }
  void remove(const client::ObjectKey& key) {
    const std::lock_guard lock(mutex_);
    const auto it = objects_.find(key);
    if (it == objects_.end()) return;
    ++revision_;
    const client::Notice notice{.change = client::Change::kDeleted, .object = it->second, .old = nullptr};
    objects_.erase(it);
    for (auto& [id, handler] : handlers_) handler(notice);
  }

  client::ObjectPtr get(const client::ObjectKey& key) const override {
    const std::lock_guard lock(mutex_);
    const auto it = objects_.find(key);
    return it == objects_.end() ? nullptr : it->second;
  }
  std::vector<client::ObjectPtr> list(std::string_view ns) const override {
    const std::lock_guard lock(mutex_);
    std::vector<client::ObjectPtr> out;
    for (const auto& [key, object] : objects_)
      if (ns.empty() || key.ns == ns) out.push_back(object);
    return out;
  }
  std::vector<client::ObjectPtr> by_owner(std::string_view) const override { return {}; }
  std::vector<client::ObjectPtr> by_node(std::string_view) const override { return {}; }
  int64_t revision() const override {
    const std::lock_guard lock(mutex_);
    return revision_;
  }
  std::unique_ptr<client::Subscription> subscribe(std::function<void(const client::Notice&)> handler) override {
    const std::lock_guard lock(mutex_);
    if (!held_) tell_all(handler);
    handlers_[++next_] = std::move(handler);
    return std::make_unique<Handle>(*this, next_);
  }
  void hold_first() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    for (auto& [id, handler] : handlers_) tell_all(handler);
  }

 private:
  struct Handle final : client::Subscription {
    Handle(FakeInformer& owner, int id) : owner(owner), id(id) {}
    ~Handle() override {
      const std::lock_guard lock(owner.mutex_);
      owner.handlers_.erase(id);
    }
    FakeInformer& owner;
    int id;
  };
  void tell_all(const std::function<void(const client::Notice&)>& handler) {
    for (const auto& [key, object] : objects_)
      handler({.change = client::Change::kAdded, .object = object, .old = nullptr});
  }
  const api::Kind kind_;
  mutable std::mutex mutex_;
  bool held_ = false;
  int64_t revision_ = 1;
  int next_ = 0;
  std::map<client::ObjectKey, client::ObjectPtr> objects_;
  std::map<int, std::function<void(const client::Notice&)>> handlers_;
};

class FakeInformers final : public client::InformerSource {
 public:
  client::Informer& informer(std::string_view resource) override {
    if (resource == "services") return services;
    APP_CHECK(resource == "endpointslices.discovery.k8s.io");
    return slices;
  }
  FakeInformer services{kind("", "Service", "services")};
  FakeInformer slices{kind("discovery.k8s.io", "EndpointSlice", "endpointslices")};

 private:
  static api::Kind kind(const char* group, const char* name, const char* plural) {
    api::Kind out;
    out.group = group;
    out.version = "v1";
    out.kind = name;
    out.plural = plural;
    return out;
  }
};

}  // namespace appliance::orchestrator
