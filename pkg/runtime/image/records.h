// What the store knows of its images, kept in one JSON file that is replaced atomically.
//
//   <data>/index.json  {"version": 1, "images": [{"id", "manifest", "manifestType", "tags", "digests",
//                       "layers": [{"digest", "size", "mediaType", "diffId"}], "demo", "unsyncedBoot"}]}
//
// A version above ours is refused (kFailedPrecondition), an unreadable file too (kDataLoss): images can be pulled
// again, so the remedy is to move the file away. Unknown fields of our version are dropped. Pure apart from load() and
// save().
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/image/image_store.h"
#include "runtime/oci/image_spec.h"

namespace appliance::runtime::image {

struct LayerRecord {
  std::string digest;  // of the blob as it was distributed
  uint64_t size = 0;
  std::string media_type;
  std::string diff_id;  // of the plain tar; names the EROFS image
};

struct Record {
  std::string id;        // digest of the configuration
  std::string manifest;  // digest of the manifest
  std::string manifest_type;
  std::vector<std::string> tags;     // docker.io/library/nginx:1.25
  std::vector<std::string> digests;  // docker.io/library/nginx@sha256:…
  std::vector<LayerRecord> layers;   // base first
  bool demo = false;                 // the layer's blob is not kept: it can be made from its EROFS image
  std::string unsynced_boot;         // boot id while the demo's files are not synced yet; "" when they are
};

inline bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

Result<std::vector<Record>> load_records(const std::string& path);  // an absent file is an empty store
Result<> save_records(const std::string& path, const std::vector<Record>& records);
std::string serialize_records(const std::vector<Record>& records);
Result<std::vector<Record>> parse_records(std::string_view text);

Image make_image(const Record& record, const oci::Config& config, uint64_t config_bytes);

}  // namespace appliance::runtime::image
