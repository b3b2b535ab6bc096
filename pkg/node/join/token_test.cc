#include "node/join/token.h"

#include <catch2/catch.hpp>

using namespace appliance;
using namespace appliance::node;

namespace {
const std::string kHash(64, 'a');
const std::string kSecret = "0123456789abcdefghijklmnopqrstuv";
std::string why(const std::string& text) {
  const auto token = parse_join_token(text);
  return token ? "none" : token.error().message;
}
}  // namespace

TEST_CASE("join token: what is written is what is read, with blanks around it") {
  const JoinToken token{.ca_sha256 = kHash, .id = "abc123", .secret = kSecret};
  CHECK(token.text() == "K10" + kHash + "::abc123." + kSecret);
  CHECK(token.bearer() == "abc123." + kSecret);
  const auto read = parse_join_token(" " + token.text() + "\n");
  REQUIRE(read);
  CHECK(read->ca_sha256 == kHash);
  CHECK(read->id == "abc123");
  CHECK(read->secret == kSecret);
}

TEST_CASE("join token: each mistake is named, and the secret is not repeated") {
  CHECK(why("") == "join token: is empty");
  CHECK(why("abc123." + kSecret) == "join token: does not begin with K10");
  CHECK(why("K10" + kHash) == "join token: has no \"::\" between the cluster's hash and the secret");
  CHECK(why("K10" + kHash + "::abc123") == "join token: has no \".\" between id and secret");
  CHECK(why("K10abc::abc123." + kSecret) == "join token: the cluster's hash has 3 characters instead of 64");
  CHECK(why("K10" + std::string(64, 'A') + "::abc123." + kSecret) ==
        "join token: the cluster's hash has characters other than 0-9 and a-f");
  CHECK(why("K10" + kHash + "::abc." + kSecret) == "join token: the id has 3 characters instead of 6");
  CHECK(why("K10" + kHash + "::abc123." + kSecret.substr(1)) ==
        "join token: the secret has 31 characters instead of 32: cut short?");
  const std::string odd = why("K10" + kHash + "::abc123." + kSecret.substr(1) + "!");
  CHECK(odd == "join token: id and secret have characters other than a-z and 0-9");
  for (size_t i = 0; i < 107; ++i) {
    const std::string cut = ("K10" + kHash + "::abc123." + kSecret).substr(0, i);
    CHECK_FALSE(parse_join_token(cut));
    CHECK(why(cut).find("6789abcdef") == std::string::npos);
  }
}

TEST_CASE("join token: times are written with one number and one unit") {
  using namespace std::chrono_literals;
  CHECK(parse_ttl("90s").value() == 90s);
  CHECK(parse_ttl("30m").value() == 30min);
  CHECK(parse_ttl("24h").value() == 24h);
  CHECK(parse_ttl("7d").value() == 168h);
  for (const char* bad :
       {"", "h", "24", "0h", "-1h", "1.5h", "1h30m", "1w", "24 h", "99999999999999999999h", "1000001d"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_ttl(bad));
    CHECK(parse_ttl(bad).error().message.ends_with("is not a time like 30m, 24h or 7d"));
  }
}
