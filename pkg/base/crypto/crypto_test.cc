#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/crypto/jwt.h"
#include "base/crypto/sha256.h"
#include "base/crypto/x509.h"
#include "base/fs.h"
#include "base/strings.h"

namespace appliance::crypto {
namespace {

using std::chrono::hours;

class TempDir {
 public:
  TempDir() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::string file(const std::string& name, std::string_view bytes) const {
    const std::string path = path_ + "/" + name;
    REQUIRE(base::write_file(path, bytes).has_value());
    return path;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_ = "/tmp/crypto_test.XXXXXX";
};

// Runs the openssl program, a stranger to our code; what it printed, or its failure in the text.
std::string openssl(const std::string& arguments, const TempDir& dir) {
  const std::string out = dir.path("out");
  const int status = ::system(("openssl " + arguments + " > " + out + " 2>&1").c_str());
  return (status == 0 ? "" : "FAILED: ") + base::read_file(out).value();
}

base::WallTime now() { return base::SystemClock().now(); }

CertificateSpec spec(std::string name) {
  CertificateSpec out;
  out.common_name = std::move(name);
  out.not_before = now() - hours(1);
  out.not_after = now() + hours(24);
  return out;
}

struct Authority {
  std::string key = generate_key().value();
  std::string certificate = self_signed_ca(key, spec("test-ca")).value();
  [[nodiscard]] std::string issue(const CertificateSpec& what, const std::string& subject_key) const {
    return issue_certificate({.ca_pem = certificate, .ca_key_pem = key}, public_key_of(subject_key).value(), what)
        .value();
  }
};

}  // namespace

TEST_CASE("sha256: known answers, whole and in pieces") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");
  CHECK(hash.hex() == sha256_hex("abc"));
  CHECK(hash.hex() == sha256_hex(""));  // it starts anew
  Sha256 moved = std::move(hash);
  moved.update("abc");
  CHECK(moved.hex() == sha256_hex("abc"));
}

TEST_CASE("constant_time_equal: compares content and length") {
  CHECK(constant_time_equal("secret", "secret"));
  CHECK(constant_time_equal("", ""));
  CHECK_FALSE(constant_time_equal("secret", "secreT"));
  CHECK_FALSE(constant_time_equal("secret", "secre"));
}

TEST_CASE("x509: a certificate says what was asked for, and openssl reads the same") {
  const TempDir dir;
  const Authority ca;
  CertificateSpec wanted = spec("system:node:n1");
  wanted.organizations = {"system:nodes", "second, group"};
  wanted.dns_names = {"kubernetes", "kubernetes.default.svc", "*.example.com"};
  wanted.ip_addresses = {"10.43.0.1", "fd00::1"};
  wanted.server_auth = true;
  wanted.client_auth = true;
  const std::string key = generate_key().value();
  const std::string certificate = ca.issue(wanted, key);

  const CertificateFacts facts = parse_certificate(certificate).value();
  CHECK(facts.common_name == wanted.common_name);
  CHECK(facts.organizations == wanted.organizations);
  CHECK(facts.dns_names == wanted.dns_names);
  CHECK(facts.ip_addresses == wanted.ip_addresses);
  CHECK(facts.issuer_common_name == "test-ca");
  CHECK_FALSE(facts.is_ca);
  CHECK(std::chrono::abs(facts.not_after - wanted.not_after) < std::chrono::seconds(1));
  CHECK(key_matches(certificate, key).value());
  CHECK_FALSE(key_matches(certificate, ca.key).value());
  CHECK(parse_certificate(ca.certificate)->is_ca);

  const std::string ca_file = dir.file("ca.pem", ca.certificate);
  const std::string file = dir.file("cert.pem", certificate);
  const std::string key_file = dir.file("key.pem", key);
  CHECK(openssl("verify -x509_strict -purpose sslserver -CAfile " + ca_file + " " + file, dir) == file + ": OK\n");
  CHECK(openssl("verify -x509_strict -purpose sslclient -CAfile " + ca_file + " " + file, dir) == file + ": OK\n");
  const std::string text = openssl("x509 -noout -text -in " + file, dir);
  for (const char* expected :
       {"Version: 3 (0x2)", "Issuer: CN = test-ca", "O = system:nodes, O = \"second, group\", CN = system:node:n1",
        "NIST CURVE: P-256", "ecdsa-with-SHA256", "CA:FALSE", "Digital Signature",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "DNS:kubernetes, DNS:kubernetes.default.svc, DNS:*.example.com, IP Address:10.43.0.1, IP "
        "Address:FD00:0:0:0:0:0:0:1"}) {
    INFO(text);
    CHECK(text.find(expected) != std::string::npos);
  }
  const std::string ca_text = openssl("x509 -noout -text -in " + ca_file, dir);
  CHECK(ca_text.find("CA:TRUE, pathlen:0") != std::string::npos);
  CHECK(ca_text.find("Certificate Sign, CRL Sign") != std::string::npos);
  const std::string print = openssl("x509 -noout -fingerprint -sha256 -in " + file, dir);
  std::string digits;
  for (const char c : base::to_lower(print.substr(print.find('=') + 1)))
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits.push_back(c);
  CHECK(facts.sha256 == digits);
  CHECK(openssl("pkey -noout -text -in " + key_file, dir).find("Private-Key: (256 bit)") != std::string::npos);
}

TEST_CASE("x509: two certificates never share a serial number") {
  const Authority ca;
  const std::string key = generate_key().value();
  const std::string a = parse_certificate(ca.issue(spec("a"), key))->serial_hex;
  const std::string b = parse_certificate(ca.issue(spec("a"), key))->serial_hex;
  CHECK(a != b);
  CHECK(a.size() == 32);
}

TEST_CASE("x509: verify_chain accepts ours and names what is wrong with others") {
  const Authority ca;
  const Authority other;
  const std::string key = generate_key().value();
  CertificateSpec server = spec("server");
  server.server_auth = true;
  server.dns_names = {"api.example"};
  server.ip_addresses = {"10.0.0.1"};
  const std::string good = ca.issue(server, key);

  const auto verdict = [&](const std::string& certificate, VerifyOptions options) {
    if (options.ca_pem.empty()) options.ca_pem = ca.certificate;
    if (options.now == base::WallTime()) options.now = now();
    const auto result = verify_chain(certificate, options);
    if (!result) CHECK(result.error().code == Code::kUnauthenticated);
    return result ? std::string() : result.error().message;
  };
  CHECK(verdict(good, {}).empty());
  CHECK(verdict(good, {.usage = Usage::kServer, .host = "api.example"}).empty());
  CHECK(verdict(good, {.usage = Usage::kServer, .host = "10.0.0.1"}).empty());
  CHECK(verdict(good, {.host = "other.example"}).find("ostname mismatch") != std::string::npos);
  CHECK(verdict(good, {.host = "10.0.0.2"}).find("IP address mismatch") != std::string::npos);
  CHECK_FALSE(verdict(good, {.usage = Usage::kClient}).empty());
  CHECK_FALSE(verdict(good, {.ca_pem = other.certificate}).empty());
  CHECK(verdict(good, {.now = now() + hours(48)}).find("expired") != std::string::npos);
  CHECK(verdict(good, {.now = now() - hours(48)}).find("not yet valid") != std::string::npos);
  CHECK(verdict(good, {.ca_pem = std::string_view(other.certificate)}).find("certificate: ") == 0);

  const std::string both = other.certificate + ca.certificate;  // a bundle, as while a CA is rotated
  CHECK(verdict(good, {.ca_pem = both}).empty());
  CHECK(split_pem_chain(both)->size() == 2);

  // A certificate of ours that is no CA can't issue.
  const std::string rogue =
      issue_certificate({.ca_pem = good, .ca_key_pem = key}, public_key_of(other.key).value(), spec("rogue")).value();
  CHECK_FALSE(verdict(rogue + good, {}).empty());
}

TEST_CASE("x509: bad input is an error, not a crash") {
  const Authority ca;
  const std::string key = generate_key().value();
  for (const std::string& text : {std::string(), std::string("nonsense"), ca.certificate.substr(0, 100), ca.key}) {
    CHECK(parse_certificate(text).error().code == Code::kInvalidArgument);
    CHECK_FALSE(split_pem_chain(text).has_value());
    CHECK_FALSE(verify_chain(text, {.ca_pem = ca.certificate, .now = now()}).has_value());
  }
  CHECK_FALSE(parse_certificate_der("nonsense").has_value());
  CHECK_FALSE(public_key_of(ca.certificate).has_value());
  const auto issue = [&](const CertificateSpec& what) {
    return issue_certificate({.ca_pem = ca.certificate, .ca_key_pem = ca.key}, public_key_of(key).value(), what);
  };
  CertificateSpec bad = spec("x");
  bad.ip_addresses = {"10.0.0.1,DNS:evil"};
  CHECK_FALSE(issue(bad).has_value());
  bad = spec("x");
  bad.dns_names = {"a,DNS:evil"};  // kept as one odd name, never two
  CHECK(parse_certificate(issue(bad).value())->dns_names == bad.dns_names);
  bad = spec("x");
  bad.not_after = bad.not_before;
  CHECK_FALSE(issue(bad).has_value());
  bad = spec("x");
  bad.dns_names.assign(kSanMax + 1, "a");
  CHECK_FALSE(issue(bad).has_value());
  const auto mixed =
      issue_certificate({.ca_pem = ca.certificate, .ca_key_pem = key}, public_key_of(key).value(), spec("x"));
  CHECK(mixed.error().message.find("do not belong together") != std::string::npos);
}

TEST_CASE("jwt: what we sign verifies, anything changed does not, and openssl agrees") {
  const TempDir dir;
  const std::string key = generate_key().value();
  const std::string public_key = public_key_of(key).value();
  const std::string token =
      sign_jwt(R"({"alg":"ES256","kid":"k"})", R"({"sub":"system:serviceaccount:a:b"})", key).value();
  CHECK(verify_jwt(token, public_key).has_value());
  const JwtParts parts = split_jwt(token).value();
  CHECK(parts.header == R"({"alg":"ES256","kid":"k"})");
  CHECK(parts.payload == R"({"sub":"system:serviceaccount:a:b"})");

  const size_t dot = token.find('.');
  std::string changed = token;
  changed[dot + 3] = changed[dot + 3] == 'A' ? 'B' : 'A';
  CHECK(verify_jwt(changed, public_key).error().code == Code::kUnauthenticated);
  CHECK(verify_jwt(token, public_key_of(generate_key().value()).value()).error().code == Code::kUnauthenticated);
  for (const std::string& bad : {std::string(), std::string("a.b"), token + ".x", token.substr(0, token.rfind('.') + 1),
                                 token.substr(0, token.size() - 2), std::string(kJwtBytesMax + 1, 'a')})
    CHECK_FALSE(verify_jwt(bad, public_key).has_value());
  CHECK_FALSE(es256_verify("m", std::string(64, '\0'), public_key).has_value());

  // The raw signature as ASN.1, for the stranger: SEQUENCE { INTEGER r, INTEGER s }.
  const std::string raw = es256_sign("message", key).value();
  REQUIRE(raw.size() == 64);
  const auto integer = [](std::string bytes) {
    while (bytes.size() > 1 && bytes[0] == 0 && (bytes[1] & 0x80) == 0) bytes.erase(0, 1);
    if ((bytes[0] & 0x80) != 0) bytes.insert(0, 1, '\0');
    return std::string{'\x02', static_cast<char>(bytes.size())} + bytes;
  };
  const std::string both = integer(raw.substr(0, 32)) + integer(raw.substr(32));
  const std::string der = std::string{'\x30', static_cast<char>(both.size())} + both;
  const std::string verdict = openssl("dgst -sha256 -verify " + dir.file("pub.pem", public_key) + " -signature " +
                                          dir.file("sig", der) + " " + dir.file("message", "message"),
                                      dir);
  CHECK(verdict == "Verified OK\n");
}

TEST_CASE("jwt: a public key as JWK has the coordinates that openssl prints, and a stable key id") {
  const TempDir dir;
  const std::string key = generate_key().value();
  const std::string public_key = public_key_of(key).value();
  const EcJwk jwk = public_key_jwk(public_key).value();
  const std::string x = base::unbase64url(jwk.x).value();
  const std::string y = base::unbase64url(jwk.y).value();
  CHECK(x.size() == 32);
  CHECK(y.size() == 32);
  CHECK(jwk.kid == key_id(public_key).value());
  CHECK(base::unbase64url(jwk.kid)->size() == 32);
  const std::string der_file = dir.path("pub.der");
  openssl("pkey -pubin -outform DER -out " + der_file + " -in " + dir.file("pub.pem", public_key), dir);
  const std::string der = base::read_file(der_file).value();
  CHECK(der.ends_with("\x04" + x + y));  // SubjectPublicKeyInfo ends with the uncompressed point
  CHECK(base::base64url(base::unhex(sha256_hex(der)).value()) == jwk.kid);
}

}  // namespace appliance::crypto
