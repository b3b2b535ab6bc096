// What to do with a CertificateSigningRequest: pure, out of the request and what the cluster knows of the node that it
// names. See certificates.h for the rules.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/crypto/csr.h"
#include "base/crypto/x509.h"
#include "base/error.h"
#include "base/json/json.h"

namespace appliance::orchestrator::controllers {

struct CertificateTimes {
  std::chrono::seconds lifetime;
  std::chrono::seconds keep_issued;
  std::chrono::seconds keep_pending;
};

// What the cluster knows of the node that the request names.
struct NamedNode {
  bool exists = false;                          // there is a Node
  std::string key_sha256{};                     // of the Secret node-key.NAME; "" = none
  std::vector<std::string> addresses{};         // InternalIP, ExternalIP of its Node
  std::vector<std::string> others_addresses{};  // of all other Nodes
};

// What no node's certificate is for, see CertificateOptions (certificates.h).
struct Reserved {
  std::vector<std::string> names{};     // DNS names and addresses
  std::vector<std::string> networks{};  // "10.42.0.0/16"
};

struct CertificatePlan {
  enum class Step : unsigned char { kWait, kApprove, kDeny, kIssue, kFail, kRemove };
  Step step = Step::kWait;
  std::string reason{};  // of kApprove, kDeny and kFail: of the condition
  std::string message{};
  bool claims_name = false;                          // kApprove: node-key.NAME is to hold this key first
  std::optional<std::chrono::seconds> look_again{};  // kWait: when it becomes old
};

// NAME of a subject `system:node:NAME`; "" when it is none.
std::string node_name_of(const crypto::CsrFacts& facts);

CertificatePlan plan_certificate(const json::Value& request, const Result<crypto::CsrFacts>& facts,
                                 const NamedNode& node, const CertificateTimes& times, base::WallTime now,
                                 const Reserved& reserved = {});

// What is issued: subject and names of the request, usages of the signer, as long as was asked for and at most
// `lifetime`, never beyond the CA.
crypto::CertificateSpec certificate_spec(const json::Value& request, const crypto::CsrFacts& facts,
                                         const CertificateTimes& times, base::WallTime ca_not_after,
                                         base::WallTime now);

// The conditions of the request with one more.
json::Array with_condition(const json::Value& request, std::string_view type, const CertificatePlan& plan);

}  // namespace appliance::orchestrator::controllers
