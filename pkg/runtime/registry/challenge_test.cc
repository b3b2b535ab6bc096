#include "runtime/registry/challenge.h"

#include <catch2/catch.hpp>

#include "runtime/registry/registry.h"

namespace appliance::runtime::registry {

TEST_CASE("registry: challenges are read, several in one field too, and nonsense gives none") {
  const auto one = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="reg \"x\"",scope="repository:a/b:pull,push")");
  REQUIRE(one.size() == 1);
  CHECK(one[0].scheme == "bearer");
  CHECK(one[0].params.at("service") == "reg \"x\"");
  CHECK(one[0].params.at("scope") == "repository:a/b:pull,push");
  const auto two = parse_challenges(R"(Basic realm="x", Bearer realm=y)");
  REQUIRE(two.size() == 2);
  CHECK(two[0].scheme == "basic");
  CHECK(two[1].params.at("realm") == "y");
  CHECK(parse_challenges("\"\"\"").empty());
  CHECK(parse_challenges("").empty());
}

TEST_CASE("registry: only loopback is spoken to without TLS, and no redirect leaves TLS") {
  CHECK(parse_url("http://127.0.0.1:5000/x?y").value().path == "/x?y");
  CHECK(parse_url("https://a.example").value().path == "/");
  CHECK(parse_url("http://a.example/").error().code == Code::kPermissionDenied);
  CHECK(parse_url("http://127.0.0.1.evil.example/").error().code == Code::kPermissionDenied);
  CHECK(parse_url("http://localhost@evil.example/").error().code == Code::kInvalidArgument);
  CHECK(parse_url("ftp://127.0.0.1/").error().code == Code::kInvalidArgument);
  const Url from = parse_url("https://a.example/v2/x").value();
  CHECK(resolve_location(from, "/blob").value().base == "https://a.example");
  CHECK(resolve_location(from, "https://b.example/blob?sig=1").value().host() == "b.example");
  CHECK(resolve_location(from, "//b.example/blob").value().base == "https://b.example");
  CHECK_FALSE(resolve_location(from, "http://127.0.0.1/blob"));
  CHECK_FALSE(resolve_location(from, "blob"));
}

TEST_CASE("registry: mirrors come first and the registry last") {
  const auto reference = oci::parse_reference("nginx").value();
  Options options;
  options.mirrors["docker.io"] = {"https://mirror.example/cache/", "http://127.0.0.1:5000"};
  const auto hosts = endpoints_of(reference, options).value();
  REQUIRE(hosts.size() == 3);
  CHECK(hosts[0].base_url == "https://mirror.example/cache");
  CHECK(hosts[0].mirror);
  CHECK(hosts[2].base_url == "https://registry-1.docker.io");
  CHECK_FALSE(hosts[2].mirror);
  options.mirrors["docker.io"] = {"http://mirror.example"};
  CHECK(endpoints_of(reference, options).error().code == Code::kPermissionDenied);
}

}  // namespace appliance::runtime::registry
