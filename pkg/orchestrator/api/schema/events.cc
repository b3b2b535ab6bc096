// Event (core/v1) and the references that it holds.
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kObjectReferenceFields[] = {
    str("kind", 1),       str("namespace", 2).desc("Namespace of the object."),
    str("name", 3),       str("uid", 4).go("types.UID").desc("Identity of the object, unique in space and time."),
    str("apiVersion", 5), str("resourceVersion", 6).desc("Revision of the object."),
    str("fieldPath", 7),
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
    obj("metadata", 1, meta::kObjectMeta)
        .always()
        .required()
        .desc("Name, labels and other data that every object has."),
    obj("involvedObject", 2, kObjectReference).always().required().desc("What it is about."),
    str("reason", 3).desc("Why, in one word for programs."),
    str("message", 4).desc("Why, in words for people."),
    obj("source", 5, kEventSource).desc("Who reports it, in the old form."),
    time("firstTimestamp", 6).desc("When it was first seen."),
    time("lastTimestamp", 7).desc("When it was last seen."),
    i32("count", 8).desc("How often it was seen."),
    str("type", 9).desc("Normal or Warning."),
    micro_time("eventTime", 10).desc("When it happened."),
    obj("series", 11, kEventSeries).pointer().desc("How it goes on."),
    str("action", 12),
    obj("related", 13, kObjectReference).pointer(),
    str("reportingComponent", 14).always().desc("Component that reports the event."),
    str("reportingInstance", 15).always(),
};
constinit const Schema kEvent = {.id = "io.k8s.api.core.v1.Event",
                                 .name = "Event",
                                 .description = "A report of something that happened.",
                                 .fields = kEventFields};

}  // namespace appliance::orchestrator::api::core
