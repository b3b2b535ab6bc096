#include "orchestrator/controllers/node_ipam.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "net/netlink/ip.h"

namespace appliance::orchestrator::controllers {
namespace {

using net::netlink::Cidr;
using net::netlink::Ipv4;

class NodeIpam final : public Reconciler {
 public:
  explicit NodeIpam(NodeIpamOptions options) : options_(std::move(options)) {}
  std::string_view name() const override { return "node-ipam"; }
  std::vector<Watch> watches() const override { return {{"nodes", self_key}}; }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const std::lock_guard lock(mutex_);  // two nodes at once must not get one range
    const auto node = context.informer("nodes").get(key);
    if (!node) {
      given_.erase(key.name);
      return Outcome{};
    }
    if (!json::string_at(node->document(), {"spec", "podCIDR"}).empty()) {
      given_.erase(key.name);
      return Outcome{};
    }
    std::vector<std::string> taken;
    for (const auto& other : context.informer("nodes").list())
      if (auto cidr = json::string_at(other->document(), {"spec", "podCIDR"}); !cidr.empty()) taken.emplace_back(cidr);
    // Ranges given a moment ago that the cache does not show yet: another node's key does not wait for them.
    for (const auto& [name, cidr] : given_)
      if (name != key.name) taken.push_back(cidr);
    const auto cidr = range_for(options_, key.name, std::move(taken));
    if (!cidr) {
      context.event(node->document(), true, "CIDRNotAvailable", cidr.error().message);
      return fail(cidr.error());
    }
    TRY(context.patch(
        "nodes", key,
        json::Object{{"spec", json::Object{{"podCIDR", *cidr}, {"podCIDRs", json::Array{json::Value(*cidr)}}}}}));
    given_[key.name] = *cidr;
    return Outcome{};
  }

 private:
  const NodeIpamOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::string> given_;  // node -> range, until the cache shows it
};

}  // namespace

Result<std::string> free_subnet(const NodeIpamOptions& options, const std::vector<std::string>& taken) {
  const auto network = TRY_CTX(net::netlink::parse_cidr(options.cluster_cidr), "cluster-cidr");
  std::vector<Cidr> used;
  for (const auto& cidr : taken)
    if (const auto range = net::netlink::parse_cidr(cidr)) used.push_back(*range);
  const uint32_t step = uint32_t{1} << (32U - static_cast<uint32_t>(options.node_bits));
  const uint32_t count =
      options.node_bits < network.prefix ? 0 : 1U << static_cast<uint32_t>(options.node_bits - network.prefix);
  for (uint32_t i = 0; i < count; ++i) {
    const Cidr candidate{.base = Ipv4{network.base.value + i * step}, .prefix = options.node_bits};
    if (std::ranges::none_of(used, [&](const Cidr& range) { return range.overlaps(candidate); }))
      return candidate.string();
  }
  return fail(Error{.code = Code::kResourceExhausted,
                    .message = "no range of pod addresses is left in " + options.cluster_cidr + " (" +
                               std::to_string(used.size()) + " nodes have one)",
                    .errno_value = 0,
                    .hint = "a larger --cluster-cidr can be chosen when a cluster is made"});
}

Result<std::string> range_for(const NodeIpamOptions& options, const std::string& node_name,
                              std::vector<std::string> taken) {
  for (const auto& reserved : options.reserved) {
    if (reserved.node_name == node_name) return reserved.cidr;
    if (std::ranges::find(taken, reserved.cidr) == taken.end()) taken.push_back(reserved.cidr);
  }
  return free_subnet(options, taken);
}

std::unique_ptr<Reconciler> make_node_ipam_controller(NodeIpamOptions options) {
  return std::make_unique<NodeIpam>(std::move(options));
}

}  // namespace appliance::orchestrator::controllers
