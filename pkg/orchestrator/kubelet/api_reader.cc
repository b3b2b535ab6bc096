#include "orchestrator/kubelet/api_reader.h"

#include <algorithm>

namespace appliance::orchestrator::kubelet {
namespace {

using std::chrono::seconds;

constexpr int64_t kTokenSecondsMin = 600;  // the API refuses less

json::Value token_request(const PodSpec& pod, const TokenRequest& request) {
  json::Object spec{
      {"expirationSeconds", std::max(request.expiration_seconds, kTokenSecondsMin)},
      {"boundObjectRef", json::Object{{"kind", "Pod"}, {"apiVersion", "v1"}, {"name", pod.name}, {"uid", pod.uid}}}};
  spec["audiences"] = request.audience.empty() ? json::Array{} : json::Array{json::Value(request.audience)};
  return json::Object{{"apiVersion", "authentication.k8s.io/v1"},
                      {"kind", "TokenRequest"},
                      {"metadata", json::Object{{"name", pod.service_account}, {"namespace", pod.ns}}},
                      {"spec", std::move(spec)}};
}

}  // namespace

Result<json::Value> ApiReader::get(std::string_view resource, const std::string& ns, const std::string& name) {
  const auto* informer = informers_.find(resource);
  if (const auto object = informer == nullptr ? nullptr : informer->get({ns, name})) return json::parse(*object->bytes);
  return client_.get(resource, {ns, name});
}

Lookup ApiReader::lookup(const std::string& ns) {
  return [this, ns](std::string_view resource, const std::string& name) { return get(resource, ns, name); };
}

std::vector<ServiceView> ApiReader::services(const std::string& ns) {
  std::vector<ServiceView> out;
  for (const auto& object : informers_.informer("services").list(ns))
    if (const auto document = json::parse(*object->bytes)) out.push_back(service_view(*document));
  return out;
}

bool ApiReader::pod_is_gone(const client::ObjectKey& key, const std::string& uid) {
  const auto& pods = informers_.informer("pods");
  if (pods.revision() <= 0) return false;
  const auto object = pods.get(key);
  return !object || object->meta.uid != uid;
}

Result<std::string> ApiReader::token(const PodSpec& pod, const TokenRequest& request, base::WallTime& renew_at) {
  const std::string key = request.audience + '\n' + std::to_string(request.expiration_seconds);
  const auto now = clock_.now();
  std::string old;
  {
    const std::lock_guard lock(mutex_);
    const auto& mine = tokens_[pod.uid];
    if (const auto found = mine.find(key); found != mine.end()) {
      if (found->second.renew_at > now) {
        renew_at = std::min(renew_at, found->second.renew_at);
        return found->second.text;
      }
      if (found->second.expires > now) old = found->second.text;
    }
  }
  client::WriteOptions options;
  options.subresource = "token";
  auto answer = client_.create("serviceaccounts", pod.ns, token_request(pod, request), options);
  if (!answer) {
    if (old.empty()) return fail(answer.error().wrap("failed to fetch token"));
    renew_at = std::min(renew_at, now + seconds(60));  // the old one still works: try again soon
    return old;
  }
  Token token;
  token.text = json::string_at(*answer, {"status", "token"});
  if (token.text.empty()) return fail(Code::kInternal, "failed to fetch token: the answer holds none");
  const auto expires = base::parse_rfc3339(json::string_at(*answer, {"status", "expirationTimestamp"}));
  token.expires = expires ? *expires : now + seconds(request.expiration_seconds);
  token.renew_at = now + (token.expires - now) * 8 / 10;
  renew_at = std::min(renew_at, token.renew_at);
  std::string text = token.text;
  const std::lock_guard lock(mutex_);
  tokens_[pod.uid][key] = std::move(token);
  return text;
}

void ApiReader::forget_tokens(const std::string& pod_uid) {
  const std::lock_guard lock(mutex_);
  tokens_.erase(pod_uid);
}

}  // namespace appliance::orchestrator::kubelet
