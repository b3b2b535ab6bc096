// The image `appliance/demo`: the program's own binary in one layer, made without a network in a few tens of
// milliseconds, because it stands on the way of the first start. Deterministic: the same binary gives the same digests.
//
// The layer's tar is hashed but not stored; write_demo_tar() makes it again from the binary when the image is exported.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/tar/tar.h"
#include "runtime/image/records.h"

namespace appliance::runtime::image {

inline constexpr std::string_view kDemoBinary = "appliance";  // its path in the layer

struct DemoDocuments {
  std::string diff_id;
  uint64_t tar_bytes = 0;
  std::string config;
  std::string manifest;
  Record record;  // without tags
};

Result<> write_demo_tar(std::string_view binary, base::compress::Sink& sink);
Result<DemoDocuments> describe_demo(std::string_view binary, const oci::Platform& platform);
// The layer as EROFS image into an empty file.
Result<> write_demo_image(std::string_view binary, int fd);

}  // namespace appliance::runtime::image
