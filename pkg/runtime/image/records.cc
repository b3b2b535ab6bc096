#include "runtime/image/records.h"

#include <algorithm>

#include "base/fs.h"
#include "base/json/json.h"
#include "runtime/oci/digest.h"

namespace appliance::runtime::image {

namespace {

constexpr int64_t kVersion = 1;
constexpr size_t kIndexBytesMax = 64U << 20U;  // 10,000 images of 30 layers are 60 MB

json::Array texts(const std::vector<std::string>& list) {
  json::Array out;
  for (const std::string& text : list) out.emplace_back(text);
  return out;
}

std::vector<std::string> read_texts(const json::Value& value, std::string_view key) {
  std::vector<std::string> out;
  for (const json::Value& item : json::array_at(value, {key})) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

json::Value to_json(const Record& record) {
  json::Array layers;
  for (const LayerRecord& layer : record.layers) {
    layers.push_back(json::Object{
        {"digest", layer.digest}, {"size", layer.size}, {"mediaType", layer.media_type}, {"diffId", layer.diff_id}});
  }
  json::Object out{{"id", record.id},
                   {"manifest", record.manifest},
                   {"manifestType", record.manifest_type},
                   {"tags", texts(record.tags)},
                   {"digests", texts(record.digests)},
                   {"layers", std::move(layers)}};
  if (record.demo) out["demo"] = true;
  if (!record.unsynced_boot.empty()) out["unsyncedBoot"] = record.unsynced_boot;
  return out;
}

Result<Record> from_json(const json::Value& value) {
  Record out;
  out.id = json::string_at(value, {"id"});
  out.manifest = json::string_at(value, {"manifest"});
  out.manifest_type = json::string_at(value, {"manifestType"});
  out.tags = read_texts(value, "tags");
  out.digests = read_texts(value, "digests");
  out.demo = json::bool_at(value, {"demo"});
  out.unsynced_boot = json::string_at(value, {"unsyncedBoot"});
  bool valid = oci::valid_digest(out.id) && oci::valid_digest(out.manifest);
  for (const json::Value& item : json::array_at(value, {"layers"})) {
    LayerRecord layer;
    layer.digest = json::string_at(item, {"digest"});
    layer.size = static_cast<uint64_t>(std::max<int64_t>(json::int_at(item, {"size"}), 0));
    layer.media_type = json::string_at(item, {"mediaType"});
    layer.diff_id = json::string_at(item, {"diffId"});
    valid = valid && oci::valid_digest(layer.digest) && oci::valid_digest(layer.diff_id);
    out.layers.push_back(std::move(layer));
  }
  if (!valid) return fail(Code::kDataLoss, "an image has no valid digests");
  return out;
}

}  // namespace

std::string serialize_records(const std::vector<Record>& records) {
  json::Array images;
  for (const Record& record : records) images.push_back(to_json(record));
  return json::serialize(json::Object{{"version", kVersion}, {"images", std::move(images)}}) + '\n';
}

Result<std::vector<Record>> parse_records(std::string_view text) {
  const auto root = json::parse(text, {.depth_max = 16, .bytes_max = kIndexBytesMax});
  if (!root) return fail(Code::kDataLoss, root.error().message);
  const int64_t version = json::int_at(*root, {"version"});
  if (version < 1) return fail(Code::kDataLoss, "it has no version");
  if (version > kVersion) {
    return fail(Code::kFailedPrecondition,
                "its version is " + std::to_string(version) + ", this program knows up to " + std::to_string(kVersion));
  }
  std::vector<Record> out;
  for (const json::Value& item : json::array_at(*root, {"images"})) out.push_back(TRY(from_json(item)));
  return out;
}

Result<std::vector<Record>> load_records(const std::string& path) {
  const auto text = base::read_file(path, kIndexBytesMax);
  if (!text && text.error().errno_value == ENOENT) return std::vector<Record>{};
  if (!text) return fail(text.error());
  auto records = parse_records(*text);
  if (records) return records;
  const std::string remedy = records.error().code == Code::kFailedPrecondition
                                 ? "run the newer program, or move the file away and pull the images again"
                                 : "move the file away; images are pulled or imported again when they are needed";
  return fail(records.error().wrap("image index " + path).with_hint(remedy));
}

Result<> save_records(const std::string& path, const std::vector<Record>& records) {
  return base::write_file_atomic(path, serialize_records(records), 0600);
}

Image make_image(const Record& record, const oci::Config& config, uint64_t config_bytes) {
  Image out;
  out.id = record.id;
  out.repo_tags = record.tags;
  out.repo_digests = record.digests;
  out.size_bytes = config_bytes;
  for (const LayerRecord& layer : record.layers) {
    out.size_bytes += layer.size;
    out.layer_digests.push_back(layer.diff_id);
  }
  out.architecture = config.platform.architecture;
  out.os = config.platform.os;
  if (const auto created = base::parse_rfc3339(config.created)) out.created = *created;
  out.config = {.user = config.user,
                .env = config.env,
                .entrypoint = config.entrypoint,
                .cmd = config.cmd,
                .working_dir = config.working_dir,
                .stop_signal = config.stop_signal,
                .labels = config.labels,
                .exposed_ports = config.exposed_ports,
                .volumes = config.volumes};
  return out;
}

}  // namespace appliance::runtime::image
