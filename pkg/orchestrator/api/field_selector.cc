// FieldSelector: the few fields that each kind offers (kube-api page 3.1), read from facts where there are any.
#include <algorithm>

#include "orchestrator/api/selector.h"

namespace appliance::orchestrator::api {
namespace {

struct Offer {
  std::string_view kind;
  std::string_view fields;  // separated by blanks
};

constexpr Offer kOffers[] = {
    {"Pod",
     "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork status.phase "
     "status.podIP status.podIPs "
     "status.nominatedNodeName"},
    {"Event",
     "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid involvedObject.apiVersion "
     "involvedObject.resourceVersion involvedObject.fieldPath reason reportingComponent source type"},
    {"Secret", "type"},
    {"Node", "spec.unschedulable"},
    {"Namespace", "status.phase name"},
    {"ReplicaSet", "status.replicas"},
    {"Service", "spec.clusterIP spec.type"},
    {"CertificateSigningRequest", "spec.signerName"},
};

bool is_listed(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const size_t blank = std::min(list.find(' '), list.size());
    if (list.substr(0, blank) == wanted) return true;
    list.remove_prefix(std::min(blank + 1, list.size()));
  }
  return false;
}

bool is_supported(const Kind& kind, std::string_view field) {
  if (field == "metadata.name" || (field == "metadata.namespace")) return true;
  return std::any_of(std::begin(kOffers), std::end(kOffers),
                     [&](const Offer& offer) { return offer.kind == kind.kind && is_listed(offer.fields, field); });
}

// `\,`, `\=` and `\\` stand for themselves.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> out;
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      out.push_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  if (from < text.size()) out.push_back(text.substr(from));
  return out;
}

std::string scalar_text(const json::Value* value) {
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) return std::string(value->get_string());
  return json::serialize(*value);
}

// A value out of the document: strings as they are, numbers and booleans as JSON; absent booleans are "false".
std::string value_in(const json::Value& document, std::string_view field) {
  if (field == "source") return scalar_text(json::find(document, {"source", "component"}));
  if (field == "status.podIPs") {
    std::string out;
    for (const auto& one : json::array_at(document, {"status", "podIPs"}))
      out += (out.empty() ? "" : ",") + std::string(json::string_at(one, {"ip"}));
    return out;
  }
  const json::Value* at = &document;
  while (at != nullptr && !field.empty()) {
    const size_t dot = std::min(field.find('.'), field.size());
    at = json::find(*at, {field.substr(0, dot)});
    const bool is_last = dot == field.size();
    if (is_last && at == nullptr && (field == "hostNetwork" || field == "unschedulable")) return "false";
    if (is_last && at == nullptr && field == "replicas") return "0";
    field.remove_prefix(std::min(dot + 1, field.size()));
  }
  return scalar_text(at);
}

}  // namespace

ApiResult<FieldSelector> FieldSelector::parse(const Kind& kind, std::string_view text) {
  if (text.size() > kSelectorBytesMax) return std::unexpected(bad_request("the field selector is too long"));
  FieldSelector out;
  for (const auto term : split_terms(text)) {
    if (term.empty()) continue;
    size_t at = 0;
    while (at < term.size() && term[at] != '=' && term[at] != '!') at += term[at] == '\\' ? 2 : 1;
    const std::string_view rest = at < term.size() ? term.substr(at) : std::string_view();
    const size_t width = rest.starts_with("!=") || rest.starts_with("==") ? 2 : rest.starts_with('=') ? 1 : 0;
    if (width == 0)
      return std::unexpected(
          bad_request("invalid selector: '" + std::string(text) + "'; can't understand '" + std::string(term) + "'"));
    Term one{.field = std::string(term.substr(0, at)),
             .value = unescaped(rest.substr(width)),
             .is_equal = !rest.starts_with('!')};
    if (!is_supported(kind, one.field)) return std::unexpected(bad_request("field label not supported: " + one.field));
    out.terms_.push_back(std::move(one));
  }
  return out;
}

bool FieldSelector::matches(const Object& object) const {
  std::optional<json::Value> document;
  const auto value_of = [&](std::string_view field) -> std::string {
    if (field == "metadata.name" || field == "name") return object.key.name;
    if (field == "metadata.namespace") return object.key.ns;
    if (const auto* pod = std::get_if<PodFacts>(&object.facts); pod != nullptr) {
      if (field == "spec.nodeName") return pod->node;
      if (field == "status.phase") return pod->phase;
      if (field == "status.podIP") return pod->pod_ip;
    }
    if (const auto* node = std::get_if<NodeFacts>(&object.facts); node != nullptr && field == "spec.unschedulable")
      return node->unschedulable ? "true" : "false";
    if (!document) document = object.document();
    return value_in(*document, field);
  };
  return std::all_of(terms_.begin(), terms_.end(),
                     [&](const Term& term) { return (value_of(term.field) == term.value) == term.is_equal; });
}

std::string_view FieldSelector::pinned(std::string_view field) const {
  for (const auto& term : terms_)
    if (term.is_equal && term.field == field) return term.value;
  return {};
}

std::string FieldSelector::string() const {
  std::string out;
  for (const auto& term : terms_)
    out += (out.empty() ? "" : ",") + term.field + (term.is_equal ? "=" : "!=") + term.value;
  return out;
}

}  // namespace appliance::orchestrator::api
