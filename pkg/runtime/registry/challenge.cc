#include "runtime/registry/challenge.h"

#include <algorithm>

#include "base/strings.h"
#include "runtime/oci/digest.h"

namespace appliance::runtime::registry {

namespace {

constexpr size_t kUrlMax = 8192;  // signed storage URLs reach 2 KiB

bool token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  void skip(std::string_view chars) {
    while (!rest_.empty() && chars.find(rest_.front()) != std::string_view::npos) rest_.remove_prefix(1);
  }
  std::string token() {
    const auto end = std::ranges::find_if_not(rest_, token_char);
    std::string out(rest_.begin(), end);
    rest_.remove_prefix(out.size());
    return out;
  }
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string quoted() {  // behind the opening quote
    std::string out;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') break;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      out += c;
    }
    return out;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> out;
  Scanner scan(header);
  while (!scan.empty()) {
    scan.skip(" \t,");
    std::string word = scan.token();
    if (word.empty()) break;  // not a challenge: what came before counts
    scan.skip(" \t");
    if (!scan.accept('=')) {
      out.push_back({base::to_lower(word), {}});
      continue;
    }
    scan.skip(" \t");
    std::string value = scan.accept('"') ? scan.quoted() : scan.token();
    if (!out.empty()) out.back().params[base::to_lower(word)] = std::move(value);
  }
  return out;
}

std::string_view Url::host() const { return std::string_view(base).substr(base.find("://") + 3); }

Result<Url> parse_url(std::string_view text) {
  const bool tls = text.starts_with("https://");
  if (text.size() > kUrlMax || (!tls && !text.starts_with("http://"))) {
    return fail(Code::kInvalidArgument, "\"" + std::string(text.substr(0, 100)) + "\" is not an http or https URL");
  }
  const size_t begin = text.find("://") + 3;
  const size_t slash = std::min(text.find_first_of("/?#", begin), text.size());
  const std::string_view host = text.substr(begin, slash - begin);
  if (host.empty() || host.find('@') != std::string_view::npos) {
    return fail(Code::kInvalidArgument, "\"" + std::string(text.substr(0, 100)) + "\" has no plain host");
  }
  if (!tls && !oci::is_loopback_registry(host)) {
    return fail(Code::kPermissionDenied,
                "plain HTTP to " + std::string(host) + ": only loopback is spoken to without TLS");
  }
  std::string path(text.substr(slash, text.find('#', slash) - slash));
  if (!path.starts_with('/')) path.insert(0, "/");
  return Url{.base = std::string(text.substr(0, slash)), .path = std::move(path)};
}

Result<Url> resolve_location(const Url& from, std::string_view location) {
  if (location.starts_with("//")) return parse_url((from.tls() ? "https:" : "http:") + std::string(location));
  if (location.starts_with('/')) return Url{.base = from.base, .path = std::string(location.substr(0, kUrlMax))};
  const Url to = TRY(parse_url(location));
  if (from.tls() && !to.tls()) return fail(Code::kPermissionDenied, "redirected from https to " + to.base);
  return to;
}

}  // namespace appliance::runtime::registry
