#include "orchestrator/controllers/join_secrets.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/strings.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/api/ui_sessions.h"

namespace appliance::orchestrator::controllers {
namespace {

JoinSecretPlan remove_at(base::WallTime end, base::WallTime now) {
  if (end <= now) return {.remove = true};
  return {.look_again = std::chrono::ceil<std::chrono::seconds>(end - now)};
}

std::vector<ObjectKey> secret_key(const Notice& notice, client::InformerSource&) {
  const ObjectKey& key = notice.object->key;
  const bool ours = key.name.starts_with(api::kJoinTokenPrefix) || key.name.starts_with(api::kNodeKeyPrefix) ||
                    key.name.starts_with(api::kUiSessionPrefix);
  return key.ns == api::kJoinNamespace && ours ? std::vector{key} : std::vector<ObjectKey>();
}

class JoinSecrets final : public Reconciler {
 public:
  std::string_view name() const override { return "join-secrets"; }
  std::vector<Watch> watches() const override {
    return {{"secrets", secret_key}, {"nodes", [this](const Notice& notice, client::InformerSource& informers) {
                                        return on_node(notice, informers);
                                      }}};
  }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto object = context.informer("secrets").get(key);
    const bool node_exists = is_node_there(key, context);
    const bool node_was_there = note(key, object ? object->meta.uid : std::string(), node_exists);
    if (!object) return Outcome{};
    const auto plan = plan_join_secret(object->document(), node_exists, node_was_there, context.clock().now());
    if (!plan.remove) return plan.look_again ? Outcome{*plan.look_again} : Outcome{};
    client::DeleteOptions options;
    options.uid = object->meta.uid;
    options.resource_version = std::to_string(object->revision);  // another machine may have just claimed the name
    const auto removed = context.remove("secrets", key, options);
    if (!removed && removed.error().code != Code::kNotFound) return fail(removed.error());
    context.log().info("secret that ended removed", {{"name", key.name}});
    return Outcome{};
  }

 private:
  std::vector<ObjectKey> on_node(const Notice& notice, client::InformerSource& informers) const {
    if (notice.change == client::Change::kModified) return {};
    const ObjectKey key{std::string(api::kJoinNamespace), std::string(api::kNodeKeyPrefix) + notice.object->key.name};
    const auto secret = informers.informer("secrets").get(key);
    if (!secret) return {};
    const std::lock_guard lock(mutex_);
    seen_[key.name] = secret->meta.uid;
    return {key};
  }

  static bool is_node_there(const ObjectKey& key, Context& context) {
    if (!key.name.starts_with(api::kNodeKeyPrefix)) return false;
    return context.informer("nodes").get({"", key.name.substr(api::kNodeKeyPrefix.size())}) != nullptr;
  }

  // True when a Node was seen together with this very Secret.
  bool note(const ObjectKey& key, const std::string& uid, bool node_exists) {
    const std::lock_guard lock(mutex_);
    if (uid.empty()) {
      seen_.erase(key.name);
      return false;
    }
    if (node_exists) seen_[key.name] = uid;  // the Node may have come before the Secret
    const auto it = seen_.find(key.name);
    return it != seen_.end() && it->second == uid;
  }

  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string>
      seen_;  // node-key Secret -> its uid; forgotten over a restart: kNodeKeyWaits then
};

}  // namespace

JoinSecretPlan plan_join_secret(const json::Value& secret, bool node_exists, bool node_was_there, base::WallTime now) {
  const std::string_view type = json::string_at(secret, {"type"});
  const bool is_session = type == api::kUiSessionSecretType;
  if (type == api::kJoinTokenSecretType || is_session) {
    const auto expires = base::parse_rfc3339(base::unbase64(json::string_at(secret, {"data", "expires"})).value_or(""));
    if (is_session) return remove_at(expires.value_or(now), now);  // one without an end opens nothing
    return expires ? remove_at(*expires + kExpiredTokenKept, now) : JoinSecretPlan{};
  }
  if (type != api::kNodeKeySecretType || node_exists) return {};
  if (node_was_there) return {.remove = true};
  const auto made = base::parse_rfc3339(json::string_at(secret, {"metadata", "creationTimestamp"}));
  if (!made) return {};
  const auto again =
      base::parse_rfc3339(base::unbase64(json::string_at(secret, {"data", api::kNodeKeyApproved})).value_or(""));
  return remove_at(std::max(*made, again.value_or(*made)) + kNodeKeyWaits, now);
}

std::unique_ptr<Reconciler> make_join_secret_cleaner() { return std::make_unique<JoinSecrets>(); }

}  // namespace appliance::orchestrator::controllers
