#include "base/crypto/csr.h"

#include <catch2/catch.hpp>

#include "base/crypto/x509.h"

namespace appliance::crypto {
namespace {

std::string key() {
  auto made = generate_key();
  REQUIRE(made);
  return *made;
}

std::string csr(std::string_view key_pem, const CsrSpec& spec) {
  auto made = make_csr(key_pem, spec);
  REQUIRE(made);
  return *made;
}

// RSA of 2048 bits, made with another tool; it has a mail address as alternative name and a country in its subject.
constexpr std::string_view kForeign = R"(-----BEGIN CERTIFICATE REQUEST-----
MIICsTCCAZkCAQAwKjELMAkGA1UEBhMCREUxDDAKBgNVBAoMA2RldjENMAsGA1UE
AwwEamFuZTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAMEOa8ozfOce
2LhxyK1fERSUZzeX7fW9InefGe6rrL9xIRd09KUjIKK5cJ6/G+/dRI+yuFTY+Aqy
ozJDw7SNpP2jqAEmON25uLief8E3fb6rdnAumj4mSrljOXLaaDIOiHaSIrWPw6XN
kbw/8hM+zqA5WctaFHmpPrG4hF1uSIInF87ten2K6dp7Icuvk3FdWxu3v6SQjpz5
C5JHK+3U0AJSboz1Is28Ws1kII1nWfw2v8babLGmPyo8lcv0Yz+redAcKHyCe9y4
Vl/DtY3jtQCtyzuIGli9KAhkJPbNNHd2IZ+pV6dcAKjpnXZbdHOVmh3EsZmlrEo2
o9M3jOYpwf0CAwEAAaBCMEAGCSqGSIb3DQEJDjEzMDEwLwYDVR0RBCgwJoERamFu
ZUBleGFtcGxlLnRlc3SCEWphbmUuZXhhbXBsZS50ZXN0MA0GCSqGSIb3DQEBCwUA
A4IBAQA6slJiGSyuFXe9oW8xLxUwHYepdfuHQNr3nzATeRhURuycHXZDaXeKWowW
htgZQkBo5y4JTUakY+55koVWyVhYFY7i5iv6IwqQa5XT9w6LmJlSre4JIe4wdvq4
0uUwGGnetji/1mkhp+pKD/cK99PiktMjDe9VmxSSkT2+PbWwrj6pFnSYSJFxvBrb
SR5wi9qdG0LwQRXdZldX9G2eZ4xR6pK1tD7yTYVHXx4KYrfmOn8lYXAMYojVyBtD
DLrEhWvVCV7FatlRXVCi4V7jxGmzbac7sqjHJmR9BvsZGPuDyOL+ycMLtmrMYkNt
ZXcoHs/i6CbiQihgX0zzikPZ2Aio
-----END CERTIFICATE REQUEST-----
)";

}  // namespace

TEST_CASE("csr: what was asked for is what the signer reads, and the key is the asker's") {
  const std::string own = key();
  const auto facts = parse_csr(csr(own, {.common_name = "system:node:w1",
                                         .organizations = {"system:nodes"},
                                         .dns_names = {"w1", "w1.example.test"},
                                         .ip_addresses = {"192.0.2.7", "fd00::7"}}));
  REQUIRE(facts);
  CHECK(facts->common_name == "system:node:w1");
  CHECK(facts->organizations == std::vector<std::string>{"system:nodes"});
  CHECK(facts->dns_names == std::vector<std::string>{"w1", "w1.example.test"});
  CHECK(facts->ip_addresses == std::vector<std::string>{"192.0.2.7", "fd00::7"});
  CHECK_FALSE(facts->has_other_names);
  CHECK_FALSE(facts->has_other_subject);
  CHECK(facts->public_key_pem == public_key_of(own).value());
}

TEST_CASE("csr: the certificate that is issued from it fits the key, and its key hash is the request's") {
  const std::string ca_key = key();
  const std::string own = key();
  const base::WallTime now(std::chrono::seconds(1'800'000'000));
  const auto ca =
      self_signed_ca(ca_key, {.common_name = "ca", .not_before = now, .not_after = now + std::chrono::hours(24)});
  REQUIRE(ca);
  const auto facts = parse_csr(csr(own, {.common_name = "system:node:w1", .organizations = {"system:nodes"}}));
  REQUIRE(facts);
  const auto certificate = issue_certificate({.ca_pem = *ca, .ca_key_pem = ca_key}, facts->public_key_pem,
                                             {.common_name = facts->common_name,
                                              .organizations = facts->organizations,
                                              .client_auth = true,
                                              .not_before = now,
                                              .not_after = now + std::chrono::hours(1)});
  REQUIRE(certificate);
  CHECK(key_matches(*certificate, own).value());
  CHECK(parse_certificate(*certificate)->public_key_sha256 == facts->public_key_sha256);
  CHECK(verify_chain(*certificate, {.ca_pem = *ca, .now = now + std::chrono::minutes(1), .usage = Usage::kClient}));
}

TEST_CASE("csr: names and subjects of other sorts are told") {
  const auto facts = parse_csr(kForeign);
  REQUIRE(facts);
  CHECK(facts->common_name == "jane");
  CHECK(facts->organizations == std::vector<std::string>{"dev"});
  CHECK(facts->has_other_subject);
  CHECK(facts->has_other_names);
  CHECK(facts->dns_names == std::vector<std::string>{"jane.example.test"});
}

TEST_CASE("csr: every changed character of the text is refused") {
  const std::string good = csr(key(), {.common_name = "n", .dns_names = {"a"}});
  int refused = 0;
  int tried = 0;
  for (size_t i = 40; i + 40 < good.size(); i += 3) {
    std::string bad = good;
    if (bad[i] == '\n') continue;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    ++tried;
    if (!parse_csr(bad)) ++refused;
  }
  CHECK(tried > 50);
  CHECK(refused == tried);
}

TEST_CASE("csr: what is no single signing request is refused by name") {
  const std::string own = key();
  const std::string one = csr(own, {.common_name = "n"});
  CHECK_FALSE(parse_csr(""));
  CHECK_FALSE(parse_csr("hello"));
  CHECK_FALSE(parse_csr(own));
  CHECK_FALSE(parse_csr(one.substr(0, one.size() / 2)));
  CHECK(parse_csr(one + '\n'));
  const auto twice = parse_csr(one + one);
  REQUIRE_FALSE(twice);
  CHECK(twice.error().message == "certificate request: more behind the first PEM block");
  const auto huge = parse_csr(std::string(kCsrBytesMax + 1, 'x'));
  REQUIRE_FALSE(huge);
  CHECK(huge.error().message == "certificate request: longer than 65536 bytes");
  CHECK_FALSE(make_csr("no key", {.common_name = "n"}));
  CHECK_FALSE(make_csr(own, {.common_name = "n", .ip_addresses = {"no address"}}));
}

}  // namespace appliance::crypto
