#include "node/pki/pki.h"

#include <algorithm>

#include "base/crypto/x509.h"
#include "base/fs.h"
#include "orchestrator/api/joining.h"

namespace appliance::node {
namespace {

using std::chrono::hours;

constexpr hours kCaLife{24 * 3650};
constexpr hours kLeafLife{24 * 365};
constexpr hours kBackdate{1};  // clocks of other machines may be behind

bool is_address(std::string_view name) {
  return name.find_first_not_of("0123456789.") == std::string_view::npos || name.find(':') != std::string_view::npos;
}

class Folder {
 public:
  Folder(std::string dir, const base::Clock& clock) : dir_(std::move(dir)), now_(clock.now()) {}

  Result<std::string> key(const std::string& name) const {
    auto existing = base::read_file(path(name + ".key"));
    if (existing || existing.error().code != Code::kNotFound) return existing;
    auto pem = TRY(crypto::generate_key());
    TRY(base::write_file_atomic(path(name + ".key"), pem, 0600));
    return pem;
  }

  Result<std::string> ca(const std::string& key_pem) const {
    auto existing = base::read_file(path("ca.crt"));
    if (existing) {
      if (!TRY(crypto::key_matches(*existing, key_pem)))
        return fail(Error{.code = Code::kDataLoss,
                          .message = path("ca.crt") + " does not belong to ca.key",
                          .errno_value = 0,
                          .hint = "restore both from one backup; a new CA means that every machine has to join again"});
      return existing;
    }
    if (existing.error().code != Code::kNotFound) return existing;
    crypto::CertificateSpec spec;
    spec.common_name = "appliance-ca";
    spec.not_before = now_ - kBackdate;
    spec.not_after = now_ + kCaLife;
    auto pem = TRY(crypto::self_signed_ca(key_pem, spec));
    TRY(base::write_file_atomic(path("ca.crt"), pem));
    return pem;
  }

  // The certificate `name`, made anew when it is absent, old, of another CA or key, or lacks a name.
  Result<std::string> leaf(const std::string& name, const std::string& key_pem, const std::string& ca_pem,
                           const std::string& ca_key_pem, crypto::CertificateSpec spec) const {
    spec.not_before = now_ - kBackdate;
    spec.not_after = now_ + kLeafLife;
    if (const auto existing = base::read_file(path(name + ".crt")); existing && good(*existing, key_pem, ca_pem, spec))
      return *existing;
    const auto public_pem = TRY(crypto::public_key_of(key_pem));
    auto pem = TRY(crypto::issue_certificate({.ca_pem = ca_pem, .ca_key_pem = ca_key_pem}, public_pem, spec));
    TRY(base::write_file_atomic(path(name + ".crt"), pem));
    return pem;
  }

 private:
  bool good(const std::string& pem, const std::string& key_pem, const std::string& ca_pem,
            const crypto::CertificateSpec& spec) const {
    const auto facts = crypto::parse_certificate(pem);
    const auto matches = crypto::key_matches(pem, key_pem);
    if (!facts || !matches || !*matches || facts->common_name != spec.common_name ||
        facts->organizations != spec.organizations)
      return false;
    if (facts->not_after - now_ < kLeafLife / 3) return false;
    const auto has_all = [](const std::vector<std::string>& have, const std::vector<std::string>& want) {
      return std::all_of(want.begin(), want.end(),
                         [&](const auto& n) { return std::find(have.begin(), have.end(), n) != have.end(); });
    };
    if (!has_all(facts->dns_names, spec.dns_names) || !has_all(facts->ip_addresses, spec.ip_addresses)) return false;
    return crypto::verify_chain(pem, {.ca_pem = ca_pem, .now = now_, .usage = crypto::Usage::kAny, .host = {}})
        .has_value();
  }
  [[nodiscard]] std::string path(const std::string& name) const { return dir_ + '/' + name; }

  std::string dir_;
  base::WallTime now_;
};

}  // namespace

Result<Pki> open_pki(const std::string& dir, const PkiNames& names, const base::Clock& clock) {
  TRY(base::make_dirs(dir, 0700));
  const Folder folder(dir, clock);
  Pki pki;
  const auto ca_key = TRY(folder.key("ca"));
  pki.ca_pem = TRY(folder.ca(ca_key));
  pki.ca_key_pem = ca_key;

  crypto::CertificateSpec server;
  server.common_name = "kube-apiserver";
  server.dns_names = {"localhost",
                      "kubernetes",
                      "kubernetes.default",
                      "kubernetes.default.svc",
                      "kubernetes.default.svc." + names.cluster_domain,
                      names.node_name};
  server.ip_addresses = {"127.0.0.1", names.api_service_ip};
  if (names.node_ip != "127.0.0.1") server.ip_addresses.push_back(names.node_ip);
  for (const auto& name : names.more) (is_address(name) ? server.ip_addresses : server.dns_names).push_back(name);
  server.server_auth = true;
  pki.server_key_pem = TRY(folder.key("server"));
  pki.server_pem = TRY(folder.leaf("server", pki.server_key_pem, pki.ca_pem, ca_key, server));

  crypto::CertificateSpec admin;
  admin.common_name = "system:admin";
  admin.organizations = {"system:masters"};
  admin.client_auth = true;
  pki.admin_key_pem = TRY(folder.key("admin"));
  pki.admin_pem = TRY(folder.leaf("admin", pki.admin_key_pem, pki.ca_pem, ca_key, admin));

  crypto::CertificateSpec kubelet;
  kubelet.common_name = std::string(orchestrator::api::kNodeUser) + names.node_name;
  kubelet.organizations = {std::string(orchestrator::api::kNodesGroup)};
  kubelet.dns_names = {names.node_name};
  kubelet.ip_addresses = {names.node_ip};
  kubelet.server_auth = true;
  pki.kubelet_key_pem = TRY(folder.key("kubelet"));
  pki.kubelet_pem = TRY(folder.leaf("kubelet", pki.kubelet_key_pem, pki.ca_pem, ca_key, kubelet));

  crypto::CertificateSpec kubelet_client;
  kubelet_client.common_name = "kube-apiserver-kubelet-client";
  kubelet_client.organizations = {"system:masters"};
  kubelet_client.client_auth = true;
  pki.kubelet_client_key_pem = TRY(folder.key("kubelet-client"));
  pki.kubelet_client_pem =
      TRY(folder.leaf("kubelet-client", pki.kubelet_client_key_pem, pki.ca_pem, ca_key, kubelet_client));
  pki.service_account_key_pem = TRY(folder.key("service-account"));
  return pki;
}

Result<Pki> read_admin(const std::string& dir) {
  Pki pki;
  pki.ca_pem = TRY(base::read_file(dir + "/ca.crt"));
  pki.admin_pem = TRY(base::read_file(dir + "/admin.crt"));
  pki.admin_key_pem = TRY(base::read_file(dir + "/admin.key"));
  return pki;
}

}  // namespace appliance::node
