#include "runtime/oci/image_spec.h"

#include <catch2/catch.hpp>

#include "runtime/oci/digest.h"

namespace appliance::runtime::oci {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string descriptor(const std::string& type, const std::string& more = "") {
  return R"({"mediaType":")" + type + R"(","digest":")" + kDigest + R"(","size":7)" + more + "}";
}
std::string manifest(const std::string& layers) {
  return R"({"schemaVersion":2,"config":)" + descriptor(std::string(media::kOciConfig)) + R"(,"layers":[)" + layers +
         "]}";
}
std::string index(const std::string& manifests) { return R"({"schemaVersion":2,"manifests":[)" + manifests + "]}"; }
std::string entry(const std::string& os, const std::string& architecture, const std::string& more = "") {
  return descriptor(std::string(media::kOciManifest),
                    R"(,"platform":{"os":")" + os + R"(","architecture":")" + architecture + R"("})" + more);
}

}  // namespace

TEST_CASE("oci: manifests of both families are read") {
  for (const std::string type :
       {"application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar.gzip"}) {
    const Document document = parse_document(manifest(descriptor(type))).value();
    CHECK_FALSE(document.is_index);
    REQUIRE(document.layers.size() == 1);
    CHECK(document.layers[0].size == 7);
    CHECK(document.layers[0].digest == kDigest);
    CHECK(document.media_type == media::kOciManifest);
  }
  CHECK(parse_document(manifest(""), "application/vnd.docker.distribution.manifest.v2+json; charset=utf-8")
            .value()
            .media_type == media::kDockerManifest);
}

TEST_CASE("oci: bad documents are refused and name the field") {
  struct Case {
    std::string text;
    Code code;
    std::string says;
  };
  const Case cases[] = {
      {R"({"schemaVersion":1,"fsLayers":[]})", Code::kUnimplemented, "schemaVersion"},
      {"{}", Code::kInvalidArgument, "schemaVersion"},
      {"[]", Code::kInvalidArgument, "object"},
      {R"({"schemaVersion":2})", Code::kInvalidArgument, "config"},
      {R"({"schemaVersion":2,"layers":[],"manifests":[]})", Code::kInvalidArgument, "both"},
      {R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","layers":[]})",
       Code::kInvalidArgument, "mediaType"},
      {manifest(descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip")), Code::kUnimplemented,
       "layers[0].mediaType"},
      {manifest(R"({"mediaType":"x","digest":"sha256:../../etc","size":1})"), Code::kInvalidArgument,
       "layers[0].digest"},
      {manifest(R"({"mediaType":"x","digest":")" + kDigest + R"(","size":-1})"), Code::kInvalidArgument,
       "layers[0].size"},
      {manifest(R"({"mediaType":"x","digest":")" + kDigest + R"(","size":1e99})"), Code::kInvalidArgument,
       "layers[0].size"},
  };
  for (const Case& each : cases) {
    INFO(each.text);
    const auto got = parse_document(each.text);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == each.code);
    CHECK(got.error().message.find(each.says) != std::string::npos);
  }
  std::string many;
  for (size_t i = 0; i <= kLayersMax; ++i) many += (i > 0 ? "," : "") + descriptor(std::string(media::kOciLayer));
  CHECK(parse_document(manifest(many)).error().code == Code::kResourceExhausted);
  CHECK(parse_document(std::string(kDocumentBytesMax + 1, ' ')).error().code == Code::kResourceExhausted);
}

TEST_CASE("oci: the platform of this machine is chosen, attestations never") {
  const auto pick = [](const std::string& text, const Platform& host) {
    return select_platform(parse_document(text).value().manifests, host);
  };
  const std::string attested =
      entry("unknown", "unknown", R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest"})");
  const std::string both = index(entry("linux", "arm64") + "," + entry("linux", "amd64") + "," + attested);
  CHECK(pick(both, platform_of("x86_64")).value().platform.architecture == "amd64");
  CHECK(pick(both, platform_of("aarch64")).value().platform.architecture == "arm64");
  const auto none = pick(both, platform_of("riscv64"));
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Code::kFailedPrecondition);
  CHECK(none.error().message == "no image for linux/riscv64; there is linux/arm64, linux/amd64");
  CHECK(pick(index(descriptor(std::string(media::kOciManifest))), platform_of("x86_64")));
  CHECK_FALSE(pick(index(attested), platform_of("x86_64")));
}

TEST_CASE("oci: configurations give what a container needs") {
  const std::string text = R"({"os":"linux","architecture":"amd64","created":"2024-01-02T03:04:05Z",
    "config":{"User":"1:2","Env":["A=b"],"Entrypoint":["/x"],"Cmd":["y"],"WorkingDir":"/w","StopSignal":"SIGQUIT",
    "Labels":{"l":"v","n":null},"ExposedPorts":{"80/tcp":{}},"Volumes":{"/data":{}}},
    "rootfs":{"type":"layers","diff_ids":[")" +
                           kDigest + R"("]}})";
  const Config config = parse_config(text).value();
  CHECK(config.user == "1:2");
  CHECK(config.env == std::vector<std::string>{"A=b"});
  CHECK(config.entrypoint == std::vector<std::string>{"/x"});
  CHECK(config.cmd == std::vector<std::string>{"y"});
  CHECK(config.working_dir == "/w");
  CHECK(config.stop_signal == "SIGQUIT");
  CHECK(config.labels == std::map<std::string, std::string>{{"l", "v"}});
  CHECK(config.exposed_ports == std::vector<std::string>{"80/tcp"});
  CHECK(config.volumes == std::vector<std::string>{"/data"});
  CHECK(check_platform(config, platform_of("x86_64")));
  const auto other = check_platform(config, platform_of("aarch64"));
  REQUIRE_FALSE(other);
  CHECK(other.error().message == "the image is for linux/amd64, this machine is linux/arm64");
  CHECK(parse_config(R"({"rootfs":{"diff_ids":["x"]}})").error().message.find("diff_ids") != std::string::npos);
  CHECK(parse_config(R"({"config":{"Env":[1]},"rootfs":{}})").error().message.find("config.Env") != std::string::npos);
  CHECK(parse_config("{\"config\":{\"User\":\"a\\u0000b\"},\"rootfs\":{}}").error().message.find("NUL") !=
        std::string::npos);
}

TEST_CASE("oci: only loopback registries count as such") {
  for (const char* text : {"localhost", "localhost:5000", "127.0.0.1", "127.9.9.9:1", "[::1]:5000", "[::1]"})
    CHECK(is_loopback_registry(text));
  for (const char* text :
       {"127.0.0.1.evil", "127.0.0.1.evil:80", "localhost.evil", "128.0.0.1", "127.1", "[::2]", "127.0.0.256", ""})
    CHECK_FALSE(is_loopback_registry(text));
}

}  // namespace appliance::runtime::oci
