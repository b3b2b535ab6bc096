// fuzz: sources=pkg/runtime/oci/digest.cc pkg/runtime/oci/image_spec.cc pkg/base/json/json.cc pkg/base/strings.cc
// fuzz: sources=pkg/base/error.cc pkg/base/check.cc
// fuzz: libs=boost_json
// Any bytes as a manifest, an index, a configuration and a reference. What must hold, beside not crashing: what is
// accepted has valid digests and sizes within the limits, and a reference's text gives the same reference again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runtime/oci/digest.h"
#include "runtime/oci/image_spec.h"

namespace {

using namespace appliance::runtime::oci;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Descriptor& descriptor) {
  require(valid_digest(descriptor.digest) && descriptor.size <= kBlobBytesMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto document = parse_document(text)) {
    for (const Descriptor& each : document->layers) check(each);
    for (const Descriptor& each : document->manifests) check(each);
    require(document->layers.size() <= kLayersMax && document->manifests.size() <= kManifestsMax);
    if (document->is_index) {
      (void)select_platform(document->manifests, platform_of("x86_64"));
    } else {
      check(document->config);
    }
  }
  if (const auto config = parse_config(text)) {
    for (const std::string& each : config->diff_ids) require(valid_digest(each));
    for (const std::string& each : config->env) require(each.find('\0') == std::string::npos);
  }
  if (const auto reference = parse_reference(text)) {
    const auto again = parse_reference(to_string(*reference));
    require(again && to_string(*again) == to_string(*reference));
    require(!reference->repository.empty() && reference->repository.find("..") == std::string::npos);
  }
  return 0;
}
