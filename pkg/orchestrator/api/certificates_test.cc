// CertificateSigningRequest: fields in both encodings, rules, columns.
#include "orchestrator/api/protobuf.h"
#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

namespace {

constexpr std::string_view kResource = "certificatesigningrequests.certificates.k8s.io";
constexpr std::string_view kGood =
    "metadata: {name: a}\nspec: {request: eA==, signerName: example.test/s, usages: [client auth]}\n";

std::vector<std::string> problems(std::string_view yaml_text) {
  return messages(validate(kind_of(kResource), created(kResource, yaml_text), nullptr));
}

// A protobuf field with a length: number, bytes.
std::string field(int number, const std::string& bytes) {
  REQUIRE(bytes.size() < 128);
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}
std::string varint(int number, int value) {
  std::string out(1, static_cast<char>(number << 3));
  for (; value > 127; value >>= 7) out += static_cast<char>((value & 127) | 128);
  return out + static_cast<char>(value);
}

}  // namespace

TEST_CASE("csr: spec, conditions and certificate arrive by protobuf under the public field numbers") {
  const std::string spec = field(1, "PEM") + field(2, "jane") + field(3, "u1") + field(4, "dev") +
                           field(5, "client auth") + field(7, "example.test/s") + varint(8, 3600);
  const std::string condition = field(1, "Approved") + field(2, "R") + field(3, "m") + field(6, "True");
  const std::string object =
      field(1, field(1, "a")) + field(2, spec) + field(3, field(1, condition) + field(2, "CERT"));
  const std::string type = field(1, "certificates.k8s.io/v1") + field(2, "CertificateSigningRequest");
  std::string body = std::string("k8s\0", 4) + field(1, type) + "\x12";
  body += static_cast<char>((object.size() & 127) | 128);
  body += static_cast<char>(object.size() >> 7);
  body += object;
  auto decoded = decode(kind_of(kResource), body, "application/vnd.kubernetes.protobuf", FieldValidation::kStrict);
  INFO((decoded ? std::string() : decoded.error().message));
  REQUIRE(decoded);
  CHECK(decoded->object.at("spec") ==
        json_of(R"({"request":"UEVN","username":"jane","uid":"u1","groups":["dev"],"usages":["client auth"],
                    "signerName":"example.test/s","expirationSeconds":3600})"));
  CHECK(decoded->object.at("status") ==
        json_of(R"({"conditions":[{"type":"Approved","status":"True","reason":"R","message":"m"}],
                    "certificate":"Q0VSVA=="})"));
}

TEST_CASE("csr: what a request must say, field by field") {
  CHECK(problems(kGood).empty());
  CHECK(problems("metadata: {name: a}\nspec: {}\n") == std::vector<std::string>{"spec.request: Required value",
                                                                                "spec.usages: Required value",
                                                                                "spec.signerName: Required value"});
  const auto with = [](const std::string& spec) {
    return problems("metadata: {name: a}\nspec: {request: eA==, " + spec + "}\n");
  };
  CHECK(with("signerName: nothing, usages: [client auth]") ==
        std::vector<std::string>{R"(spec.signerName: Invalid value: "nothing": must be a fully qualified domain and )"
                                 R"(path of the form 'example.com/signer-name')"});
  CHECK(with("signerName: com/x, usages: [client auth]") ==
        std::vector<std::string>{R"(spec.signerName: Invalid value: "com": should be a domain with at least two )"
                                 R"(segments separated by dots)"});
  CHECK(with("signerName: kubernetes.io/legacy-unknown, usages: [client auth]") ==
        std::vector<std::string>{R"(spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy )"
                                 R"(signerName is not allowed via this API version)"});
  CHECK(
      with("signerName: a.b/s, usages: [client auth], expirationSeconds: 599") ==
      std::vector<std::string>{
          "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"});
  CHECK(with("signerName: a.b/s, usages: [client auth], expirationSeconds: 600").empty());
  CHECK(with("signerName: a.b/s, usages: [client auth, client auth]") ==
        std::vector<std::string>{R"(spec.usages[1]: Duplicate value: "client auth")"});
  const auto odd = with("signerName: a.b/s, usages: [world peace]");
  REQUIRE(odd.size() == 1);
  CHECK(odd[0].find(R"(Unsupported value: "world peace")") != std::string::npos);
}

TEST_CASE("csr: an update keeps spec and status; decisions are final and exclude each other") {
  const Kind& kind = kind_of(kResource);
  json::Value old = created(kResource, kGood);
  json::Value changed = old;
  json::ensure(changed, {"spec", "signerName"}) = "other.test/s";
  json::ensure(changed, {"status", "certificate"}) = "eA==";
  prepare_update(kind, changed, old, "");
  CHECK(changed == old);
  const auto decided = [&](const char* conditions) {
    json::Value next = old;
    json::ensure(next, {"status", "conditions"}) = json_of(conditions);
    return messages(validate(kind, next, &old));
  };
  CHECK(decided(R"([{"type":"Approved","status":"True"},{"type":"Failed","status":"True"}])").empty());
  CHECK(
      decided(R"([{"type":"Approved","status":"False"}])") ==
      std::vector<std::string>{R"(status.conditions[0].status: Unsupported value: "False": supported values: "True")"});
  CHECK(decided(R"([{"type":"Approved","status":"True"},{"type":"Denied","status":"True"}])") ==
        std::vector<std::string>{R"(status.conditions[1].type: Invalid value: "Denied": Approved and Denied )"
                                 R"(conditions are mutually exclusive)"});
}

TEST_CASE("csr: the columns that kubectl shows") {
  const auto row = [](const std::string& rest) {
    std::string out;
    for (const auto& cell : kind_of(kResource).cells(
             yaml_of("metadata: {name: a, creationTimestamp: '2026-01-01T00:00:00Z'}\n" + rest), 1767225600 + 45))
      out += (out.empty() ? "" : " | ") + std::string(cell.get_string());
    return out;
  };
  CHECK(row("spec: {signerName: a.b/s, username: jane, expirationSeconds: 86400}\n") ==
        "a | 45s | a.b/s | jane | 24h | Pending");
  CHECK(
      row("spec: {signerName: a.b/s, username: jane}\nstatus: {certificate: eA==, conditions: [{type: Approved}]}\n") ==
      "a | 45s | a.b/s | jane | <none> | Approved,Issued");
  CHECK(row("spec: {}\nstatus: {conditions: [{type: Denied}]}\n") == "a | 45s | <none> |  | <none> | Denied");
}
