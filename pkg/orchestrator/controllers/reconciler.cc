#include "orchestrator/controllers/reconciler.h"

#include "base/strings.h"

namespace appliance::orchestrator::controllers {

int64_t Context::now_seconds() const {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
}

Result<json::Value> Context::noted(Result<json::Value> written) {
  if (written) {
    if (const auto revision = base::parse_int<int64_t>(json::string_at(*written, {"metadata", "resourceVersion"})))
      revision_written_ = std::max(revision_written_, *revision);
  }
  return written;
}

Result<json::Value> Context::create(std::string_view resource, std::string_view ns, const json::Value& object) {
  return noted(client_.create(resource, ns, object));
}

Result<json::Value> Context::create_at(std::string_view resource, std::string_view ns, const json::Value& object,
                                       std::string_view subresource) {
  return noted(client_.create(resource, ns, object, {.subresource = std::string(subresource), .field_manager = {}}));
}

Result<json::Value> Context::update(std::string_view resource, const ObjectKey& key, const json::Value& object,
                                    std::string_view subresource) {
  return noted(client_.update(resource, key, object, {.subresource = std::string(subresource), .field_manager = {}}));
}

Result<json::Value> Context::patch(std::string_view resource, const ObjectKey& key, const json::Value& merge,
                                   std::string_view subresource) {
  return noted(client_.patch(resource, key, client::PatchType::kMerge, merge,
                             {.subresource = std::string(subresource), .field_manager = {}}));
}

Result<> Context::write_status(std::string_view resource, const ObjectKey& key, const json::Value& document,
                               const json::Object& status) {
  const auto& old = json::object_at(document, {"status"});
  if (old == status) return {};
  json::Object merge = status;
  for (const auto& member : old)
    if (!status.contains(member.key())) merge[member.key()] = nullptr;
  auto patched = patch(resource, key, json::Object{{"status", std::move(merge)}}, "status");
  if (!patched && patched.error().code != Code::kNotFound)
    return fail(patched.error().wrap("status of " + key.string()));
  return {};
}

Result<> Context::remove(std::string_view resource, const ObjectKey& key, const client::DeleteOptions& options) {
  return client_.remove(resource, key, options);
}

Result<> Context::read_back(std::string_view resource, const ObjectKey& key) {
  auto read = noted(client_.get(resource, key));
  if (!read && read.error().code != Code::kNotFound) return fail(read.error().wrap("read back " + key.string()));
  return {};
}

void Context::event(const json::Value& object, bool warning, std::string_view reason, std::string_view message) {
  const auto ns = json::string_at(object, {"metadata", "namespace"}, "default");
  const auto name = json::string_at(object, {"metadata", "name"});
  const std::string now = base::format_rfc3339(clock_.now());
  unsigned char tail[8];
  random_.fill(tail);
  json::Object involved{{"kind", json::string_at(object, {"kind"})},
                        {"namespace", ns},
                        {"name", name},
                        {"uid", json::string_at(object, {"metadata", "uid"})},
                        {"apiVersion", json::string_at(object, {"apiVersion"})},
                        {"resourceVersion", json::string_at(object, {"metadata", "resourceVersion"})}};
  const json::Value event = json::Object{
      {"kind", "Event"},
      {"apiVersion", "v1"},
      {"metadata",
       json::Object{{"name", std::string(name) + '.' + base::hex({reinterpret_cast<char*>(tail), sizeof tail})},
                    {"namespace", ns}}},
      {"involvedObject", std::move(involved)},
      {"reason", reason},
      {"message", message},
      {"source", json::Object{{"component", "appliance-controllers"}}},
      {"firstTimestamp", now},
      {"lastTimestamp", now},
      {"count", 1},
      {"type", warning ? "Warning" : "Normal"},
  };
  if (auto written = client_.create("events", ns, event); !written)
    log_.debug("event was not written", {{"reason", reason}, {"error", written.error()}});
}

std::vector<ObjectKey> self_key(const Notice& notice, client::InformerSource&) { return {notice.object->key}; }

std::function<std::vector<ObjectKey>(const Notice&, client::InformerSource&)> controller_key(std::string_view kind) {
  return [kind](const Notice& notice, client::InformerSource&) {
    std::vector<ObjectKey> keys;
    const auto add = [&](const ObjectPtr& object) {
      if (!object) return;
      for (const auto& owner : object->meta.owners)
        if (owner.controller && owner.kind == kind) keys.push_back({object->key.ns, owner.name});
    };
    add(notice.object);
    add(notice.old);
    return keys;
  };
}

}  // namespace appliance::orchestrator::controllers
