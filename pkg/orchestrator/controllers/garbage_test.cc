// Table tests of what the collector and the event expiry decide. An object is made from JSON as the store keeps it.
#include "orchestrator/controllers/garbage.h"

#include <catch2/catch.hpp>

#include "orchestrator/api/kind.h"

using namespace appliance;
using namespace appliance::orchestrator;
using namespace appliance::orchestrator::controllers;

namespace {

using Verb = CollectionWrite::Verb;
using enum OwnerState;
using Names = std::vector<std::string>;

struct Owner {
  std::string uid;
  bool block = false;
};

struct Spec {
  std::string name;  // its uid is u-NAME
  std::vector<Owner> owners{};
  bool deleted = false;
  std::string finalizers{};  // JSON strings, with commas between
};

api::ObjectPtr made(const char* resource, const std::string& text) {
  static const auto kinds = api::builtin_kinds();
  const auto document = json::parse(text);
  REQUIRE(document);
  auto out = api::make_object(*kinds->by_resource(resource), 7,
                              std::make_shared<const std::string>(api::stored_bytes(*document)));
  REQUIRE(out);
  return *out;
}

api::ObjectPtr object(const Spec& spec) {
  std::string owners;
  for (const auto& owner : spec.owners)
    owners += (owners.empty() ? "" : ",") + (R"({"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":")" +
                                             owner.uid + "\"" + (owner.block ? R"(,"blockOwnerDeletion":true})" : "}"));
  return made("configmaps", R"({"metadata":{"name":")" + spec.name + R"(","namespace":"default","uid":"u-)" +
                                spec.name + R"(","finalizers":[)" + spec.finalizers + R"(],"ownerReferences":[)" +
                                owners + "]" + (spec.deleted ? R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")" : "") +
                                "}}");
}

api::ObjectPtr with_owners(size_t count) {
  Spec spec{.name = "a"};
  for (size_t i = 0; i < count; ++i) spec.owners.push_back({.uid = std::to_string(i)});
  return object(spec);
}

const std::string kForeground = R"("foregroundDeletion")";
const std::string kOrphan = R"("orphan")";

}  // namespace

TEST_CASE("collection: an object goes when every owner is gone, and only then") {
  struct Row {
    std::vector<OwnerState> owners;
    bool removed;
    Names dropped;
  };
  const std::vector<Row> table{
      {{}, false, {}},
      {{kPresent}, false, {}},
      {{kAbsent}, true, {}},
      {{kWaiting}, true, {}},
      {{kAbsent, kAbsent}, true, {}},
      {{kAbsent, kWaiting}, true, {}},
      {{kPresent, kPresent}, false, {}},
      {{kPresent, kAbsent}, false, {"1"}},
      {{kAbsent, kPresent, kWaiting}, false, {"0", "2"}},
  };
  for (size_t i = 0; i < table.size(); ++i) {
    INFO("row " << i);
    const auto& row = table[i];
    const auto target = with_owners(row.owners.size());
    const auto plan = plan_collection(target, row.owners, {});
    CHECK_FALSE(plan.waits);
    if (!row.removed && row.dropped.empty()) {
      CHECK(plan.writes.empty());
      continue;
    }
    REQUIRE(plan.writes.size() == 1);
    CHECK(plan.writes[0].object == target);
    CHECK(plan.writes[0].verb == (row.removed ? Verb::kDelete : Verb::kDropOwners));
    CHECK(plan.writes[0].drop == row.dropped);
  }
}

TEST_CASE("collection: the way of deletion is the owner's for what has dependents, and its own finalizer's else") {
  const auto child = object({.name = "child", .owners = {{"u-a"}}});
  const auto waiting_child = object({.name = "child", .owners = {{"u-a"}}, .deleted = true, .finalizers = kForeground});
  struct Row {
    OwnerState owner;
    std::string finalizers;
    std::vector<api::ObjectPtr> dependents;
    std::string propagation;
  };
  const std::vector<Row> table{
      {kAbsent, "", {}, "Background"},
      {kAbsent, "", {child}, "Background"},
      {kAbsent, kForeground, {child}, "Foreground"},
      {kAbsent, kOrphan, {child}, "Orphan"},
      {kWaiting, "", {}, "Background"},
      {kWaiting, "", {child}, "Foreground"},
      {kWaiting, kOrphan, {}, "Orphan"},
      {kWaiting, "", {child, waiting_child}, "Background"},  // a circle: it must not wait for who waits for it
      {kWaiting, kForeground, {waiting_child}, "Background"},
  };
  for (size_t i = 0; i < table.size(); ++i) {
    INFO("row " << i);
    const auto& row = table[i];
    const auto target = object({.name = "a", .owners = {{"o"}}, .finalizers = row.finalizers});
    const auto plan = plan_collection(target, std::vector{row.owner}, row.dependents);
    REQUIRE(plan.writes.size() == 1);
    CHECK(plan.writes[0].verb == Verb::kDelete);
    CHECK(plan.writes[0].propagation == row.propagation);
  }
}

TEST_CASE("collection: what is being deleted already is left alone") {
  CHECK(plan_collection(object({.name = "a", .owners = {{"o"}}, .deleted = true}), std::vector{kAbsent}, {})
            .writes.empty());
  CHECK(plan_collection(object({.name = "a", .owners = {{"o"}}, .deleted = true, .finalizers = R"("mine")"}),
                        std::vector{kAbsent}, {})
            .writes.empty());
}

TEST_CASE("collection: an owner in the foreground waits only for dependents that block its deletion") {
  const auto owner = object({.name = "o", .deleted = true, .finalizers = R"("mine",)" + kForeground});
  struct Row {
    std::vector<api::ObjectPtr> dependents;
    bool waits;
  };
  const std::vector<Row> table{
      {{}, false},
      {{object({.name = "a", .owners = {{"u-o", false}}})}, false},
      {{object({.name = "a", .owners = {{"u-o", true}}})}, true},
      {{object({.name = "a", .owners = {{"u-o", true}}, .deleted = true})}, true},
      {{object({.name = "a", .owners = {{"u-o", false}, {"other", true}}})}, false},
      {{object({.name = "a", .owners = {{"u-o", false}}}), object({.name = "b", .owners = {{"u-o", true}}})}, true},
      {{object({.name = "o", .owners = {{"u-o", true}}})}, false},  // itself
  };
  for (size_t i = 0; i < table.size(); ++i) {
    INFO("row " << i);
    const auto plan = plan_collection(owner, {}, table[i].dependents);
    CHECK(plan.waits == table[i].waits);
    if (table[i].waits) {
      CHECK(plan.writes.empty());
      continue;
    }
    REQUIRE(plan.writes.size() == 1);
    CHECK(plan.writes[0].verb == Verb::kDropFinalizers);
    CHECK(plan.writes[0].object == owner);
    CHECK(plan.writes[0].drop == Names{"foregroundDeletion"});  // "mine" stays
  }
}

TEST_CASE("collection: an orphaning owner lets go of every dependent before it goes itself") {
  const auto owner = object({.name = "o", .deleted = true, .finalizers = kOrphan});
  const std::vector<api::ObjectPtr> dependents{object({.name = "a", .owners = {{"u-o", true}}}),
                                               object({.name = "b", .owners = {{"other"}, {"u-o"}}})};
  const auto plan = plan_collection(owner, {}, dependents);
  REQUIRE(plan.writes.size() == 3);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(plan.writes[i].verb == Verb::kDropOwners);
    CHECK(plan.writes[i].object == dependents[i]);
    CHECK(plan.writes[i].drop == Names{"u-o"});
  }
  CHECK(plan.writes[2].verb == Verb::kDropFinalizers);
  CHECK(plan.writes[2].object == owner);
}

TEST_CASE("collection: dependents are looked up only where the decision needs them") {
  CHECK_FALSE(collection_needs_dependents(*with_owners(1), std::vector{kAbsent}));
  CHECK_FALSE(collection_needs_dependents(*with_owners(1), std::vector{kPresent}));
  CHECK(collection_needs_dependents(*with_owners(1), std::vector{kWaiting}));
  CHECK(collection_needs_dependents(*object({.name = "o", .deleted = true, .finalizers = kForeground}), {}));
  CHECK(collection_needs_dependents(*object({.name = "o", .deleted = true, .finalizers = kOrphan}), {}));
  CHECK_FALSE(collection_needs_dependents(*object({.name = "o", .finalizers = kOrphan}), {}));
}

TEST_CASE("event expiry: an hour after the last occurrence, never more than an hour ahead") {
  constexpr int64_t kCreated = 1'767'225'600;  // 2026-01-01T00:00:00Z
  constexpr int64_t kHour = 3600;
  struct Row {
    std::string fields;  // beside metadata
    int64_t now;
    int64_t left;
  };
  const std::vector<Row> table{
      {"", kCreated, kHour},
      {"", kCreated + kHour - 1, 1},
      {"", kCreated + kHour, 0},
      {"", kCreated + 2 * kHour, -kHour},
      {R"(,"lastTimestamp":"2026-01-01T00:30:00Z")", kCreated + kHour, 1800},
      {R"(,"lastTimestamp":"2025-12-31T00:00:00Z")", kCreated + kHour, 0},  // older than itself: creation counts
      {R"(,"series":{"count":2,"lastObservedTime":"2026-01-01T00:45:00.000000Z"})", kCreated + kHour, 2700},
      {R"(,"lastTimestamp":null)", kCreated + kHour, 0},
      {R"(,"lastTimestamp":"soon")", kCreated + kHour, 0},
      {R"(,"lastTimestamp":"9999-12-31T23:59:59Z")", kCreated + kHour, 0},      // must not live for ever
      {R"(,"lastTimestamp":"2026-01-01T01:04:00Z")", kCreated + kHour, kHour},  // a clock a little ahead
      {"", kCreated - 10 * kHour, kHour},                                       // our clock went back
  };
  for (size_t i = 0; i < table.size(); ++i) {
    INFO("row " << i);
    const auto event = made("events", R"({"metadata":{"name":"e","namespace":"default","uid":"u",)"
                                      R"("creationTimestamp":"2026-01-01T00:00:00Z"})" +
                                          table[i].fields + "}");
    CHECK(plan_event_expiry(*event, table[i].now).count() == table[i].left);
  }
}
