#include "orchestrator/kubelet/image_auth.h"

#include <algorithm>

#include "base/strings.h"

namespace appliance::orchestrator::kubelet {
namespace {

// "https://index.docker.io/v1/" -> "docker.io", "HTTPS://R:5000/team" -> "r:5000/team".
std::string normalized(std::string_view key) {
  for (const auto* scheme : {"https://", "http://"})
    if (base::to_lower(key).starts_with(scheme)) key.remove_prefix(std::string_view(scheme).size());
  std::string out(key);
  while (out.ends_with('/')) out.pop_back();
  for (const auto* api : {"/v1", "/v2"})
    if (out.ends_with(api)) out.resize(out.size() - 3);
  const auto slash = out.find('/');
  std::string host = base::to_lower(out.substr(0, slash));
  if (host == "index.docker.io" || host == "registry-1.docker.io") host = "docker.io";
  return host + (slash == std::string::npos ? "" : out.substr(slash));
}

bool covers(const std::string& key, const std::string& name) {
  if (key == name || name.starts_with(key + '/')) return true;
  if (!key.starts_with("*.")) return false;
  const auto host = name.substr(0, name.find('/'));
  const auto dot = host.find('.');
  return dot != std::string::npos && host.substr(dot) == key.substr(1);
}

runtime::image::RegistryAuth auth_of(const json::Value& entry) {
  runtime::image::RegistryAuth out;
  out.username = json::string_at(entry, {"username"});
  out.password = json::string_at(entry, {"password"});
  out.identity_token = json::string_at(entry, {"identitytoken"});
  if (const auto packed = base::unbase64(json::string_at(entry, {"auth"}))) {
    const auto colon = packed->find(':');
    if (colon != std::string::npos) {
      out.username = packed->substr(0, colon);
      out.password = packed->substr(colon + 1);
    }
  }
  return out;
}

}  // namespace

std::vector<runtime::image::RegistryAuth> auths_for(const json::Value& secret, const runtime::image::Reference& image) {
  std::string_view packed = json::string_at(secret, {"data", ".dockerconfigjson"});
  const bool modern = !packed.empty();
  if (!modern) packed = json::string_at(secret, {"data", ".dockercfg"});
  const auto text = base::unbase64(packed);
  if (!text) return {};
  const auto config = json::parse(*text, {.depth_max = 16, .bytes_max = 1U << 20U});  // a Secret holds at most 1 MiB
  if (!config) return {};
  const auto& entries = modern ? json::object_at(*config, {"auths"}) : json::object_at(*config, {});
  std::vector<std::pair<std::string, runtime::image::RegistryAuth>> found;
  for (const auto& [key, value] : entries)
    if (auto name = normalized(key); covers(name, image.name())) found.emplace_back(std::move(name), auth_of(value));
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first.size() != b.first.size() ? a.first.size() > b.first.size() : a.first < b.first;
  });
  std::vector<runtime::image::RegistryAuth> out;
  for (auto& [key, auth] : found) out.push_back(std::move(auth));
  return out;
}

}  // namespace appliance::orchestrator::kubelet
