// What every Client must do, whatever carries its requests: run by the API server's tests against the client of the
// process and against HTTPS. `client` has all rights; `ns` exists, is empty, and is this run's own.
#pragma once

#include <catch2/catch.hpp>

#include <string>

#include "orchestrator/client/client.h"

namespace appliance::orchestrator::client {

inline json::Value conformance_map(const std::string& name, const std::string& value) {
  return json::Object{{"metadata", json::Object{{"name", name}, {"labels", json::Object{{"suite", "conformance"}}}}},
                      {"data", json::Object{{"a", value}}}};
}

inline void conformance_create_and_read(Client& client, const std::string& ns) {
  const auto made = client.create("configmaps", ns, conformance_map("one", "1"), {});
  REQUIRE(made.has_value());
  CHECK(json::string_at(*made, {"kind"}) == "ConfigMap");
  CHECK(json::string_at(*made, {"metadata", "namespace"}) == ns);
  CHECK_FALSE(json::string_at(*made, {"metadata", "uid"}).empty());
  const auto got = client.get("configmaps", {ns, "one"});
  REQUIRE(got.has_value());
  CHECK(*got == *made);  // a client reads its own writes
  const auto again = client.create("configmaps", ns, conformance_map("one", "2"), {});
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == Code::kAlreadyExists);
  CHECK(again.error().message == "configmaps \"one\" already exists");
}

inline void conformance_list(Client& client, const std::string& ns) {
  REQUIRE(client.create("configmaps", ns, conformance_map("two", "2"), {}).has_value());
  const auto list =
      client.list("configmaps", ns, {.label_selector = "suite=conformance", .field_selector = "metadata.name!=one"});
  REQUIRE(list.has_value());
  REQUIRE(json::array_at(*list, {"items"}).size() == 1);
  CHECK(json::string_at(json::array_at(*list, {"items"})[0], {"metadata", "name"}) == "two");
}

inline void conformance_update(Client& client, const std::string& ns) {
  auto object = client.get("configmaps", {ns, "one"});
  REQUIRE(object.has_value());
  json::Value first = *object;
  json::ensure(first, {"data", "a"}) = "updated";
  REQUIRE(client.update("configmaps", {ns, "one"}, first, {}).has_value());
  json::Value late = *object;
  json::ensure(late, {"data", "a"}) = "late";
  const auto conflict = client.update("configmaps", {ns, "one"}, late, {});
  REQUIRE_FALSE(conflict.has_value());
  CHECK(conflict.error().code == Code::kAborted);
  CHECK(conflict.error().message.starts_with(
      "Operation cannot be fulfilled on configmaps \"one\": the object has been modified"));
}

inline void conformance_patch(Client& client, const std::string& ns) {
  const json::Value merge = json::Object{{"data", json::Object{{"b", "2"}, {"a", nullptr}}}};
  auto patched = client.patch("configmaps", {ns, "one"}, PatchType::kMerge, merge, {});
  REQUIRE(patched.has_value());
  CHECK(json::string_at(*patched, {"data", "b"}) == "2");
  CHECK(json::find(*patched, {"data", "a"}) == nullptr);
  const json::Value operations = json::Array{json::Object{{"op", "add"}, {"path", "/data/c"}, {"value", "3"}}};
  patched = client.patch("configmaps", {ns, "one"}, PatchType::kJson, operations,
                         {.subresource = "", .field_manager = "suite", .dry_run = true});
  REQUIRE(patched.has_value());
  CHECK(json::string_at(*patched, {"data", "c"}) == "3");
  const auto kept = client.get("configmaps", {ns, "one"});
  REQUIRE(kept.has_value());
  CHECK(json::find(*kept, {"data", "c"}) == nullptr);  // a dry run stores nothing
}

inline void conformance_remove(Client& client, const std::string& ns) {
  const auto wrong =
      client.remove("configmaps", {ns, "one"},
                    {.grace_seconds = {}, .uid = "not-this-one", .resource_version = {}, .propagation = {}});
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().code == Code::kAborted);
  CHECK(client.remove("configmaps", {ns, "one"}, {}).has_value());
  const auto gone = client.get("configmaps", {ns, "one"});
  REQUIRE_FALSE(gone.has_value());
  CHECK(gone.error().code == Code::kNotFound);
  CHECK(gone.error().message == "configmaps \"one\" not found");
}

inline void conformance_errors(Client& client, const std::string& ns) {
  const auto no_resource = client.get("unicorns", {ns, "x"});
  REQUIRE_FALSE(no_resource.has_value());
  CHECK(no_resource.error().code == Code::kInvalidArgument);
  const auto invalid = client.create("configmaps", ns, conformance_map("Not A Name", "1"), {});
  REQUIRE_FALSE(invalid.has_value());
  CHECK(invalid.error().code == Code::kInvalidArgument);
}

inline void client_conformance(Client& client, const std::string& ns) {
  conformance_create_and_read(client, ns);
  conformance_list(client, ns);
  conformance_update(client, ns);
  conformance_patch(client, ns);
  conformance_remove(client, ns);
  conformance_errors(client, ns);
}

}  // namespace appliance::orchestrator::client
