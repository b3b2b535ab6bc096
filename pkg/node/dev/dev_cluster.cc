#include "node/dev/dev_cluster.h"

#include <algorithm>
#include <cstdio>

#include "base/fs.h"
#include "base/json/json.h"
#include "base/strings.h"
#include "net/netlink/route.h"

namespace appliance::node {
namespace {

using net::netlink::Cidr;
using net::netlink::Ipv4;

constexpr uint32_t kNetworks = (10U << 24U) | (88U << 16U);  // 10.88.0.0, in /24s
constexpr uint32_t kNetworkCount = 256;
constexpr uint32_t kFirstHost = 11;
constexpr size_t kNameMax = 40;

bool valid_name(const std::string& name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kNameMax && std::ranges::all_of(name, good) && name.front() != '-' &&
         name.back() != '-';
}

std::string file_of(const std::string& name) { return "/var/lib/appliance-dev/" + name + "/cluster.json"; }

}  // namespace

std::string DevCluster::bridge() const {
  char out[16];
  std::snprintf(out, sizeof out, "apl%08x", static_cast<unsigned>(base::fnv1a64(name)));
  return out;
}

Result<DevCluster> plan_dev_cluster(const DevClusterWish& wish, const std::vector<Cidr>& taken) {
  if (!valid_name(wish.name))
    return fail(Code::kInvalidArgument, "--name: \"" + wish.name +
                                            "\" must be 1 to 40 lower case letters, digits and '-', and begin and end "
                                            "with a letter or digit");
  if (wish.nodes < 1 || wish.nodes > kDevNodesMax)
    return fail(Code::kInvalidArgument,
                "--nodes: must be from 1 to " + std::to_string(kDevNodesMax) + ", not " + std::to_string(wish.nodes));
  DevCluster out{.name = wish.name, .network = {}, .nodes = {}, .flags = {}};
  for (uint32_t i = 0; i < kNetworkCount && out.network.base.value == 0; ++i) {
    const Cidr candidate{.base = {kNetworks + (i << 8U)}, .prefix = 24};
    if (std::ranges::none_of(taken, [&](const Cidr& used) { return used.overlaps(candidate); }))
      out.network = candidate;
  }
  if (out.network.base.value == 0)
    return fail(Error{.code = Code::kResourceExhausted,
                      .message = "no network of 10.88.0.0/16 is free on this machine",
                      .errno_value = 0,
                      .hint = "remove a cluster: appliance dev cluster delete --name X"});
  for (int i = 0; i < wish.nodes; ++i)
    out.nodes.push_back({.name = wish.name + '-' + std::to_string(i + 1),
                         .ip = Ipv4{out.network.base.value + kFirstHost + static_cast<uint32_t>(i)}.string()});
  return out;
}

Result<std::optional<DevCluster>> read_dev_cluster(const std::string& name) {
  if (!valid_name(name)) return std::optional<DevCluster>();
  const auto text = base::read_file(file_of(name));
  if (!text && text.error().code == Code::kNotFound) return std::optional<DevCluster>();
  if (!text) return fail(text.error());
  const auto document = TRY_CTX(json::parse(*text), file_of(name));
  const auto network = TRY_CTX(net::netlink::parse_cidr(json::string_at(document, {"network"})), file_of(name));
  DevCluster out{.name = name, .network = network, .nodes = {}, .flags = {}};
  for (const auto& node : json::array_at(document, {"nodes"}))
    out.nodes.push_back(
        {.name = std::string(json::string_at(node, {"name"})), .ip = std::string(json::string_at(node, {"ip"}))});
  for (const auto& flag : json::array_at(document, {"flags"}))
    if (flag.is_string()) out.flags.emplace_back(flag.get_string());
  return std::optional(std::move(out));
}

Result<> write_dev_cluster(const DevCluster& cluster) {
  json::Array nodes;
  json::Array flags;
  for (const auto& flag : cluster.flags) flags.emplace_back(flag);
  for (const auto& node : cluster.nodes) nodes.push_back(json::Object{{"name", node.name}, {"ip", node.ip}});
  const json::Value document =
      json::Object{{"network", cluster.network.string()}, {"nodes", std::move(nodes)}, {"flags", std::move(flags)}};
  TRY(base::make_dirs(cluster.data_root(), 0711));
  return base::write_file_atomic(file_of(cluster.name), json::serialize_pretty(document) + '\n');
}

Result<std::vector<std::string>> list_dev_clusters() {
  std::vector<std::string> out;
  auto names = base::make_real_fs()->list("/var/lib/appliance-dev");
  if (!names && names.error().code == Code::kNotFound) return out;
  for (const auto& name : TRY(std::move(names)))
    if (const auto cluster = read_dev_cluster(name); cluster && *cluster) out.push_back(name);
  return out;
}

Result<std::vector<Cidr>> networks_in_use() {
  auto socket = TRY(net::netlink::RouteSocket::open());
  std::vector<Cidr> out;
  for (const auto& route : TRY(socket.routes()))
    if (route.destination.prefix > 0) out.push_back(route.destination);
  for (const auto& name : TRY(list_dev_clusters()))  // without a route when a reboot took it down
    if (const auto cluster = read_dev_cluster(name); cluster && *cluster) out.push_back((*cluster)->network);
  return out;
}

}  // namespace appliance::node
