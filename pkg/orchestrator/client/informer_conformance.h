// What every InformerSource must do, whoever feeds it: run by the API server's tests against its own cache and against
// RemoteInformers over TLS. `client` has all rights; `ns` exists, is empty, and is this run's own.
#pragma once

#include <catch2/catch.hpp>

#include <poll.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "orchestrator/client/client_conformance.h"

namespace appliance::orchestrator::client {

// Notices of one namespace as lines ("added ns/name"); wait for one of them, or for a number.
class HeardNotices {
 public:
  explicit HeardNotices(std::string ns) : ns_(std::move(ns)) {}
  void add(const Notice& notice) {
    static constexpr const char* kNames[] = {"added ", "modified ", "deleted "};
    const std::lock_guard lock(mutex_);
    threads_.insert(std::this_thread::get_id());
    if (notice.object->key.ns != ns_) return;
    lines_.push_back(kNames[static_cast<int>(notice.change)] + notice.object->key.name);
    old_revisions_.push_back(notice.old ? notice.old->revision : 0);
    more_.notify_all();
  }
  std::vector<std::string> wait(size_t count) {
    std::unique_lock lock(mutex_);
    if (!more_.wait_for(lock, std::chrono::seconds(60), [&] { return lines_.size() >= count; }))
      lines_.emplace_back("not enough in time");
    return lines_;
  }
  [[nodiscard]] size_t threads() const {
    const std::lock_guard lock(mutex_);
    return threads_.size();
  }
  [[nodiscard]] std::vector<int64_t> old_revisions() const {
    const std::lock_guard lock(mutex_);
    return old_revisions_;
  }

 private:
  const std::string ns_;
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> lines_;
  std::vector<int64_t> old_revisions_;
  std::set<std::thread::id> threads_;
};

inline bool informer_reaches(const Informer& informer, int64_t revision) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (informer.revision() < revision) {
    if (std::chrono::steady_clock::now() > end) return false;
    (void)::poll(nullptr, 0, 2);  // the door has no event for it
  }
  return true;
}

inline int64_t revision_of(const json::Value& document) {
  return std::stoll(std::string(json::string_at(document, {"metadata", "resourceVersion"})));
}

inline void conformance_notices(Client& client, InformerSource& source, const std::string& ns) {
  const auto early = client.create("configmaps", ns, conformance_map("early", "1"), {});
  REQUIRE(early.has_value());
  Informer& maps = source.informer("configmaps");
  REQUIRE(informer_reaches(maps, revision_of(*early)));
  HeardNotices heard(ns);
  auto subscription = maps.subscribe([&](const Notice& notice) { heard.add(notice); });
  CHECK(heard.wait(1) == std::vector<std::string>{"added early"});
  const auto late = client.create("configmaps", ns, conformance_map("late", "1"), {});
  REQUIRE(late.has_value());
  const auto merge = json::Object{{"data", json::Object{{"a", "2"}}}};
  const auto changed = client.patch("configmaps", {ns, "late"}, PatchType::kMerge, merge, {});
  REQUIRE(changed.has_value());
  REQUIRE(client.remove("configmaps", {ns, "late"}, {}).has_value());
  CHECK(heard.wait(4) == std::vector<std::string>{"added early", "added late", "modified late", "deleted late"});
  CHECK(heard.old_revisions()[2] == revision_of(*late));
  CHECK(heard.threads() == 1);
  CHECK(maps.revision() > revision_of(*changed));
  CHECK(maps.get({ns, "late"}) == nullptr);
  REQUIRE(maps.list(ns).size() == 1);
  subscription.reset();
  const auto after = client.create("configmaps", ns, conformance_map("after", "1"), {});
  REQUIRE(after.has_value());
  REQUIRE(informer_reaches(maps, revision_of(*after)));
  CHECK(heard.wait(4).size() == 4);  // nobody calls a subscription that is gone
}

inline void conformance_objects(Client& client, InformerSource& source, const std::string& ns) {
  const auto made = client.create("configmaps", ns, conformance_map("whole", "w"), {});
  REQUIRE(made.has_value());
  Informer& maps = source.informer("configmaps");
  REQUIRE(informer_reaches(maps, revision_of(*made)));
  const ObjectPtr object = maps.get({ns, "whole"});
  REQUIRE(object);
  CHECK(object->document() == *made);
  CHECK(object->revision == revision_of(*made));
  CHECK(object->meta.uid == json::string_at(*made, {"metadata", "uid"}));
  CHECK(object->bytes->starts_with(R"({"metadata":{)"));
  CHECK(object->bytes->find("resourceVersion") == std::string::npos);
  std::vector<std::string> names;
  for (const auto& one : maps.list(ns)) names.push_back(one->key.name);
  CHECK(names == std::vector<std::string>{"after", "early", "whole"});
  CHECK(maps.list("none-such").empty());
  CHECK(maps.list().size() >= 3);
}

inline void conformance_owner_and_node(Client& client, InformerSource& source, const std::string& ns) {
  Informer& pods = source.informer("pods");
  REQUIRE(client.create("serviceaccounts", ns, json::parse(R"({"metadata":{"name":"default"}})").value(), {}));
  const auto pod = [&](const char* name, const char* node, const char* owner) {
    const std::string text = R"({"metadata":{"name":")" + std::string(name) +
                             R"(","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"rs","uid":")" +
                             owner + R"("}]},"spec":{"nodeName":")" + node +
                             R"(","containers":[{"name":"c","image":"example.test/app:1"}]}})";
    const auto made = client.create("pods", ns, json::parse(text).value(), {});
    REQUIRE(made.has_value());
    REQUIRE(informer_reaches(pods, revision_of(*made)));
  };
  pod("b", "conform-1", "owner-1");
  pod("a", "conform-1", "owner-2");
  pod("c", "conform-2", "owner-1");
  const auto names = [](const std::vector<ObjectPtr>& objects) {
    std::string out;
    for (const auto& object : objects) out += object->key.name;
    return out;
  };
  CHECK(names(pods.by_node("conform-1")) == "ab");
  CHECK(names(pods.by_owner("owner-1")) == "bc");
  CHECK(pods.by_owner("owner-3").empty());
  CHECK(pods.get({ns, "a"})->pod().node == "conform-1");
}

inline void conformance_own_subscription(Client& client, InformerSource& source, const std::string& ns) {
  Informer& maps = source.informer("configmaps");
  HeardNotices heard(ns);
  std::mutex mutex;
  std::unique_ptr<Subscription> subscription;
  {
    const std::lock_guard lock(mutex);
    subscription = maps.subscribe([&](const Notice& notice) {
      heard.add(notice);
      const std::lock_guard inner(mutex);
      subscription.reset();  // a handler may end its own subscription
    });
  }
  REQUIRE_FALSE(heard.wait(1).empty());
  const auto made = client.create("configmaps", ns, conformance_map("unheard", "1"), {});
  REQUIRE(made.has_value());
  REQUIRE(informer_reaches(maps, revision_of(*made)));
  HeardNotices other(ns);
  auto second = maps.subscribe([&](const Notice& notice) { other.add(notice); });
  REQUIRE(other.wait(4).size() == 4);  // handlers are called in order: the first one's call would have been before
  CHECK(heard.wait(1).size() == 1);
}

inline void informer_conformance(Client& client, InformerSource& source, const std::string& ns) {
  conformance_notices(client, source, ns);
  conformance_objects(client, source, ns);
  conformance_owner_and_node(client, source, ns);
  conformance_own_subscription(client, source, ns);
}

}  // namespace appliance::orchestrator::client
