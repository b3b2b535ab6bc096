#include "orchestrator/apiserver/negotiate.h"

#include <catch2/catch.hpp>

namespace appliance::orchestrator::apiserver {

TEST_CASE("negotiate: takes the first form that we speak") {
  CHECK(negotiate("")->form == Form::kObject);
  CHECK(negotiate("*/*")->form == Form::kObject);
  CHECK(negotiate("application/vnd.kubernetes.protobuf,application/json")->form == Form::kObject);
  const auto table = negotiate(
      "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/"
      "json");
  REQUIRE(table.has_value());
  CHECK(table->form == Form::kTable);
  CHECK(table->meta_version == "v1");
  CHECK(negotiate("application/json;as=Table;v=v1beta1;g=meta.k8s.io")->meta_version == "v1beta1");
  CHECK(negotiate("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")->form == Form::kPartial);
}

TEST_CASE("negotiate: chooses the version of aggregated discovery by order") {
  const auto both = negotiate(
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/"
      "json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json");
  REQUIRE(both.has_value());
  CHECK(both->discovery_v2);
  const auto old =
      negotiate("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json");
  REQUIRE(old.has_value());
  CHECK(old->discovery_v2beta1);
}

TEST_CASE("negotiate: YAML is for single objects, and in the client's order") {
  CHECK(negotiate("application/yaml", true)->yaml);
  CHECK(negotiate("application/yaml;charset=utf-8, application/json", true)->yaml);
  CHECK_FALSE(negotiate("application/json, application/yaml", true)->yaml);
  CHECK_FALSE(negotiate("*/*", true)->yaml);
  CHECK_FALSE(negotiate("", true)->yaml);
  CHECK_FALSE(negotiate("application/yaml, application/json")->yaml);
  CHECK_FALSE(negotiate("application/yaml").has_value());
  CHECK_FALSE(negotiate("application/yaml;as=Table;v=v1;g=meta.k8s.io", true).has_value());
}

TEST_CASE("negotiate: nothing acceptable is said so") {
  CHECK_FALSE(negotiate("application/cbor").has_value());
  CHECK_FALSE(negotiate("text/html,application/vnd.kubernetes.protobuf").has_value());
  CHECK_FALSE(negotiate("application/json;as=Bird;v=v1;g=meta.k8s.io").has_value());
}

}  // namespace appliance::orchestrator::apiserver
