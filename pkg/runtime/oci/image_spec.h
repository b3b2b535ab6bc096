// image-spec 1.1 and Docker v2 schema 2 documents: manifest, index, configuration. Pure: text in, checked values out.
//
//   auto document = TRY(parse_document(bytes, content_type));
//   if (document.is_index) descriptor = TRY(select_platform(document.manifests, host_platform()));
//
// Errors: kInvalidArgument (names the field), kUnimplemented (schema 1, other kinds of artifacts), kFailedPrecondition
// (an image for another machine, naming both), kResourceExhausted (over a limit).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace appliance::runtime::oci {

constexpr size_t kDocumentBytesMax = 4U << 20U;  // the distribution spec's own limit for manifests
constexpr size_t kLayersMax = 500;               // overlayfs takes 500 lower folders
constexpr size_t kManifestsMax = 1000;           // platforms of one index
constexpr uint64_t kBlobBytesMax = 1ULL << 40U;

namespace media {
constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr std::string_view kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
}  // namespace media

struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
  [[nodiscard]] std::string string() const;  // linux/arm64/v8
};
Platform platform_of(std::string_view machine);  // "x86_64" (uname -m) -> linux/amd64

struct Descriptor {
  std::string media_type;
  std::string digest;
  uint64_t size = 0;
  Platform platform;         // of an index's manifests; may be empty
  std::string ref_name;      // annotation org.opencontainers.image.ref.name
  std::string image_name;    // annotation io.containerd.image.name
  bool attestation = false;  // buildkit's attached documents: never run
};

struct Document {
  bool is_index = false;
  std::string media_type;
  Descriptor config;                  // of a manifest
  std::vector<Descriptor> layers;     // base first
  std::vector<Descriptor> manifests;  // of an index
};

Result<Document> parse_document(std::string_view text, std::string_view content_type = {});
// linux and this architecture, of the entries that say so; a lone entry without a platform is taken.
Result<Descriptor> select_platform(const std::vector<Descriptor>& manifests, const Platform& host);

struct Config {
  Platform platform;
  std::string created;  // RFC 3339; may be empty
  std::vector<std::string> diff_ids;
  std::string user;
  std::vector<std::string> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string working_dir;
  std::string stop_signal;
  std::map<std::string, std::string> labels;
  std::vector<std::string> exposed_ports;
  std::vector<std::string> volumes;
};
Result<Config> parse_config(std::string_view text);
Result<> check_platform(const Config& config, const Platform& host);  // 8.8

}  // namespace appliance::runtime::oci
