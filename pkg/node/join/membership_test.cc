#include "node/join/membership.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <filesystem>

#include "base/fs.h"

namespace appliance::node {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/appliance-member-XXXXXX";
    config.data_dir = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(config.data_dir); }
  Config config;
};

Membership member() {
  return {.server = "https://192.0.2.1:6443",
          .ca_sha256 = std::string(64, 'b'),
          .node_name = "w1",
          .node_ip = "192.0.2.7",
          .cluster_cidr = "10.42.0.0/16",
          .service_cidr = "10.43.0.0/16",
          .cluster_dns = "10.43.0.10",
          .cluster_domain = "cluster.local",
          .pod_cidr = "10.42.1.0/24",
          .grace_seconds = 4};
}

}  // namespace

TEST_CASE("membership: what is written is read, for nobody else to read; removed twice it is absent") {
  const Folder folder;
  REQUIRE(read_membership(folder.config).has_value());
  CHECK_FALSE(read_membership(folder.config)->has_value());
  const Membership membership = member();
  REQUIRE(write_membership(folder.config, membership).has_value());
  const auto back = read_membership(folder.config);
  REQUIRE(back.has_value());
  REQUIRE(back->has_value());
  CHECK((*back)->server == membership.server);
  CHECK((*back)->pod_cidr == membership.pod_cidr);
  CHECK((*back)->cluster_domain == membership.cluster_domain);
  CHECK((*back)->grace_seconds == 4);
  struct stat info{};
  REQUIRE(::stat((folder.config.data_dir + "/cluster.json").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(remove_membership(folder.config).has_value());
  CHECK(remove_membership(folder.config).has_value());
  CHECK_FALSE(read_membership(folder.config)->has_value());
}

TEST_CASE("membership: a damaged file, and one of a newer version, are refused with the remedy") {
  const Folder folder;
  const auto path = folder.config.data_dir + "/cluster.json";
  for (const auto* text : {"", "{", "[]", "{\"server\":\"x\"}"}) {
    REQUIRE(base::write_file(path, text).has_value());
    const auto read = read_membership(folder.config);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Code::kDataLoss);
    CHECK_FALSE(read.error().hint.empty());
  }
  REQUIRE(base::write_file(path, R"({"version":99})").has_value());
  CHECK(read_membership(folder.config).error().code == Code::kFailedPrecondition);
}

TEST_CASE("membership: what the cluster's facts do not say stays as it was known") {
  Membership known = member();
  read_facts(json::Object{{"data", json::Object{{"cluster-dns", "10.43.0.99"}, {"service-cidr", ""}}}}, known);
  CHECK(known.cluster_dns == "10.43.0.99");
  CHECK(known.cluster_cidr == "10.42.0.0/16");
  CHECK(known.service_cidr == "10.43.0.0/16");
  CHECK(known.cluster_domain == "cluster.local");
  CHECK(known.grace_seconds == 4);
  read_facts(json::Value(nullptr), known);
  CHECK(known.cluster_domain == "cluster.local");
}

}  // namespace appliance::node
