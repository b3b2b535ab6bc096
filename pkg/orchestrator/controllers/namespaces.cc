#include "orchestrator/controllers/namespaces.h"

#include "base/strings.h"

namespace appliance::orchestrator::controllers {

json::Array plan_namespace_conditions(const std::vector<Remaining>& remaining, const std::string& now) {
  std::string content;
  std::string finalizers;
  for (const auto& r : remaining) {
    if (r.objects == 0) continue;
    content += (content.empty() ? "" : ", ") + r.resource + " has " + std::to_string(r.objects) + " resource instances";
    if (r.with_finalizers > 0)
      finalizers += (finalizers.empty() ? "" : ", ") + r.resource + " in " + std::to_string(r.with_finalizers) +
                    " resource instances";
  }
  json::Array out;
  const auto add = [&](std::string_view type, bool bad, std::string_view reason, std::string message) {
    out.push_back(json::Object{{"type", type},
                               {"status", bad ? "True" : "False"},
                               {"lastTransitionTime", now},
                               {"reason", reason},
                               {"message", std::move(message)}});
  };
  add("NamespaceContentRemaining", !content.empty(), content.empty() ? "ContentRemoved" : "SomeResourcesRemain",
      content.empty() ? "All content successfully removed" : "Some resources are remaining: " + content);
  add("NamespaceFinalizersRemaining", !finalizers.empty(),
      finalizers.empty() ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
      finalizers.empty() ? "All content-preserving finalizers finished"
                         : "Some content in the namespace has finalizers remaining: " + finalizers);
  return out;
}

namespace {

class Namespaces final : public Reconciler {
 public:
  explicit Namespaces(std::shared_ptr<const api::KindTable> kinds) : kinds_(std::move(kinds)) {
    for (const auto& kind : kinds_->all())
      if (kind.namespaced && kind.stored) resources_.push_back(kind.resource());
  }
  std::string_view name() const override { return "namespace"; }
  std::vector<Watch> watches() const override {
    std::vector<Watch> out{{"namespaces", self_key}};
    for (const auto& resource : resources_) out.push_back({resource, namespace_of_deleted});
    return out;
  }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto object = context.informer("namespaces").get(key);
    if (!object || !object->meta.deletion_seconds) return Outcome{};
    std::vector<Remaining> remaining;
    size_t left = 0;
    for (const auto& resource : resources_) {
      Remaining r{.resource = resource};
      for (const auto& item : context.informer(resource).list(key.name)) {
        ++r.objects;
        if (!item->meta.finalizers.empty()) ++r.with_finalizers;
        if (item->meta.deletion_seconds) continue;
        auto removed = context.remove(
            resource, item->key, {.grace_seconds = {}, .uid = {}, .resource_version = {}, .propagation = "Background"});
        if (!removed && removed.error().code != Code::kNotFound)
          return fail(removed.error().wrap("empty namespace " + key.name));
      }
      left += r.objects;
      if (r.objects > 0) remaining.push_back(r);
    }
    auto document = object->document();
    if (left > 0) {
      const auto conditions = plan_namespace_conditions(remaining, base::format_rfc3339(context.clock().now()));
      if (json::array_at(document, {"status", "conditions"}).empty())
        TRY(context.patch("namespaces", key,
                          json::Object{{"status", json::Object{{"phase", "Terminating"}, {"conditions", conditions}}}},
                          "status"));
      return Outcome{.requeue_after = std::chrono::seconds(5)};
    }
    json::Array finalizers;
    for (const auto& f : json::array_at(document, {"spec", "finalizers"}))
      if (!f.is_string() || f.get_string() != "kubernetes") finalizers.push_back(f);
    if (finalizers.size() == json::array_at(document, {"spec", "finalizers"}).size()) return Outcome{};
    json::ensure(document, {"spec", "finalizers"}) = std::move(finalizers);
    auto finalized = context.update("namespaces", key, document, "finalize");
    if (!finalized && finalized.error().code != Code::kNotFound)
      return fail(finalized.error().wrap("finalize namespace " + key.name));
    return Outcome{};
  }

 private:
  static std::vector<ObjectKey> namespace_of_deleted(const Notice& notice, client::InformerSource& informers) {
    const auto ns = informers.informer("namespaces").get({"", notice.object->key.ns});
    if (!ns || !ns->meta.deletion_seconds) return {};
    return {{"", notice.object->key.ns}};
  }

  std::shared_ptr<const api::KindTable> kinds_;
  std::vector<std::string> resources_;
};

std::vector<ObjectKey> own_namespace(const Notice& notice, client::InformerSource&) {
  return {{"", notice.object->key.ns}};
}

// Makes one object in every active namespace, and makes it again when it is removed or changed.
class PerNamespace : public Reconciler {
 public:
  std::vector<Watch> watches() const override { return {{"namespaces", self_key}, {resource_, mine_}}; }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto ns = context.informer("namespaces").get(key);
    if (!ns || ns->meta.deletion_seconds) return Outcome{};
    const ObjectKey mine{key.name, name_of_object_};
    const auto existing = context.informer(resource_).get(mine);
    if (existing) {
      const auto document = existing->document();
      if (data_.empty() || json::object_at(document, {"data"}) == data_) return Outcome{};
      TRY(context.patch(resource_, mine, json::Object{{"data", data_}}));
      return Outcome{};
    }
    json::Object object{{"kind", kind_},
                        {"apiVersion", "v1"},
                        {"metadata", json::Object{{"name", name_of_object_}, {"namespace", key.name}}}};
    if (!data_.empty()) object["data"] = data_;
    auto created = context.create(resource_, key.name, object);
    const bool fine = created || created.error().code == Code::kAlreadyExists ||
                      created.error().code == Code::kNotFound || created.error().code == Code::kPermissionDenied;
    if (!fine) return fail(created.error().wrap("create " + mine.string()));
    return Outcome{};
  }

 protected:
  PerNamespace(std::string_view resource, std::string_view kind, std::string name, json::Object data)
      : resource_(resource), kind_(kind), name_of_object_(std::move(name)), data_(std::move(data)) {
    mine_ = [name = name_of_object_](const Notice& notice, client::InformerSource& informers) {
      return notice.object->key.name == name ? own_namespace(notice, informers) : std::vector<ObjectKey>{};
    };
  }

 private:
  std::string_view resource_;
  std::string_view kind_;
  std::string name_of_object_;
  json::Object data_;
  std::function<std::vector<ObjectKey>(const Notice&, client::InformerSource&)> mine_;
};

class ServiceAccounts final : public PerNamespace {
 public:
  ServiceAccounts() : PerNamespace("serviceaccounts", "ServiceAccount", "default", {}) {}
  std::string_view name() const override { return "serviceaccount"; }
};

class RootCa final : public PerNamespace {
 public:
  explicit RootCa(const std::string& pem)
      : PerNamespace("configmaps", "ConfigMap", "kube-root-ca.crt", json::Object{{"ca.crt", pem}}) {}
  std::string_view name() const override { return "root-ca"; }
};

}  // namespace

std::unique_ptr<Reconciler> make_namespace_controller(std::shared_ptr<const api::KindTable> kinds) {
  return std::make_unique<Namespaces>(std::move(kinds));
}
std::unique_ptr<Reconciler> make_service_account_controller() { return std::make_unique<ServiceAccounts>(); }
std::unique_ptr<Reconciler> make_root_ca_controller(std::string ca_pem) { return std::make_unique<RootCa>(ca_pem); }

}  // namespace appliance::orchestrator::controllers
