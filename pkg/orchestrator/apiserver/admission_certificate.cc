// CertificateSigningRequests on their way in (kube-api page, "CSR"): the request parses and is signed with its own key,
// its maker may ask this signer, and the server writes down who that was.
#include "base/crypto/csr.h"
#include "base/crypto/x509.h"
#include "base/strings.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/admission.h"
#include "orchestrator/apiserver/authz.h"

namespace appliance::orchestrator::apiserver {
namespace {

json::Array strings(const std::vector<std::string>& values) {
  json::Array out;
  for (const std::string& value : values) out.emplace_back(value);
  return out;
}

// "192.0.2.1:34567" -> "192.0.2.1"; "" for what has no address.
std::string ip_of(std::string_view remote) {
  const size_t colon = remote.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = remote.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

void write_maker(const Call& call, json::Value& object) {
  json::Object& spec = json::ensure(object, {"spec"}).as_object();
  for (const char* key : {"username", "uid", "groups", "extra"}) spec.erase(key);
  spec["username"] = call.user.name;
  if (!call.user.uid.empty()) spec["uid"] = call.user.uid;
  spec["groups"] = strings(call.user.groups);
  json::Object extra;
  for (const auto& [key, values] : call.user.extra) extra[key] = strings(values);
  if (const std::string ip = ip_of(call.request().remote_address); !ip.empty())
    extra[api::kExtraRemoteAddress] = json::Array{json::Value(ip)};
  if (!extra.empty()) spec["extra"] = std::move(extra);
}

bool is_issued(const json::Value& request) { return !json::string_at(request, {"status", "certificate"}).empty(); }

api::ApiResult<void> check_count(const Core& core, const Call& call, const api::Kind& kind, std::string_view name) {
  size_t open = 0;
  for (const ObjectPtr& object : core.cache.list(kind, "").objects) {
    const json::Value request = object->document();
    if (!is_issued(request) && json::string_at(request, {"spec", "username"}) == call.user.name) ++open;
  }
  if (open < kOpenRequestsMax) return {};
  return std::unexpected(api::forbidden(kind, name,
                                        "\"" + call.user.name + "\" has " + std::to_string(open) +
                                            " requests that were not issued: no more until they are removed"));
}

// Identities that must not ask just anybody for just anything.
api::ApiResult<void> check_maker(const Core& core, const Call& call, const api::Kind& kind, const json::Value& object,
                                 const crypto::CsrFacts& facts) {
  const std::string_view name = json::string_at(object, {"metadata", "name"});
  const std::string_view signer = json::string_at(object, {"spec", "signerName"});
  if (signer == api::kSignerClient &&
      std::ranges::find(facts.organizations, kGroupMasters) != facts.organizations.end())
    return std::unexpected(api::forbidden(
        kind, name, "use of " + std::string(signer) + " signer with system:masters group is not allowed"));
  if (call.user.in(kGroupMasters)) return {};
  const bool node = !node_of(call.user).empty();
  const bool allowed = signer == api::kSignerNodeClient || (node && signer == api::kSignerNodeServing);
  if (!allowed && (node || is_bootstrapper(call.user)))
    return std::unexpected(api::forbidden(
        kind, name, "\"" + call.user.name + "\" may not ask the signer \"" + std::string(signer) + "\""));
  return check_count(core, call, kind, name);
}

const json::Value* condition_of(const json::Array& conditions, std::string_view type) {
  for (const json::Value& one : conditions)
    if (json::string_at(one, {"type"}) == type) return &one;
  return nullptr;
}

void fill_times(json::Value& object, const json::Array& before, const std::string& now) {
  if (json::array_at(object, {"status", "conditions"}).empty()) return;
  for (json::Value& one : json::ensure(object, {"status", "conditions"}).as_array()) {
    if (!one.is_object()) continue;
    json::Object& condition = one.as_object();
    const json::Value* old = condition_of(before, json::string_at(one, {"type"}));
    if (!condition.contains("lastUpdateTime")) condition["lastUpdateTime"] = now;
    const bool same = old != nullptr && json::string_at(*old, {"status"}) == json::string_at(one, {"status"});
    const json::Value* since = same ? json::find(*old, {"lastTransitionTime"}) : nullptr;
    if (since != nullptr)
      condition["lastTransitionTime"] = *since;
    else if (!condition.contains("lastTransitionTime"))
      condition["lastTransitionTime"] = now;
  }
}

// Approved and Denied come through /approval and never go.
void check_decisions(const json::Array& before, const json::Array& after, bool approval,
                     std::vector<api::FieldError>& errors) {
  for (const std::string type : {"Approved", "Denied"}) {
    const json::Value* old = condition_of(before, type);
    const json::Value* now = condition_of(after, type);
    const char* what = nullptr;
    if (old != nullptr && now == nullptr) what = "remove";
    if (old == nullptr && now != nullptr && !approval) what = "add";
    if (old != nullptr && now != nullptr && *old != *now && !approval) what = "modify";
    if (what != nullptr)
      errors.push_back(api::forbidden("status.conditions",
                                      std::string("updates may not ") + what + " a condition of type \"" + type + '"'));
  }
}

void check_certificate(const json::Value& object, const json::Value& old, std::vector<api::FieldError>& errors) {
  const std::string_view before = json::string_at(old, {"status", "certificate"});
  const std::string_view after = json::string_at(object, {"status", "certificate"});
  if (before == after) return;
  if (!before.empty()) {
    errors.push_back(api::forbidden("status.certificate", "updates may not modify existing certificate content"));
    return;
  }
  const auto chain = crypto::split_pem_chain(base::unbase64(after).value_or(""));
  if (!chain) errors.push_back(api::invalid("status.certificate", "<certificate data>", chain.error().message));
}

}  // namespace

api::ApiResult<void> admit_certificate_request(Core& core, const Call& call, const api::Kind& kind,
                                               json::Value& object) {
  const std::string_view name = json::string_at(object, {"metadata", "name"});
  const std::string_view request = json::string_at(object, {"spec", "request"});
  const auto facts = crypto::parse_csr(base::unbase64(request).value_or(""));
  if (!facts)
    return std::unexpected(api::invalid(
        kind, name, {api::invalid("spec.request", json::Value(std::string(request)), facts.error().message)}));
  if (auto r = check_maker(core, call, kind, object, *facts); !r) return r;
  write_maker(call, object);
  return {};
}

api::ApiResult<void> admit_certificate_update(const Core& core, const api::Kind& kind, json::Value& object,
                                              const json::Value& old, std::string_view subresource) {
  if (subresource.empty()) return {};  // keeps the status
  const json::Array before = json::array_at(old, {"status", "conditions"});
  fill_times(object, before, base::format_rfc3339(core.clock.now()));
  std::vector<api::FieldError> errors;
  check_decisions(before, json::array_at(object, {"status", "conditions"}), subresource == "approval", errors);
  check_certificate(object, old, errors);
  if (errors.empty()) return {};
  return std::unexpected(api::invalid(kind, json::string_at(object, {"metadata", "name"}), errors));
}

}  // namespace appliance::orchestrator::apiserver
