#include "orchestrator/apiserver/core.h"

#include "base/check.h"
#include "base/strings.h"
#include "orchestrator/apiserver/live/hub.h"

namespace appliance::orchestrator::apiserver {
namespace {

constexpr size_t kPoolQueueMax =
    65536;  // continuations of requests that were let in; new requests are counted in api.cc

// The block was checked by ApiServer::create.
Ipv4Block block_of(const Options& options) { return parse_ipv4_block(options.service_cidr).value_or(Ipv4Block{}); }

// The band that is left to people, as kube-apiserver computes it: min(max(16, size/16), 256).
uint32_t band_of(uint32_t size, uint32_t divisor, uint32_t most) {
  const uint32_t band = std::min(std::max(16U, size / divisor), most);
  return band < size ? band : 0;
}

WatchCache::Options cache_options(const Options& options) {
  WatchCache::Options out;
  out.kinds = options.kinds;
  out.kv = options.kv;
  out.clock = options.clock;
  out.log = options.log;
  return out;
}

}  // namespace

Core::Core(Options options_in)
    : options(std::move(options_in)),
      kinds(options.kinds),
      kv(*options.kv),
      clock(*options.clock),
      random(*options.random),
      log(options.log),
      cache(cache_options(options)),
      discovery(*kinds),
      // Without the network's own address and the broadcast address.
      cluster_ips(block_of(options).base + 1, block_of(options).base + block_of(options).size() - 2,
                  band_of(block_of(options).size() - 2, 16, 256)),
      node_ports(static_cast<uint32_t>(options.node_port_first), static_cast<uint32_t>(options.node_port_last),
                 band_of(static_cast<uint32_t>(options.node_port_last - options.node_port_first + 1), 32, 128)),
      tokens(options.service_account_key_pem, options.service_account_issuer),
      tabs(std::make_shared<live::Hub>(options.metrics)),
      openapi(*kinds),
      streams(options.node_streams),
      stats(options.node_stats),
      pool({.name = "api", .threads = options.request_threads, .queue_max = kPoolQueueMax}) {}

const api::Kind& Core::kind(std::string_view resource) const {
  const api::Kind* found = kinds->by_resource(resource);
  APP_CHECK_MSG(found != nullptr, resource);
  return *found;
}

}  // namespace appliance::orchestrator::apiserver
