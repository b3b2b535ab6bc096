#include "orchestrator/api/object.h"

#include <algorithm>

#include "base/check.h"
#include "orchestrator/api/duration.h"
#include "orchestrator/api/facts.h"
#include "orchestrator/api/selector.h"

namespace appliance::orchestrator::api {
namespace {

constexpr std::string_view kHead = R"({"metadata":{)";
constexpr size_t kScratchBytes = 16U << 10U;  // on the stack: most objects parse without an allocation

std::string_view view(const json::String& text) { return {text.data(), text.size()}; }

void append_member(std::string& out, std::string_view key, const json::Value& value, bool& is_first) {
  if (!is_first) out += ',';
  is_first = false;
  out += json::serialize(json::Value(json::String(key)));
  out += ':';
  out += json::serialize(value);
}

std::string quoted(std::string_view text) { return json::serialize(json::Value(json::String(text))); }

std::vector<OwnerReference> owners_of(const json::Array& list) {
  std::vector<OwnerReference> out;
  out.reserve(list.size());
  for (const auto& one : list) {
    out.push_back({.api_version = std::string(json::string_at(one, {"apiVersion"})),
                   .kind = std::string(json::string_at(one, {"kind"})),
                   .name = std::string(json::string_at(one, {"name"})),
                   .uid = std::string(json::string_at(one, {"uid"})),
                   .controller = json::bool_at(one, {"controller"}),
                   .block_owner_deletion = json::bool_at(one, {"blockOwnerDeletion"})});
  }
  return out;
}

Meta meta_of(const json::Value& metadata) {
  Meta meta;
  meta.uid = json::string_at(metadata, {"uid"});
  meta.generation = json::int_at(metadata, {"generation"});
  meta.creation_seconds = parse_rfc3339(json::string_at(metadata, {"creationTimestamp"})).value_or(0);
  meta.deletion_seconds = parse_rfc3339(json::string_at(metadata, {"deletionTimestamp"}));
  if (json::find(metadata, {"deletionGracePeriodSeconds"}) != nullptr)
    meta.deletion_grace_seconds = json::int_at(metadata, {"deletionGracePeriodSeconds"});
  meta.labels = labels_of(json::find(metadata, {"labels"}));
  meta.owners = owners_of(json::array_at(metadata, {"ownerReferences"}));
  for (const auto& one : json::array_at(metadata, {"finalizers"}))
    if (one.is_string()) meta.finalizers.emplace_back(view(one.get_string()));
  return meta;
}

Facts facts_of(const Kind& kind, const json::Value& document) {
  if (!kind.group.empty()) return {};
  if (kind.kind == "Pod") return pod_facts(document);
  if (kind.kind == "Node") return node_facts(document);
  return {};
}

}  // namespace

std::string_view label_value(const Labels& labels, std::string_view key) {
  const auto at = std::lower_bound(labels.begin(), labels.end(), key,
                                   [](const auto& label, auto wanted) { return label.first < wanted; });
  return at != labels.end() && at->first == key ? std::string_view(at->second) : std::string_view();
}

std::string stored_bytes(const json::Value& document) {
  std::string out(kHead);
  bool is_first = true;
  for (const auto& member : json::object_at(document, {"metadata"}))
    if (member.key() != "resourceVersion") append_member(out, member.key(), member.value(), is_first);
  if (is_first) out += R"("name":"")";  // the splice needs a member behind it
  out += '}';
  is_first = false;
  for (const auto& member : json::object_at(document, {})) {
    if (member.key() == "metadata" || member.key() == "kind" || member.key() == "apiVersion") continue;
    append_member(out, member.key(), member.value(), is_first);
  }
  out += '}';
  return out;
}

Result<ObjectPtr> make_object(const Kind& kind, int64_t revision, std::shared_ptr<const std::string> bytes) {
  APP_CHECK(bytes != nullptr);
  if (!bytes->starts_with(kHead))
    return fail(Code::kDataLoss, kind.kind + " in the store does not begin with its metadata");
  unsigned char scratch[kScratchBytes];
  boost::json::monotonic_resource memory(scratch, sizeof scratch);
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = json::ParseLimits{}.depth_max;
  const json::Value document = boost::json::parse(*bytes, error, &memory, options);
  if (error) return fail(Code::kDataLoss, kind.kind + " in the store is not JSON: " + error.message());
  const json::Value* metadata = json::find(document, {"metadata"});
  const std::string_view name = json::string_at(*metadata, {"name"});
  if (name.empty()) return fail(Code::kDataLoss, kind.kind + " in the store has no name");
  auto object = std::make_shared<Object>();
  object->kind = &kind;
  object->key = {.ns = std::string(json::string_at(*metadata, {"namespace"})), .name = std::string(name)};
  object->revision = revision;
  object->meta = meta_of(*metadata);
  object->facts = facts_of(kind, document);
  object->bytes = std::move(bytes);
  return ObjectPtr(std::move(object));
}

json::Value Object::document() const {
  auto parsed = json::parse(splice_prefix(*kind, revision) + std::string(splice_rest(*bytes)));
  APP_CHECK_MSG(parsed.has_value(), "stored bytes were checked by make_object()");
  return std::move(*parsed);
}

std::string splice_prefix(const Kind& kind, int64_t revision) {
  return R"({"kind":)" + quoted(kind.kind) + R"(,"apiVersion":)" + quoted(kind.api_version()) +
         R"(,"metadata":{"resourceVersion":")" + std::to_string(revision) + R"(",)";
}

std::string splice_item_prefix(int64_t revision) {
  return R"({"metadata":{"resourceVersion":")" + std::to_string(revision) + R"(",)";
}

std::string_view splice_rest(const std::string& bytes) { return std::string_view(bytes).substr(kHead.size()); }

}  // namespace appliance::orchestrator::api
