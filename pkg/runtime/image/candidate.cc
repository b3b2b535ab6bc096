#include <sys/utsname.h>

#include "base/crypto/sha256.h"
#include "base/fs.h"
#include "runtime/image/store.h"

namespace appliance::runtime::image {

oci::Platform host_platform() {
  utsname name{};
  if (::uname(&name) != 0) return oci::platform_of("x86_64");  // cannot fail with a valid pointer
  return oci::platform_of(name.machine);
}

std::string digest_of(std::string_view bytes) { return "sha256:" + crypto::sha256_hex(bytes); }

std::string boot_id() {
  const auto text = base::read_file("/proc/sys/kernel/random/boot_id", 64);  // a UUID
  return text ? *text : std::string("unknown");
}

Result<Candidate> make_candidate(std::string manifest_bytes, const std::string& manifest_type, std::string config_bytes,
                                 const oci::Platform& host) {
  const oci::Document manifest = TRY_CTX(oci::parse_document(manifest_bytes, manifest_type), "manifest");
  if (manifest.is_index) return fail(Code::kInvalidArgument, "manifest: an index stands where a manifest should");
  if (manifest.config.size != config_bytes.size()) {
    return fail(Code::kDataLoss, "configuration: size is " + std::to_string(config_bytes.size()) + " bytes, expected " +
                                     std::to_string(manifest.config.size));
  }
  if (const std::string got = digest_of(config_bytes); got != manifest.config.digest) {
    return fail(Code::kDataLoss, "configuration: digest is " + got + ", expected " + manifest.config.digest);
  }
  const oci::Config config = TRY_CTX(oci::parse_config(config_bytes), "configuration");
  TRY(oci::check_platform(config, host));
  if (config.diff_ids.size() != manifest.layers.size()) {
    return fail(Code::kInvalidArgument, "the manifest has " + std::to_string(manifest.layers.size()) +
                                            " layers, the configuration " + std::to_string(config.diff_ids.size()));
  }
  Candidate out;
  out.record.id = manifest.config.digest;
  out.record.manifest = digest_of(manifest_bytes);
  out.record.manifest_type = manifest.media_type;
  for (size_t i = 0; i < manifest.layers.size(); ++i) {
    const oci::Descriptor& layer = manifest.layers[i];
    out.record.layers.push_back({layer.digest, layer.size, layer.media_type, config.diff_ids[i]});
  }
  out.manifest = std::move(manifest_bytes);
  out.config = std::move(config_bytes);
  return out;
}

}  // namespace appliance::runtime::image
