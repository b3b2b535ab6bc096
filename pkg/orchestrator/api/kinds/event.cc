// Event (core/v1).
#include "base/strings.h"
#include "orchestrator/api/duration.h"
#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

std::string source_text(const json::Value& event) {
  auto component = json::string_at(event, {"source", "component"});
  if (component.empty()) component = json::string_at(event, {"reportingComponent"});
  auto instance = json::string_at(event, {"source", "host"});
  if (instance.empty()) instance = json::string_at(event, {"reportingInstance"});
  return instance.empty() ? std::string(component) : std::string(component) + ", " + std::string(instance);
}

json::Array cells(const json::Value& event, int64_t now_seconds) {
  const auto age_of = [&](json::Path path) { return age(json::string_at(event, path), now_seconds); };
  const std::string first =
      json::string_at(event, {"firstTimestamp"}).empty() ? age_of({"eventTime"}) : age_of({"firstTimestamp"});
  std::string last = json::string_at(event, {"lastTimestamp"}).empty() ? first : age_of({"lastTimestamp"});
  int64_t count = json::int_at(event, {"count"});
  if (json::find(event, {"series"}) != nullptr) {
    last = age_of({"series", "lastObservedTime"});
    count = json::int_at(event, {"series", "count"});
  } else if (count == 0) {
    count = 1;
  }
  std::string target = base::to_lower(json::string_at(event, {"involvedObject", "kind"}));
  if (const auto name = json::string_at(event, {"involvedObject", "name"}); !name.empty())
    target += '/' + std::string(name);
  return {cell(last),
          cell(json::string_at(event, {"type"})),
          cell(json::string_at(event, {"reason"})),
          cell(target),
          cell(json::string_at(event, {"involvedObject", "fieldPath"})),
          cell(source_text(event)),
          cell(base::trim(json::string_at(event, {"message"}))),
          cell(first),
          count,
          name_cell(event)};
}

void validate(const json::Value& event, const json::Value* /*old*/, std::vector<FieldError>& errors) {
  const auto ns = json::string_at(event, {"metadata", "namespace"});
  const auto object_ns = json::string_at(event, {"involvedObject", "namespace"});
  const bool is_cluster_scoped = object_ns.empty() && (ns == "default" || ns == "kube-system");
  if (object_ns != ns && !is_cluster_scoped)
    errors.push_back(invalid("involvedObject.namespace", json::String(object_ns), "does not match event.namespace"));
}

}  // namespace

Kind event_kind() {
  Kind kind = stored_kind("", "Event", "events");
  kind.short_names = {"ev"};
  kind.schema = &core::kEvent;
  kind.validate = validate;
  kind.columns = {
      {.name = "Last Seen", .format = {}, .description = "Time since it was last seen."},
      {.name = "Type", .format = {}, .description = "Normal or Warning."},
      {.name = "Reason", .format = {}, .description = "Why, in one word."},
      {.name = "Object", .format = {}, .description = "What it is about."},
      {.name = "Subobject", .format = {}, .description = "The part of the object.", .priority = 1},
      {.name = "Source", .format = {}, .description = "Who reports it.", .priority = 1},
      {.name = "Message", .format = {}, .description = "What happened."},
      {.name = "First Seen", .format = {}, .description = "Time since it was first seen.", .priority = 1},
      {.name = "Count", .type = "integer", .format = {}, .description = "How often it was seen.", .priority = 1},
      {.name = "Name",
       .format = "name",
       .description = "Name of the object, unique among those of its kind in one namespace.",
       .priority = 1}};
  kind.cells = cells;
  return kind;
}

}  // namespace appliance::orchestrator::api
