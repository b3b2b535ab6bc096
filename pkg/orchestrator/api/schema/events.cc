// Event in core/v1 and events.k8s.io/v1.
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kObjectReferenceFields[] = {
    str("kind", 1),       str("namespace", 2),       str("name", 3),      str("uid", 4).go("types.UID"),
    str("apiVersion", 5), str("resourceVersion", 6), str("fieldPath", 7),
};
constinit const Schema kObjectReference = {.id = "io.k8s.api.core.v1.ObjectReference",
                                           .name = "ObjectReference",
                                           .fields = kObjectReferenceFields,
                                           .is_map_atomic = true};

constexpr Field kEventSourceFields[] = {
    str("component", 1),
    str("host", 2),
};
constinit const Schema kEventSource = {
    .id = "io.k8s.api.core.v1.EventSource", .name = "EventSource", .fields = kEventSourceFields};

constexpr Field kEventSeriesFields[] = {
    i32("count", 1),
    micro_time("lastObservedTime", 2),
};
constinit const Schema kEventSeries = {
    .id = "io.k8s.api.core.v1.EventSeries", .name = "EventSeries", .fields = kEventSeriesFields};

constexpr Field kEventFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).always().required(),
    obj("involvedObject", 2, kObjectReference).always().required(),
    str("reason", 3),
    str("message", 4),
    obj("source", 5, kEventSource),
    time("firstTimestamp", 6),
    time("lastTimestamp", 7),
    i32("count", 8),
    str("type", 9),
    micro_time("eventTime", 10),
    obj("series", 11, kEventSeries).pointer(),
    str("action", 12),
    obj("related", 13, kObjectReference).pointer(),
    str("reportingComponent", 14).always(),
    str("reportingInstance", 15).always(),
};
constinit const Schema kEvent = {.id = "io.k8s.api.core.v1.Event", .name = "Event", .fields = kEventFields};

}  // namespace appliance::orchestrator::api::core
