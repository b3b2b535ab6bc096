#include "node/join/token.h"

#include <algorithm>

#include "base/strings.h"
#include "orchestrator/api/joining.h"

namespace appliance::node {
namespace {

namespace api = orchestrator::api;

constexpr std::string_view kPrefix = "K10";
constexpr size_t kHashSize = 64;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::unexpected<Error> bad(std::string why) {
  return fail(Error{.code = Code::kInvalidArgument,
                    .message = "join token: " + std::move(why),
                    .errno_value = 0,
                    .hint = "it looks like K10<64 digits>::<id>.<secret>; appliance token create prints a new one"});
}

std::string count(size_t have, size_t want) {
  return "has " + std::to_string(have) + " characters instead of " + std::to_string(want);
}

}  // namespace

std::string JoinToken::text() const { return std::string(kPrefix) + ca_sha256 + "::" + id + '.' + secret; }

Result<JoinToken> parse_join_token(std::string_view text) {
  text = base::trim(text);
  if (text.empty()) return bad("is empty");
  if (!text.starts_with(kPrefix)) return bad("does not begin with K10");
  text.remove_prefix(kPrefix.size());
  const size_t colons = text.find("::");
  if (colons == std::string_view::npos) return bad("has no \"::\" between the cluster's hash and the secret");
  const std::string_view hash = text.substr(0, colons);
  const std::string_view rest = text.substr(colons + 2);
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return bad("has no \".\" between id and secret");
  const std::string_view id = rest.substr(0, dot);
  const std::string_view secret = rest.substr(dot + 1);
  if (hash.size() != kHashSize) return bad("the cluster's hash " + count(hash.size(), kHashSize));
  if (!is_hex(hash)) return bad("the cluster's hash has characters other than 0-9 and a-f");
  if (id.size() != api::kJoinTokenIdSize) return bad("the id " + count(id.size(), api::kJoinTokenIdSize));
  if (secret.size() != api::kJoinTokenSecretSize)
    return bad("the secret " + count(secret.size(), api::kJoinTokenSecretSize) + ": cut short?");
  if (!api::is_join_token_part(id, api::kJoinTokenIdSize) ||
      !api::is_join_token_part(secret, api::kJoinTokenSecretSize))
    return bad("id and secret have characters other than a-z and 0-9");
  return JoinToken{.ca_sha256 = std::string(hash), .id = std::string(id), .secret = std::string(secret)};
}

Result<std::chrono::seconds> parse_ttl(std::string_view text) {
  const auto refused = [&] {
    return fail(Code::kInvalidArgument, "\"" + std::string(text) + "\" is not a time like 30m, 24h or 7d");
  };
  if (text.size() < 2) return refused();
  const auto number = base::parse_int<int64_t>(text.substr(0, text.size() - 1));
  constexpr int64_t kNumberMax = 1'000'000;  // no unit overflows with it
  if (!number || *number <= 0 || *number > kNumberMax) return refused();
  switch (text.back()) {
    case 's':
      return std::chrono::seconds(*number);
    case 'm':
      return std::chrono::minutes(*number);
    case 'h':
      return std::chrono::hours(*number);
    case 'd':
      return std::chrono::days(*number);
    default:
      return refused();
  }
}

}  // namespace appliance::node
