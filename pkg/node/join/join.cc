#include "node/join/join.h"

#include <algorithm>
#include <cstdlib>

#include "base/crypto/csr.h"
#include "base/crypto/x509.h"
#include "base/fs.h"
#include "base/strings.h"
#include "net/http/base_url.h"
#include "net/http/client.h"
#include "net/http/date.h"
#include "net/netlink/route.h"
#include "net/tls/peer_chain.h"
#include "node/join/fit.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/client/rest.h"

namespace appliance::node {
namespace {

namespace client = orchestrator::client;
using std::chrono::seconds;

constexpr int kDefaultPort = 6443;
constexpr seconds kConnectTimeout{5};
constexpr seconds kCertificateDeadline{20};
constexpr std::chrono::minutes kClockSkewMax{5};
constexpr std::string_view kCsrs = "certificatesigningrequests.certificates.k8s.io";

Error with_hint(Error error, std::string hint) {
  error.hint = std::move(hint);
  return error;
}
Error refuse(Code code, std::string message, std::string hint) {
  return Error{.code = code, .message = std::move(message), .errno_value = 0, .hint = std::move(hint)};
}

// Step 1. The CA of the chain whose hash is the token's, after the chain was checked against it.
Result<std::string> pinned_ca(const std::string& url, const JoinToken& token, const base::Clock& clock) {
  const auto base = TRY(net::http::parse_base_url(url));
  const auto chain = net::tls::peer_chain(base.host, base.port, kConnectTimeout);
  if (!chain)
    return fail(
        with_hint(chain.error().wrap("no server answers at " + url),
                  "is it up, is the port (6443/tcp) open, is the address right? On the server: appliance status"));
  std::string all;
  std::string ca;
  for (const auto& pem : *chain) {
    all += pem;
    if (TRY(crypto::parse_certificate(pem)).sha256 == token.ca_sha256) ca = pem;
  }
  if (ca.empty())
    return fail(refuse(Code::kUnauthenticated,
                       "the server at " + url + " is not of the cluster that made this token: it shows another CA (" +
                           TRY(crypto::parse_certificate(chain->back())).sha256.substr(0, 16) + "…, the token says " +
                           token.ca_sha256.substr(0, 16) + "…)",
                       "take a new token from that server (appliance token create); if the address is right, someone "
                       "may be in between"));
  const auto leaf = TRY(crypto::parse_certificate(chain->front()));
  const auto now = clock.now();
  if (now < leaf.not_before || now > leaf.not_after)
    return fail(refuse(Code::kFailedPrecondition,
                       "the server's certificate is good from " + base::format_rfc3339(leaf.not_before) + " to " +
                           base::format_rfc3339(leaf.not_after) + ", and this machine's clock says " +
                           base::format_rfc3339(now),
                       "set the clock (timedatectl set-ntp true) and join again"));
  const auto good =
      crypto::verify_chain(all, {.ca_pem = ca, .now = now, .usage = crypto::Usage::kServer, .host = base.host});
  if (!good)
    return fail(with_hint(good.error().wrap("the certificate of " + url),
                          "use an address that is in it, or start the server with --tls-san " + base.host));
  return ca;
}

// The server's clock against ours, by the Date of an answer that needs no identity.
Result<> check_clock(const std::string& url, const std::string& ca, const base::Clock& clock) {
  net::http::Client http({.base_url = url, .ca_pem = ca, .certificate_pem = {}, .key_pem = {}});
  const auto reply = TRY(http.send({.method = "GET", .path = "/version"}));
  const auto theirs = net::http::parse_date(reply.headers.get("Date"));
  if (!theirs) return {};  // no clock to compare with
  const auto off = clock.now() - *theirs;
  if (std::chrono::abs(off) <= kClockSkewMax) return {};
  const auto by = std::chrono::duration_cast<seconds>(std::chrono::abs(off)).count();
  return fail(refuse(Code::kFailedPrecondition,
                     "this machine's clock is " + std::to_string(by) + " s " +
                         (off.count() > 0 ? "ahead of" : "behind") + " the server's",
                     "set the clock (timedatectl set-ntp true) and join again"));
}

// Step 2. What the cluster is, as its ConfigMap says.
Result<Membership> facts_of(client::Client& api, const Config& config, const std::string& url, const JoinToken& token) {
  const auto map = api.get("configmaps", cluster_facts_key());
  if (!map && map.error().code == Code::kUnauthenticated)
    return fail(with_hint(map.error(), "make a new one on the server: appliance token create"));
  if (!map) return fail(map.error().wrap("ask the server what its cluster is"));
  Membership out;
  out.server = url;
  out.ca_sha256 = token.ca_sha256;
  out.node_name = config.node_name;
  out.node_ip = config.node_ip;
  read_facts(*map, out);
  return out;
}

Result<> check_fit(client::Client& api, const Membership& membership) {
  auto socket = TRY(net::netlink::RouteSocket::open());
  const auto routes = TRY(socket.routes());
  const auto links = TRY(socket.links());
  if (auto found = overlapping_route(membership, routes, links)) return fail(std::move(*found));
  const auto nodes = TRY(api.list("nodes", ""));
  if (auto taken = address_taken(membership, nodes)) return fail(std::move(*taken));
  return {};
}

// An existing key is kept: a join that was killed after it was sent must come back with the same one.
Result<std::string> own_key(const std::string& path) {
  auto existing = base::read_file(path);
  if (existing || existing.error().code != Code::kNotFound) return existing;
  auto pem = TRY(crypto::generate_key());
  TRY(base::write_file_atomic(path, pem, 0600));
  return pem;
}

std::optional<Error> denial(const json::Value& csr) {
  for (const auto& condition : json::array_at(csr, {"status", "conditions"})) {
    const auto type = json::string_at(condition, {"type"});
    if (type != "Denied" && type != "Failed") continue;
    const bool taken = json::string_at(condition, {"reason"}) == "NodeNameTaken";
    return refuse(
        Code::kPermissionDenied, std::string(json::string_at(condition, {"message"}, "denied")),
        taken ? "--node-name gives this machine another name"
              : "on the server: kubectl describe csr " + std::string(json::string_at(csr, {"metadata", "name"})));
  }
  return std::nullopt;
}

}  // namespace

Result<std::string> server_url(std::string_view address) {
  std::string text(address);
  if (text.find("://") == std::string::npos) text = "https://" + text;
  const auto url = net::http::parse_base_url(text);
  if (!url || !url->tls || url->host.empty())
    return fail(refuse(Code::kInvalidArgument,
                       "ADDRESS: \"" + std::string(address) + "\" is not HOST, HOST:PORT or https://HOST:PORT",
                       "the server prints the whole command: appliance token create"));
  const bool named = text.rfind(':') > text.find("://") + 2 && text.back() != ']';
  const bool v6 = url->host.find(':') != std::string::npos;
  const int port = named ? url->port : kDefaultPort;
  return "https://" + (v6 ? '[' + url->host + ']' : url->host) + ':' + std::to_string(port);
}

Result<std::string> request_certificate(client::Client& api, const CertificateWish& wish, const std::string& key_pem,
                                        seconds deadline, base::Pause& pause) {
  crypto::CsrSpec subject;
  subject.common_name = std::string(orchestrator::api::kNodeUser) + wish.node_name;
  subject.organizations = {std::string(orchestrator::api::kNodesGroup)};
  subject.ip_addresses = wish.ip_addresses;
  subject.dns_names = wish.dns_names;
  const auto csr = TRY(crypto::make_csr(key_pem, subject));
  const bool serving = wish.signer != orchestrator::api::kSignerNodeClient;
  const json::Value object = json::Object{
      {"apiVersion", "certificates.k8s.io/v1"},
      {"kind", "CertificateSigningRequest"},
      {"metadata", json::Object{{"generateName", "node-csr-"}}},
      {"spec", json::Object{{"request", base::base64(csr)},
                            {"signerName", wish.signer},
                            {"usages", json::Array{"digital signature", serving ? "server auth" : "client auth"}}}}};
  const auto made = TRY(api.create(kCsrs, "", object));
  const client::ObjectKey key{"", std::string(json::string_at(made, {"metadata", "name"}))};
  // The controller needs milliseconds; asked with a growing pause instead of a watch, which a bootstrap identity lacks.
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (std::chrono::steady_clock::now() < end) {
    const auto live = TRY(api.get(kCsrs, key));
    if (auto why = denial(live)) return fail(std::move(*why));
    if (const auto text = json::string_at(live, {"status", "certificate"}); !text.empty()) {
      auto pem = base::unbase64(text);
      if (!pem) return fail(Code::kInternal, "the issued certificate is not base64");
      return *std::move(pem);
    }
    if (!pause.wait()) return fail(Code::kCancelled, "asked to stop while a certificate was waited for");
  }
  return fail(refuse(Code::kDeadlineExceeded,
                     "the certificate was not issued within " + std::to_string(deadline.count()) + " s",
                     "on the server: kubectl get csr; kubectl certificate approve " + key.name));
}

Result<Membership> join(const Config& config, const JoinRequest& request, const base::Clock& clock,
                        const OnStep& on_step) {
  const auto url = TRY(server_url(request.address));
  on_step("the server is who the token says");
  const auto ca = TRY(pinned_ca(url, request.token, clock));
  TRY(check_clock(url, ca, clock));
  on_step("this machine fits the cluster");
  const auto api = client::https_client(
      {.base_url = url, .ca_pem = ca, .certificate_pem = {}, .key_pem = {}, .bearer_token = request.token.bearer()});
  const auto membership = TRY(facts_of(*api, config, url, request.token));
  TRY(check_fit(*api, membership));
  on_step("certificate issued to " + config.node_name);
  TRY(base::make_dirs(config.data_dir, 0711));  // as the worker would make it
  TRY(base::make_dirs(config.pki_dir(), 0700));
  const auto key_path = config.pki_dir() + "/node.key";
  const auto key = TRY(own_key(key_path));
  base::Pause pause;
  const auto certificate = request_certificate(
      *api, {.signer = std::string(orchestrator::api::kSignerNodeClient), .node_name = config.node_name}, key,
      kCertificateDeadline, pause);
  if (!certificate) {
    // A key that the cluster refused is of no use; one that it may have recorded is kept for the next try.
    if (certificate.error().code == Code::kPermissionDenied) TRY(remove_membership(config));
    return fail(certificate.error());
  }
  TRY(base::write_file_atomic(config.pki_dir() + "/ca.crt", ca));
  TRY(base::write_file_atomic(config.pki_dir() + "/node.crt", *certificate));
  TRY(write_membership(config, membership));
  return membership;
}

}  // namespace appliance::node
