#include "orchestrator/apiserver/node_keys.h"

#include "base/strings.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/authz.h"

namespace appliance::orchestrator::apiserver {

Result<> check_node_key(const WatchCache& cache, const User& user, const net::http::PeerCertificate& peer) {
  const std::string node(node_of(user));
  if (node.empty()) return {};
  const Kind* secrets = cache.kinds().by_resource("secrets");
  const ObjectPtr record =
      secrets == nullptr
          ? nullptr
          : cache.get(*secrets, {std::string(api::kJoinNamespace), std::string(api::kNodeKeyPrefix) + node});
  if (!record)
    return fail(Code::kUnauthenticated, "node \"" + node + "\" " + std::string(api::kNodeRemoved) +
                                            ": appliance leave --force on it, then join again");
  const auto key = base::unbase64(json::string_at(record->document(), {"data", api::kNodeKeyDatum}));
  if (key && !key->empty() && *key == peer.public_key_sha256) return {};
  return fail(Code::kUnauthenticated, "the name \"" + node + "\" " + std::string(api::kNodeNameLost) +
                                          ": appliance leave --force on this one, then join under another name");
}

}  // namespace appliance::orchestrator::apiserver
