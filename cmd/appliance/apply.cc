// appliance apply: client-side apply with kubectl's annotation, so that both can be used on one object.
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/manifests.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {
namespace {

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// What turns `before` (the last manifest) into `after`: changed members, null for removed ones. A list that changed is
// replaced as a whole, so that nothing of the old one stays.
json::Object difference(const json::Object& before, const json::Object& after) {
  json::Object patch;
  for (const auto& member : before)
    if (!after.contains(member.key())) patch[member.key()] = nullptr;
  for (const auto& member : after) {
    const auto* old = before.if_contains(member.key());
    if (old != nullptr && *old == member.value()) continue;
    if (member.value().is_object()) {
      static const json::Object kNothing;
      auto inner =
          difference(old != nullptr && old->is_object() ? old->get_object() : kNothing, member.value().get_object());
      if (!inner.empty() || old == nullptr) patch[member.key()] = std::move(inner);
    } else if (member.value().is_array() && !member.value().get_array().empty() &&
               member.value().get_array()[0].is_object()) {
      auto list = member.value().get_array();
      list.insert(list.begin(), json::Object{{"$patch", "replace"}});
      patch[member.key()] = std::move(list);
    } else {
      patch[member.key()] = member.value();
    }
  }
  return patch;
}

Result<std::string> apply_one(ControlClient& client, json::Value document, const std::string& default_ns) {
  const auto kind = TRY(find_resource(std::string(json::string_at(document, {"kind"}))));
  const std::string name(json::string_at(document, {"metadata", "name"}));
  if (name.empty()) return fail(Code::kInvalidArgument, "resource name may not be empty");
  const std::string ns(kind->namespaced ? json::string_at(document, {"metadata", "namespace"}, default_ns)
                                        : std::string_view());
  if (kind->namespaced) json::ensure(document, {"metadata", "namespace"}) = ns;
  auto& annotations = json::ensure(document, {"metadata", "annotations"});
  if (!annotations.is_object()) annotations.emplace_object();
  annotations.get_object().erase(kLastApplied);
  const std::string manifest = json::serialize(document) + '\n';
  json::ensure(document, {"metadata", "annotations", kLastApplied}) = manifest;
  const std::string label = type_label(*kind) + '/' + name;
  const std::string manager = "fieldManager=kubectl-client-side-apply&fieldValidation=Strict";

  const auto live = client.call("GET", resource_path(*kind, ns, name));
  if (!live) {
    if (live.error().code != Code::kNotFound) return fail(live.error());
    TRY(client.call("POST", resource_path(*kind, ns) + '?' + manager, &document));
    return label + " created";
  }
  const std::string previous(json::string_at(*live, {"metadata", "annotations", kLastApplied}));
  if (previous == manifest) return label + " unchanged";
  const auto before = previous.empty() ? Result<json::Value>(json::Value(json::Object{})) : json::parse(previous);
  if (!before || !before->is_object())
    return fail(Code::kInvalidArgument, label + ": the annotation " + std::string(kLastApplied) + " is not JSON");
  auto changes = difference(before->get_object(), document.get_object());
  changes.erase("kind");
  changes.erase("apiVersion");
  json::Value patch(std::move(changes));
  json::ensure(patch, {"metadata", "annotations", kLastApplied}) = manifest;
  const auto changed = TRY(client.call("PATCH", resource_path(*kind, ns, name) + '?' + manager, &patch,
                                       "application/strategic-merge-patch+json"));
  const bool same = json::string_at(changed, {"metadata", "resourceVersion"}) ==
                    json::string_at(*live, {"metadata", "resourceVersion"});
  return label + (same ? " unchanged" : " configured");
}

}  // namespace

int apply(Argv argv) {
  std::vector<std::string> files;
  std::string ns = "default";
  Args args("apply", "creates or changes objects from files, as kubectl apply",
            {"appliance apply -f web.yaml", "appliance apply -f - <web.yaml"});
  args.option("-f,--filename", files, "a file, a folder, or - for standard input; may be repeated");
  args.option("-n,--namespace", ns, "namespace of objects that name none (default)");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  if (files.empty()) return usage_error("apply", "must specify -f");
  const auto config = target.config();
  if (!config) return report("apply", config.error());
  const auto manifests = read_manifests(files);
  if (!manifests) return report(manifests.error());
  ControlClient client(*config);
  int code = kDone;
  for (const auto& manifest : *manifests) {
    const auto line = apply_one(client, manifest.document, ns);
    if (line) {
      print(*line + '\n');
    } else {
      code = report(manifest.source, line.error());
    }
  }
  return code;
}

}  // namespace appliance::cmd
