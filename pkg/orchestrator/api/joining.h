// Names that API server, controllers and nodes agree on when machines join: signers, identities, Secrets.
#pragma once

#include <algorithm>
#include <string_view>

namespace appliance::orchestrator::api {

// Signers of CertificateSigningRequests, as in Kubernetes.
inline constexpr std::string_view kSignerNodeClient = "kubernetes.io/kube-apiserver-client-kubelet";
inline constexpr std::string_view kSignerNodeServing = "kubernetes.io/kubelet-serving";
inline constexpr std::string_view kSignerClient = "kubernetes.io/kube-apiserver-client";

// In spec.extra of a request: the address that it came from; written by the API server.
inline constexpr std::string_view kExtraRemoteAddress = "appliance.dev/remote-address";

// In kube-system: what the cluster is, and Secrets: one per join token, and one per node name with the hash of the key
// that it belongs to.
inline constexpr std::string_view kJoinNamespace = "kube-system";
inline constexpr std::string_view kClusterFacts = "appliance-cluster";  // the ConfigMap that a joining machine reads
inline constexpr std::string_view kJoinTokenPrefix = "join-token-";
inline constexpr std::string_view kJoinTokenSecretType = "appliance.dev/join-token";
inline constexpr std::string_view kNodeKeyPrefix = "node-key.";
inline constexpr std::string_view kNodeKeySecretType = "appliance.dev/node-key";
inline constexpr std::string_view kNodeKeyDatum = "public-key-sha256";
inline constexpr std::string_view kNodeKeyApproved = "approved";  // RFC 3339: the last time that it was approved

// In the text of the 401 that a node gets whose name is not its key's any more. Other 401s have other reasons: a
// certificate that ended, a wrong clock, a server that is not the cluster's.
inline constexpr std::string_view kNodeRemoved = "was removed from the cluster";
inline constexpr std::string_view kNodeNameLost = "belongs to another machine now";
constexpr bool is_shut_out(std::string_view message) {
  return message.find(kNodeRemoved) != std::string_view::npos || message.find(kNodeNameLost) != std::string_view::npos;
}

// The parts of a join token's bearer, `id.secret`: letters a-z and digits.
inline constexpr size_t kJoinTokenIdSize = 6;
inline constexpr size_t kJoinTokenSecretSize = 32;
constexpr bool is_join_token_part(std::string_view text, size_t size) {
  return text.size() == size &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

// Identities.
inline constexpr std::string_view kNodeUser = "system:node:";
inline constexpr std::string_view kNodesGroup = "system:nodes";
inline constexpr std::string_view kBootstrapUser = "system:bootstrap:";
inline constexpr std::string_view kBootstrappersGroup = "system:bootstrappers";

}  // namespace appliance::orchestrator::api
