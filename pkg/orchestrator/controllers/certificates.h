// Certificates of nodes (certificates.k8s.io/v1): approves what a node may have by itself, signs what is approved, and
// removes what is old. Signers, as in Kubernetes:
//   kubernetes.io/kube-apiserver-client-kubelet   CN system:node:NAME, O system:nodes, client auth. Approved for a join
//     token's identity when NAME is free, or was taken with this very key (a join that is run again), and not reserved;
//     and for the node itself (renewal).
//   kubernetes.io/kubelet-serving                 the same subject, server auth, IP and DNS names; approved for the
//     node itself when the DNS name is its own, and each address is one that its Node object says or it asked from.
//     Never for what is reserved, another Node's address, loopback and multicast: a node must not pass for the API
//     server, a Service or another node.
// Everything else waits for `kubectl certificate approve`. A refused request gets the condition Denied with a reason
// that the joining machine shows: `NodeNameTaken`, `BadSubject`, …
// Which key a node name belongs to stands in the Secret kube-system/node-key.NAME (created at approval, so that two
// machines cannot both win; removed when the Node is deleted, or by the node controller when no Node came in 10
// minutes).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

struct CertificateOptions {
  std::string ca_pem;
  std::string ca_key_pem;
  std::chrono::hours lifetime{24 * 365};
  std::chrono::hours keep_issued{1};  // CertificateSigningRequests after they were issued or denied
  std::chrono::hours keep_pending{24};
  // DNS names and addresses of the API server; ".svc" and "*.example.com" stand for all names below.
  std::vector<std::string> reserved_names{};
  std::vector<std::string> reserved_networks{};  // of pods and Services: "10.42.0.0/16"
};
std::unique_ptr<Reconciler> make_certificate_controller(CertificateOptions options);

}  // namespace appliance::orchestrator::controllers
