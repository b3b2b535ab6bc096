#include "node/join/membership.h"

#include <unistd.h>

#include <array>

#include "base/fs.h"
#include "base/strings.h"
#include "orchestrator/api/joining.h"

namespace appliance::node {
namespace {

constexpr int kVersion = 1;
constexpr std::array kKeyFiles = {"ca.crt", "node.key", "node.crt", "kubelet.key", "kubelet.crt"};

struct Field {
  const char* name;
  std::string Membership::* member;
};
constexpr Field kFields[] = {{"server", &Membership::server},
                             {"caSha256", &Membership::ca_sha256},
                             {"nodeName", &Membership::node_name},
                             {"nodeIP", &Membership::node_ip},
                             {"clusterCIDR", &Membership::cluster_cidr},
                             {"serviceCIDR", &Membership::service_cidr},
                             {"clusterDNS", &Membership::cluster_dns},
                             {"clusterDomain", &Membership::cluster_domain},
                             {"podCIDR", &Membership::pod_cidr}};

std::string path_of(const Config& config) { return config.data_dir + "/cluster.json"; }

// Absent is "", for what comes later.
Result<std::string> read_or_empty(const std::string& path) {
  auto text = base::read_file(path);
  if (!text && text.error().code == Code::kNotFound) return std::string();
  return text;
}

Result<> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path);
  return {};
}

}  // namespace

Result<std::optional<Membership>> read_membership(const Config& config) {
  const auto path = path_of(config);
  const auto text = base::read_file(path);
  if (!text && text.error().code == Code::kNotFound) return std::optional<Membership>();
  if (!text) return fail(text.error());
  const auto document = json::parse(*text);
  const auto version = document ? json::int_at(*document, {"version"}) : 0;
  if (!document || version < 1)
    return fail(Error{.code = Code::kDataLoss,
                      .message = path + ": not a membership of a cluster",
                      .errno_value = 0,
                      .hint = "appliance leave --force, then join again"});
  if (version > kVersion)
    return fail(Error{.code = Code::kFailedPrecondition,
                      .message = path + ": made by a newer version of appliance",
                      .errno_value = 0,
                      .hint = "install that version again"});
  Membership out;
  for (const auto& field : kFields) out.*field.member = json::string_at(*document, {field.name});
  out.grace_seconds = json::int_at(*document, {"graceSeconds"}, out.grace_seconds);
  return std::optional(std::move(out));
}

Result<> write_membership(const Config& config, const Membership& membership) {
  json::Object document{{"version", kVersion}, {"role", "worker"}, {"graceSeconds", membership.grace_seconds}};
  for (const auto& field : kFields) document[field.name] = membership.*field.member;
  return base::write_file_atomic(path_of(config), json::serialize_pretty(json::Value(std::move(document))) + '\n',
                                 0600);
}

Result<> remove_membership(const Config& config) {
  TRY(remove_file(path_of(config)));
  for (const auto* name : kKeyFiles) TRY(remove_file(config.pki_dir() + '/' + name));
  return {};
}

void apply_membership(Config& config, const Membership& membership) {
  config.node_name = membership.node_name;
  config.cluster_cidr = membership.cluster_cidr;
  config.service_cidr = membership.service_cidr;
  config.cluster_dns = membership.cluster_dns;
  config.cluster_domain = membership.cluster_domain;
  config.node_monitor_grace_period_seconds = static_cast<int>(membership.grace_seconds);
}

orchestrator::client::ObjectKey cluster_facts_key() {
  return {std::string(orchestrator::api::kJoinNamespace), std::string(orchestrator::api::kClusterFacts)};
}

void read_facts(const json::Value& config_map, Membership& out) {
  const auto value = [&](std::string_view key) { return std::string(json::string_at(config_map, {"data", key})); };
  const auto read = [&](std::string_view key, std::string& known) {
    if (auto said = value(key); !said.empty()) known = std::move(said);
  };
  read("cluster-cidr", out.cluster_cidr);
  read("service-cidr", out.service_cidr);
  read("cluster-dns", out.cluster_dns);
  read("cluster-domain", out.cluster_domain);
  out.grace_seconds = base::parse_int<int64_t>(value("node-monitor-grace-seconds")).value_or(out.grace_seconds);
}

json::Value facts_map(const Config& config, const std::string& version) {
  return json::Object{
      {"metadata",
       json::Object{{"name", orchestrator::api::kClusterFacts}, {"namespace", orchestrator::api::kJoinNamespace}}},
      {"data", json::Object{{"cluster-cidr", config.cluster_cidr},
                            {"service-cidr", config.service_cidr},
                            {"cluster-dns", config.cluster_dns},
                            {"cluster-domain", config.cluster_domain},
                            {"node-monitor-grace-seconds", std::to_string(config.node_monitor_grace_period_seconds)},
                            {"version", version}}}};
}

Result<NodeKeys> read_node_keys(const Config& config) {
  const auto dir = config.pki_dir() + '/';
  NodeKeys out;
  out.ca_pem = TRY(base::read_file(dir + "ca.crt"));
  out.node_key_pem = TRY(base::read_file(dir + "node.key"));
  out.node_pem = TRY(base::read_file(dir + "node.crt"));
  out.kubelet_key_pem = TRY(read_or_empty(dir + "kubelet.key"));
  out.kubelet_pem = TRY(read_or_empty(dir + "kubelet.crt"));
  return out;
}

orchestrator::client::HttpsOptions https_options(const Membership& membership, const NodeKeys& keys) {
  orchestrator::client::HttpsOptions out;
  out.base_url = membership.server;
  out.ca_pem = keys.ca_pem;
  out.certificate_pem = keys.node_pem;
  out.key_pem = keys.node_key_pem;
  return out;
}

}  // namespace appliance::node
