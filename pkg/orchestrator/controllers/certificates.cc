#include "orchestrator/controllers/certificates.h"

#include "base/crypto/csr.h"
#include "base/strings.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/controllers/certificate_plan.h"

namespace appliance::orchestrator::controllers {
namespace {

using Step = CertificatePlan::Step;

constexpr std::string_view kRequests = "certificatesigningrequests.certificates.k8s.io";

ObjectKey node_key_of(const std::string& node) {
  return {std::string(api::kJoinNamespace), std::string(api::kNodeKeyPrefix) + node};
}

json::Value node_key_secret(const std::string& node, const std::string& key_sha256, base::WallTime now) {
  const ObjectKey key = node_key_of(node);
  return json::Object{{"apiVersion", "v1"},
                      {"kind", "Secret"},
                      {"metadata", json::Object{{"name", key.name}, {"namespace", key.ns}}},
                      {"type", api::kNodeKeySecretType},
                      {"data", json::Object{{api::kNodeKeyDatum, base::base64(key_sha256)},
                                            {api::kNodeKeyApproved, base::base64(base::format_rfc3339(now))}}}};
}

std::string key_in(const json::Value& secret) {
  return base::unbase64(json::string_at(secret, {"data", api::kNodeKeyDatum})).value_or("");
}

void read_addresses(const json::Value& node, std::vector<std::string>& out) {
  for (const json::Value& one : json::array_at(node, {"status", "addresses"}))
    if (json::string_at(one, {"type"}).ends_with("IP")) out.emplace_back(json::string_at(one, {"address"}));
}

NamedNode observe(const std::string& name, Context& context) {
  NamedNode out;
  if (name.empty()) return out;
  if (const auto secret = context.informer("secrets").get(node_key_of(name))) {
    out.key_sha256 = key_in(secret->document());
    if (out.key_sha256.empty()) out.key_sha256 = "unreadable";  // fits no key: the name stays taken
  }
  for (const auto& node : context.informer("nodes").list()) {
    const bool own = node->key.name == name;
    out.exists = out.exists || own;
    read_addresses(node->document(), own ? out.addresses : out.others_addresses);
  }
  return out;
}

class Certificates final : public Reconciler {
 public:
  explicit Certificates(CertificateOptions options) : options_(std::move(options)) {}
  std::string_view name() const override { return "certificates"; }
  std::vector<Watch> watches() const override { return {{kRequests, self_key}}; }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto object = context.informer(kRequests).get(key);
    if (!object || object->meta.deletion_seconds) return Outcome{};
    const json::Value request = object->document();
    const auto facts = crypto::parse_csr(base::unbase64(json::string_at(request, {"spec", "request"})).value_or(""));
    const NamedNode node = observe(facts ? node_name_of(*facts) : std::string(), context);
    const CertificatePlan plan = plan_certificate(request, facts, node, times(), context.clock().now(), reserved());
    switch (plan.step) {
      case Step::kWait:
        return plan.look_again ? Outcome{*plan.look_again} : Outcome{};
      case Step::kApprove:
        if (plan.claims_name) TRY(claim_name(node_name_of(*facts), facts->public_key_sha256, node, context));
        return decide(key, request, "Approved", plan, context);
      case Step::kDeny:
        context.log().warn("a certificate request is denied", {{"request", key.name},
                                                               {"user", json::string_at(request, {"spec", "username"})},
                                                               {"reason", plan.reason},
                                                               {"message", plan.message}});
        return decide(key, request, "Denied", plan, context);
      case Step::kFail:
        return decide(key, request, "Failed", plan, context);
      case Step::kIssue:
        return issue(key, request, *facts, context);
      case Step::kRemove:
        return remove(*object, context);
    }
    return Outcome{};
  }

 private:
  [[nodiscard]] CertificateTimes times() const {
    return {.lifetime = options_.lifetime, .keep_issued = options_.keep_issued, .keep_pending = options_.keep_pending};
  }

  [[nodiscard]] Reserved reserved() const {
    return {.names = options_.reserved_names, .networks = options_.reserved_networks};
  }

  // Of two machines that come at once, one creates the Secret; the other looks again and finds the name taken. The same
  // key again makes the record young again: kNodeKeyWaits counts from the last approval.
  static Result<> claim_name(const std::string& node, const std::string& key_sha256, const NamedNode& known,
                             Context& context) {
    const json::Value secret = node_key_secret(node, key_sha256, context.clock().now());
    auto written = known.key_sha256.empty()
                       ? context.create("secrets", api::kJoinNamespace, secret)
                       : context.patch("secrets", node_key_of(node), json::Object{{"data", secret.at("data")}});
    if (!written) return fail(written.error().wrap("claim node name " + node));
    return {};
  }

  static Result<Outcome> decide(const ObjectKey& key, const json::Value& request, std::string_view type,
                                const CertificatePlan& plan, Context& context) {
    const json::Value change = json::Object{
        {"metadata", json::Object{{"resourceVersion", json::string_at(request, {"metadata", "resourceVersion"})}}},
        {"status", json::Object{{"conditions", with_condition(request, type, plan)}}}};
    auto written = context.patch(kRequests, key, change, type == "Failed" ? "status" : "approval");
    if (!written && written.error().code != Code::kNotFound) return fail(written.error());
    return Outcome{};
  }

  Result<Outcome> issue(const ObjectKey& key, const json::Value& request, const crypto::CsrFacts& facts,
                        Context& context) const {
    const auto ca = TRY_CTX(crypto::parse_certificate(options_.ca_pem), "CA");
    const auto spec = certificate_spec(request, facts, times(), ca.not_after, context.clock().now());
    const std::string pem =
        TRY_CTX(crypto::issue_certificate({.ca_pem = options_.ca_pem, .ca_key_pem = options_.ca_key_pem},
                                          facts.public_key_pem, spec),
                "issue " + key.name);
    const json::Value change = json::Object{{"status", json::Object{{"certificate", base::base64(pem)}}}};
    auto written = context.patch(kRequests, key, change, "status");
    if (!written && written.error().code != Code::kNotFound) return fail(written.error());
    context.log().info("certificate issued", {{"request", key.name},
                                              {"subject", facts.common_name},
                                              {"signer", json::string_at(request, {"spec", "signerName"})}});
    return Outcome{};
  }

  static Result<Outcome> remove(const api::Object& object, Context& context) {
    client::DeleteOptions options;
    options.uid = object.meta.uid;
    const auto removed = context.remove(kRequests, object.key, options);
    if (!removed && removed.error().code != Code::kNotFound) return fail(removed.error());
    return Outcome{};
  }

  const CertificateOptions options_;
};

}  // namespace

std::unique_ptr<Reconciler> make_certificate_controller(CertificateOptions options) {
  return std::make_unique<Certificates>(std::move(options));
}

}  // namespace appliance::orchestrator::controllers
