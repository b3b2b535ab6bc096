#include "runtime/image/demo.h"

#include <vector>

#include "base/crypto/sha256.h"
#include "base/json/json.h"
#include "runtime/snapshot/erofs.h"

namespace appliance::runtime::image {

namespace {

using base::tar::Entry;
using base::tar::Type;

struct Item {
  Entry entry;
  std::string_view data;
};

Item folder(std::string path, uint32_t mode) {
  Item out;
  out.entry.type = Type::kDirectory;
  out.entry.path = std::move(path);
  out.entry.mode = mode;
  return out;
}

Item file(std::string path, uint32_t mode, std::string_view data) {
  Item out;
  out.entry.path = std::move(path);
  out.entry.mode = mode;
  out.entry.size = data.size();
  out.data = data;
  return out;
}

// Everything in the layer, with times of 0 so that only the binary decides the digest.
std::vector<Item> items(std::string_view binary) {
  return {
      folder("dev", 0755),
      folder("etc", 0755),
      file("etc/group", 0644, "root:x:0:\nnogroup:x:65534:\n"),
      file("etc/passwd", 0644, "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"),
      folder("proc", 0755),
      folder("root", 0700),
      folder("sys", 0755),
      folder("tmp", 01777),
      file(std::string(kDemoBinary), 0755, binary)};
}

class HashSink final : public base::compress::Sink {
 public:
  Result<> write(std::string_view bytes) override {
    hash_.update(bytes);
    size_ += bytes.size();
    return {};
  }
  std::string digest() { return "sha256:" + hash_.hex(); }
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  crypto::Sha256 hash_;
  uint64_t size_ = 0;
};

std::string digest_of(std::string_view bytes) { return "sha256:" + crypto::sha256_hex(bytes); }

std::string demo_config(const oci::Platform& platform, const std::string& diff_id) {
  const json::Object config{{"User", "65534:65534"},
                            {"ExposedPorts", json::Object{{"8080/tcp", json::Object{}}}},
                            {"Env", json::Array{"PATH=/"}},
                            {"Entrypoint", json::Array{"/appliance", "demo-server"}},
                            {"WorkingDir", "/"},
                            {"Labels", json::Object{{"org.opencontainers.image.title", "appliance/demo"}}}};
  return json::serialize(
      json::Object{{"created", "1970-01-01T00:00:00Z"},
                   {"architecture", platform.architecture},
                   {"os", platform.os},
                   {"config", config},
                   {"rootfs", json::Object{{"type", "layers"}, {"diff_ids", json::Array{json::Value(diff_id)}}}}});
}

}  // namespace

Result<> write_demo_tar(std::string_view binary, base::compress::Sink& sink) {
  base::tar::Writer writer(sink);
  for (const Item& item : items(binary)) {
    TRY(writer.header(item.entry));
    TRY(writer.data(item.data));
  }
  return writer.finish();
}

Result<DemoDocuments> describe_demo(std::string_view binary, const oci::Platform& platform) {
  HashSink hash;
  TRY(write_demo_tar(binary, hash));
  DemoDocuments out;
  out.diff_id = hash.digest();
  out.tar_bytes = hash.size();
  out.config = demo_config(platform, out.diff_id);
  const json::Object layer{{"mediaType", oci::media::kOciLayer}, {"digest", out.diff_id}, {"size", out.tar_bytes}};
  out.record.id = digest_of(out.config);
  out.manifest = json::serialize(json::Object{
      {"schemaVersion", 2},
      {"mediaType", oci::media::kOciManifest},
      {"config",
       json::Object{{"mediaType", oci::media::kOciConfig}, {"digest", out.record.id}, {"size", out.config.size()}}},
      {"layers", json::Array{json::Value(layer)}}});
  out.record.manifest = digest_of(out.manifest);
  out.record.manifest_type = oci::media::kOciManifest;
  out.record.layers = {{out.diff_id, out.tar_bytes, std::string(oci::media::kOciLayer), out.diff_id}};
  out.record.demo = true;
  return out;
}

Result<> write_demo_image(std::string_view binary, int fd) {
  snapshot::Tree tree;
  snapshot::ErofsWriter writer(fd);
  for (const Item& item : items(binary)) {
    const uint32_t number = TRY(tree.add(item.entry));
    if (item.data.empty()) continue;
    tree.inode(number).data_block = TRY(writer.begin_file());
    TRY(writer.data(item.data));
  }
  TRY(writer.finish(tree));
  return {};
}

}  // namespace appliance::runtime::image
