#include "orchestrator/kubelet/testing/fake_api.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::kubelet::testing {
namespace {

void merge(json::Value& into, const json::Value& patch) {
  if (!patch.is_object()) {
    into = patch;
    return;
  }
  if (!into.is_object()) into = json::Object{};
  for (const auto& [key, value] : patch.get_object()) {
    if (value.is_null())
      into.get_object().erase(key);
    else
      merge(into.get_object()[key], value);
  }
}

std::unexpected<Error> missing(std::string_view resource, const client::ObjectKey& key) {
  return fail(Code::kNotFound, std::string(resource) + " \"" + key.name + "\" not found");
}

}  // namespace

class FakeApi::View final : public client::Informer {
 public:
  View(FakeApi& api, std::string resource) : api_(api), resource_(std::move(resource)) {}

  client::ObjectPtr get(const client::ObjectKey& key) const override {
    const std::lock_guard lock(api_.mutex_);
    const auto& all = api_.documents_[resource_];
    const auto found = all.find(key);
    return found == all.end() ? nullptr : api_.object_of(resource_, found->second);
  }
  std::vector<client::ObjectPtr> list(std::string_view ns) const override {
    const std::lock_guard lock(api_.mutex_);
    std::vector<client::ObjectPtr> out;
    for (const auto& [key, document] : api_.documents_[resource_])
      if (ns.empty() || key.ns == ns) out.push_back(api_.object_of(resource_, document));
    return out;
  }
  std::vector<client::ObjectPtr> by_owner(std::string_view) const override { return {}; }
  std::vector<client::ObjectPtr> by_node(std::string_view node) const override {
    auto out = list({});
    std::erase_if(out, [&](const auto& o) { return o->pod().node != node; });
    return out;
  }
  int64_t revision() const override {
    const std::lock_guard lock(api_.mutex_);
    return api_.revision_;
  }
  std::unique_ptr<client::Subscription> subscribe(std::function<void(const client::Notice&)> handler) override {
    const std::lock_guard lock(api_.mutex_);
    const int id = next_++;
    for (const auto& object : list({})) handler({client::Change::kAdded, object, nullptr});
    handlers_[id] = std::move(handler);
    return std::make_unique<Handle>(*this, id);
  }
  void tell(const client::Notice& notice) {
    for (const auto& [id, handler] : handlers_) handler(notice);
  }

 private:
  struct Handle final : client::Subscription {
    Handle(View& v, int i) : view(v), id(i) {}
    ~Handle() override {
      const std::lock_guard lock(view.api_.mutex_);
      view.handlers_.erase(id);
    }
    View& view;
    const int id;
  };
  FakeApi& api_;
  const std::string resource_;
  std::map<int, std::function<void(const client::Notice&)>> handlers_;
  int next_ = 1;
};

client::ObjectPtr FakeApi::object_of(std::string_view resource, const json::Value& document) const {
  static const auto kinds = api::builtin_kinds();
  const auto* kind = kinds->by_resource(resource);
  APP_CHECK_MSG(kind != nullptr, std::string(resource));
  const auto revision = std::stoll(std::string(json::string_at(document, {"metadata", "resourceVersion"}, "0")));
  auto out = api::make_object(*kind, revision, std::make_shared<const std::string>(api::stored_bytes(document)));
  APP_CHECK_MSG(out.has_value(), out.error().message);
  return *out;
}

void FakeApi::notify(std::string_view resource, client::Change change, const json::Value& now) {
  const auto view = views_.find(resource);
  if (view != views_.end()) view->second->tell({change, object_of(resource, now), nullptr});
}

Result<json::Value> FakeApi::store(std::string_view resource, const client::ObjectKey& key, json::Value document) {
  auto& all = documents_[std::string(resource)];
  const auto found = all.find(key);
  json::ensure(document, {"metadata", "resourceVersion"});
  auto& metadata = document.get_object()["metadata"].get_object();
  metadata["name"] = key.name;
  if (!key.ns.empty()) metadata["namespace"] = key.ns;
  if (json::string_at(document, {"metadata", "uid"}).empty()) metadata["uid"] = "uid-" + std::to_string(next_uid_++);
  if (found != all.end()) {
    metadata["resourceVersion"] = json::string_at(found->second, {"metadata", "resourceVersion"});
    if (found->second == document) return document;
  }
  metadata["resourceVersion"] = std::to_string(++revision_);
  const bool fresh = found == all.end();
  all[key] = document;
  notify(resource, fresh ? client::Change::kAdded : client::Change::kModified, document);
  return document;
}

Result<json::Value> FakeApi::get(std::string_view resource, const client::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  const auto& all = documents_[std::string(resource)];
  const auto found = all.find(key);
  if (found == all.end()) return missing(resource, key);
  return found->second;
}

Result<json::Value> FakeApi::list(std::string_view resource, std::string_view ns, const client::ListOptions&) {
  const std::lock_guard lock(mutex_);
  json::Array items;
  for (const auto& [key, document] : documents_[std::string(resource)])
    if (ns.empty() || key.ns == ns) items.push_back(document);
  return json::Value(json::Object{{"items", std::move(items)}});
}

Result<json::Value> FakeApi::create(std::string_view resource, std::string_view ns, const json::Value& object,
                                    const client::WriteOptions& options) {
  const std::lock_guard lock(mutex_);
  if (options.subresource == "token") {
    ++tokens_;
    const auto expires = clock_.now() + std::chrono::seconds(json::int_at(object, {"spec", "expirationSeconds"}));
    return json::Value(json::Object{{"status", json::Object{{"token", "token-" + std::to_string(tokens_)},
                                                            {"expirationTimestamp", base::format_rfc3339(expires)}}}});
  }
  const client::ObjectKey key{std::string(ns), std::string(json::string_at(object, {"metadata", "name"}))};
  if (documents_[std::string(resource)].contains(key))
    return fail(Code::kAlreadyExists, key.string() + " already exists");
  return store(resource, key, object);
}

Result<json::Value> FakeApi::update(std::string_view resource, const client::ObjectKey& key, const json::Value& object,
                                    const client::WriteOptions&) {
  const std::lock_guard lock(mutex_);
  return store(resource, key, object);
}

Result<json::Value> FakeApi::patch(std::string_view resource, const client::ObjectKey& key, client::PatchType,
                                   const json::Value& patch, const client::WriteOptions& options) {
  const std::lock_guard lock(mutex_);
  auto& all = documents_[std::string(resource)];
  const auto found = all.find(key);
  if (found == all.end()) return missing(resource, key);
  const auto uid = json::string_at(patch, {"metadata", "uid"});
  if (!uid.empty() && uid != json::string_at(found->second, {"metadata", "uid"}))
    return fail(Code::kAborted, "uid differs");
  if (resource == "pods" && options.subresource == "status") ++status_patches_;
  json::Value document = found->second;
  merge(document, patch);
  return store(resource, key, std::move(document));
}

void FakeApi::vanish(std::string_view resource, const client::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  auto& all = documents_[std::string(resource)];
  const auto found = all.find(key);
  if (found == all.end()) return;
  json::Value last = found->second;
  all.erase(found);
  last.get_object()["metadata"].get_object()["resourceVersion"] = std::to_string(++revision_);
  notify(resource, client::Change::kDeleted, last);
}

Result<> FakeApi::remove(std::string_view resource, const client::ObjectKey& key,
                         const client::DeleteOptions& options) {
  const std::lock_guard lock(mutex_);
  auto& all = documents_[std::string(resource)];
  const auto found = all.find(key);
  if (found == all.end()) return missing(resource, key);
  if (!options.uid.empty() && options.uid != json::string_at(found->second, {"metadata", "uid"}))
    return fail(Code::kAborted, "uid differs");
  const int64_t grace =
      options.grace_seconds.value_or(json::int_at(found->second, {"spec", "terminationGracePeriodSeconds"}, 30));
  if (resource == "pods" && grace > 0) {
    json::Value document = found->second;
    auto& metadata = document.get_object()["metadata"].get_object();
    metadata["deletionTimestamp"] = base::format_rfc3339(clock_.now() + std::chrono::seconds(grace));
    metadata["deletionGracePeriodSeconds"] = grace;
    TRY(store(resource, key, std::move(document)));
    return {};
  }
  vanish(resource, key);
  return {};
}

client::Informer& FakeApi::informer(std::string_view resource) {
  const std::lock_guard lock(mutex_);
  auto& view = views_[std::string(resource)];
  if (!view) view = std::make_shared<View>(*this, std::string(resource));
  return *view;
}

void FakeApi::put(std::string_view resource, const std::string& ns, json::Value object) {
  const std::lock_guard lock(mutex_);
  const client::ObjectKey key{ns, std::string(json::string_at(object, {"metadata", "name"}))};
  (void)store(resource, key, std::move(object));
}

json::Value FakeApi::must_get(std::string_view resource, const std::string& ns, const std::string& name) {
  auto found = get(resource, {ns, name});
  return found ? *found : json::Value(nullptr);
}

Result<podnet::Attachment> FakeNet::attach(const std::string& uid, const std::string&) {
  const std::lock_guard lock(mutex_);
  if (!failures_.empty()) {
    Error error = failures_.front();
    failures_.erase(failures_.begin());
    return fail(std::move(error));
  }
  auto& address = addresses_[uid];
  if (address.empty()) address = "10.42.0." + std::to_string(++next_);
  return podnet::Attachment{.address = address, .host_link = "veth" + uid};
}

Result<> FakeNet::detach(const std::string& uid) {
  const std::lock_guard lock(mutex_);
  addresses_.erase(uid);
  return {};
}

Result<> FakeNet::reconcile(const std::vector<std::string>& live) {
  const std::lock_guard lock(mutex_);
  std::erase_if(addresses_,
                [&](const auto& entry) { return std::find(live.begin(), live.end(), entry.first) == live.end(); });
  return {};
}

size_t FakeNet::attached() const {
  const std::lock_guard lock(mutex_);
  return addresses_.size();
}

void FakeNet::fail_next(Error error) {
  const std::lock_guard lock(mutex_);
  failures_.push_back(std::move(error));
}

}  // namespace appliance::orchestrator::kubelet::testing
