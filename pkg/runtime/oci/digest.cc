#include "runtime/oci/digest.h"

#include <algorithm>

#include "base/strings.h"

namespace appliance::runtime::oci {

namespace {

constexpr size_t kReferenceMax = 768;  // host 253, port, repository 255, tag 128, digest 71
constexpr size_t kRepositoryMax = 255;
constexpr size_t kTagMax = 128;
constexpr std::string_view kSha256 = "sha256:";

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool alnum(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

// distribution-spec: [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
bool valid_component(std::string_view text) {
  if (text.empty() || !lower_or_digit(text.front()) || !lower_or_digit(text.back())) return false;
  for (size_t i = 0; i < text.size();) {
    if (lower_or_digit(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && !lower_or_digit(text[end])) ++end;
    const std::string_view gap = text.substr(i, end - i);
    const bool dashes = std::ranges::all_of(gap, [](char c) { return c == '-'; });
    if (gap != "." && gap != "_" && gap != "__" && !dashes) return false;
    i = end;
  }
  return true;
}

bool valid_repository(std::string_view text) {
  return text.size() <= kRepositoryMax && std::ranges::all_of(base::split(text, '/'), valid_component);
}

bool valid_tag(std::string_view text) {
  if (text.empty() || text.size() > kTagMax || text[0] == '.' || text[0] == '-') return false;
  return std::ranges::all_of(text, [](char c) { return alnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool valid_port(std::string_view text) {
  const auto port = base::parse_int<uint32_t>(text);
  return port && *port > 0 && *port < 65536;
}

bool valid_host(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view rest = text.substr(end + 1);
    const bool digits = std::ranges::all_of(text.substr(1, end - 1), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
    });
    return digits && (rest.empty() || (rest.front() == ':' && valid_port(rest.substr(1))));
  }
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && !valid_port(text.substr(colon + 1))) return false;
  const std::string_view host = text.substr(0, std::min(colon, text.size()));
  if (host.empty() || host.size() > 253) return false;
  return std::ranges::all_of(base::split(host, '.'), [](std::string_view label) {
    return !label.empty() && alnum(label.front()) && alnum(label.back()) &&
           std::ranges::all_of(label, [](char c) { return alnum(c) || c == '-'; });
  });
}

// The first part is a registry when it can't be a name on Docker Hub.
bool looks_like_host(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:[") != std::string_view::npos ||
         std::ranges::any_of(part, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

bool valid_digest(std::string_view text) {
  if (!text.starts_with(kSha256) || text.size() != kSha256.size() + 64) return false;
  return std::ranges::all_of(text.substr(kSha256.size()),
                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string_view digest_hex(std::string_view digest) { return digest.substr(kSha256.size()); }

Result<Reference> parse_reference(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(Code::kInvalidArgument,
                "image reference \"" + std::string(text.substr(0, 200)) + "\": " + std::string(why));
  };
  if (text.empty()) return refuse("is empty");
  if (text.size() > kReferenceMax) return refuse("is too long");
  Reference out;
  std::string_view rest = text;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    out.digest = rest.substr(at + 1);
    if (!valid_digest(out.digest)) return refuse("the digest is not sha256: and 64 hex digits");
    rest = rest.substr(0, at);
  }
  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos && looks_like_host(rest.substr(0, slash))) {
    out.registry = rest.substr(0, slash);
    rest = rest.substr(slash + 1);
    if (!valid_host(out.registry)) return refuse("the registry is not host[:port]");
  } else {
    out.registry = "docker.io";
  }
  if (out.registry == "index.docker.io" || out.registry == "registry-1.docker.io") out.registry = "docker.io";
  if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
    out.tag = rest.substr(colon + 1);
    if (!valid_tag(out.tag)) return refuse("the tag is not [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
    rest = rest.substr(0, colon);
  }
  out.repository = rest;
  if (out.registry == "docker.io" && rest.find('/') == std::string_view::npos) out.repository.insert(0, "library/");
  if (!valid_repository(out.repository)) return refuse("the repository must be lower-case names, separated by slashes");
  if (out.tag.empty() && out.digest.empty()) out.tag = "latest";
  return out;
}

std::string to_string(const Reference& reference) {
  std::string out = reference.registry + '/' + reference.repository;
  if (!reference.tag.empty()) out += ':' + reference.tag;
  if (!reference.digest.empty()) out += '@' + reference.digest;
  return out;
}

bool is_loopback_registry(std::string_view registry) {
  if (registry.starts_with("[::1]")) return registry.size() == 5 || registry[5] == ':';
  const std::string_view host = registry.substr(0, std::min(registry.find(':'), registry.size()));
  if (host == "localhost") return true;
  const auto parts = base::split(host, '.');
  return parts.size() == 4 && parts[0] == "127" && std::ranges::all_of(parts, [](std::string_view part) {
           const auto number = base::parse_int<uint32_t>(part);
           return number && *number < 256;
         });
}

}  // namespace appliance::runtime::oci
