// Joining a cluster, up to the point where the node's server can start: whom do we talk to, who are we, do we fit.
//
//   auto done = join(config, {.address = "192.0.2.1:6443", .token = token}, clock, on_step);
//
// In this order, so that nothing secret leaves before the other side is known and nothing stays behind when it fails:
//   1. the server's chain must hold the CA whose hash the token carries, and be signed by it, now, for this address
//   2. with the token: what the cluster is (networks, nodes); do they fit this machine, are name and address free?
//   3. a key is made here and never leaves; a CertificateSigningRequest brings the node's certificate
//   4. cluster.json is written
// It can be run again after a kill at any point: the key is kept once it was sent, and the same key gets the same name.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/pause.h"
#include "node/config/config.h"
#include "node/join/membership.h"
#include "node/join/token.h"
#include "orchestrator/client/client.h"

namespace appliance::node {

struct JoinRequest {
  std::string address;  // HOST, HOST:PORT or https://HOST:PORT
  JoinToken token;
};
// What the steps are, for a person: called when one begins.
using OnStep = std::function<void(std::string_view what)>;

// Errors say which of the things above is wrong and what to do. `config` must be complete (node name and address).
Result<Membership> join(const Config& config, const JoinRequest& request, const base::Clock& clock,
                        const OnStep& on_step);

// "192.0.2.1" -> "https://192.0.2.1:6443". kInvalidArgument names the part.
Result<std::string> server_url(std::string_view address);

// A certificate for `common_name` of this node, through a CertificateSigningRequest that is waited for.
// kPermissionDenied with the reason of the denial; kCancelled when `pause` was called off.
struct CertificateWish {
  std::string signer;  // api::kSignerNodeClient or kSignerNodeServing (orchestrator/api/joining.h)
  std::string node_name;
  std::vector<std::string> ip_addresses{};  // serving only
  std::vector<std::string> dns_names{};
};
Result<std::string> request_certificate(orchestrator::client::Client& client, const CertificateWish& wish,
                                        const std::string& key_pem, std::chrono::seconds deadline, base::Pause& pause);

}  // namespace appliance::node
