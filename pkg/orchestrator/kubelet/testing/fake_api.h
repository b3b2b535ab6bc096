// FakeApi: Client and InformerSource in memory, for tests of the kubelet: merge patches, graceful deletion of pods,
// tokens. Informers deliver on the thread that writes, under one lock, in order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "orchestrator/client/client.h"
#include "orchestrator/podnet/podnet.h"

namespace appliance::orchestrator::kubelet::testing {

class FakeApi final : public client::Client, public client::InformerSource {
 public:
  explicit FakeApi(const base::Clock& clock) : clock_(clock) {}

  Result<json::Value> get(std::string_view resource, const client::ObjectKey& key) override;
  Result<json::Value> list(std::string_view resource, std::string_view ns, const client::ListOptions&) override;
  Result<json::Value> create(std::string_view resource, std::string_view ns, const json::Value& object,
                             const client::WriteOptions& options) override;
  Result<json::Value> update(std::string_view resource, const client::ObjectKey& key, const json::Value& object,
                             const client::WriteOptions&) override;
  Result<json::Value> patch(std::string_view resource, const client::ObjectKey& key, client::PatchType type,
                            const json::Value& patch, const client::WriteOptions&) override;
  Result<> remove(std::string_view resource, const client::ObjectKey& key,
                  const client::DeleteOptions& options) override;
  client::Informer& informer(std::string_view resource) override;

  // For tests.
  void put(std::string_view resource, const std::string& ns, json::Value object);
  json::Value must_get(std::string_view resource, const std::string& ns, const std::string& name);
  int tokens_issued() const { return tokens_; }
  int status_patches() const { return status_patches_; }
  void vanish(std::string_view resource, const client::ObjectKey& key);  // removed at once, no grace

 private:
  class View;
  friend class View;
  using Documents = std::map<client::ObjectKey, json::Value>;
  client::ObjectPtr object_of(std::string_view resource, const json::Value& document) const;
  Result<json::Value> store(std::string_view resource, const client::ObjectKey& key, json::Value document);
  void notify(std::string_view resource, client::Change change, const json::Value& now);

  const base::Clock& clock_;
  mutable std::recursive_mutex mutex_;
  std::map<std::string, Documents, std::less<>> documents_;
  std::map<std::string, std::shared_ptr<View>, std::less<>> views_;
  int64_t revision_ = 1;
  int next_uid_ = 1;
  int tokens_ = 0;
  int status_patches_ = 0;
};

class FakeNet final : public podnet::PodNet {
 public:
  Result<podnet::Attachment> attach(const std::string& uid, const std::string&) override;
  Result<> detach(const std::string& uid) override;
  Result<> reconcile(const std::vector<std::string>& live) override;
  Result<> teardown() override { return {}; }
  size_t attached() const;
  void fail_next(Error error);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> addresses_;
  int next_ = 1;
  std::vector<Error> failures_;
};

}  // namespace appliance::orchestrator::kubelet::testing
