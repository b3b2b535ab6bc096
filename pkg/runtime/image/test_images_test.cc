#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>

#include "base/fs.h"
#include "base/json/json.h"
#include "base/strings.h"
#include "base/tar/tar.h"
#include "runtime/image/store.h"
#include "runtime/image/test_images.h"
#include "runtime/oci/digest.h"
#include "runtime/snapshot/mount.h"

namespace appliance::runtime::image::test {

Scratch::Scratch() : dir_("/tmp/image-test-XXXXXX") { REQUIRE(::mkdtemp(dir_.data()) != nullptr); }

Scratch::~Scratch() {
  if (const auto mounts = snapshot::mounts_below(dir_)) {
    for (auto each = mounts->rbegin(); each != mounts->rend(); ++each) (void)snapshot::unmount(*each);
  }
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

void Scratch::write(const std::string& name, std::string_view bytes) const {
  REQUIRE(base::write_file(path(name), bytes));
}

StoreOptions Scratch::options(const std::string& name) const {
  StoreOptions out;
  out.data_dir = path(name);
  out.run_dir = path(name == "data" ? "run" : "run-" + name);
  return out;
}

std::unique_ptr<ImageStore> Scratch::open(const std::string& name) const {
  auto store = ImageStore::open(options(name));
  INFO((store ? "" : store.error().message));
  REQUIRE(store);
  return std::move(*store);
}

std::string tar_of(const Files& files) {
  base::compress::StringSink sink;
  base::tar::Writer writer(sink);
  for (const auto& [path, data] : files) {
    base::tar::Entry entry;
    entry.path = path;
    entry.size = data.size();
    if (path.ends_with('/')) entry.type = base::tar::Type::kDirectory;
    REQUIRE(writer.header(entry));
    REQUIRE(writer.data(data));
  }
  REQUIRE(writer.finish());
  return sink.text;
}

std::string layout(const std::vector<std::string>& blobs, const std::vector<std::string>& plain, const Lies& lies) {
  const auto descriptor = [](std::string_view type, const std::string& bytes, int error = 0) {
    return json::Object{
        {"mediaType", type}, {"digest", digest_of(bytes)}, {"size", static_cast<int64_t>(bytes.size()) + error}};
  };
  const auto blob = [](const std::string& bytes) {
    return std::pair("blobs/sha256/" + std::string(oci::digest_hex(digest_of(bytes))), bytes);
  };
  Files files{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};
  json::Array layers;
  json::Array diff_ids;
  for (const std::string& tar : plain) diff_ids.emplace_back(digest_of(tar));
  for (const std::string& bytes : blobs) {
    layers.push_back(descriptor(oci::media::kOciLayer, bytes, lies.layer_size_error));
    files.push_back(blob(bytes));
    if (lies.damage_layer) files.back().second[0] ^= 1;
  }
  const std::string architecture = lies.architecture.empty() ? host_platform().architecture : lies.architecture;
  const std::string config =
      json::serialize(json::Object{{"os", "linux"},
                                   {"architecture", architecture},
                                   {"config", json::Object{{"Cmd", json::Array{"/bin/true"}}}},
                                   {"rootfs", json::Object{{"type", "layers"}, {"diff_ids", diff_ids}}}});
  const std::string manifest = json::serialize(json::Object{{"schemaVersion", 2},
                                                            {"mediaType", oci::media::kOciManifest},
                                                            {"config", descriptor(oci::media::kOciConfig, config)},
                                                            {"layers", layers}});
  files.push_back(blob(config));
  files.push_back(blob(manifest));
  files.emplace_back("index.json",
                     json::serialize(json::Object{
                         {"schemaVersion", 2},
                         {"manifests", json::Array{json::Value(descriptor(oci::media::kOciManifest, manifest))}}}));
  return tar_of(files);
}

std::string run(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "re");
  REQUIRE(pipe != nullptr);
  std::string out;
  char piece[4096];
  while (const size_t n = std::fread(piece, 1, sizeof piece, pipe)) out.append(piece, n);
  const int status = ::pclose(pipe);
  INFO(command << "\n" << out);
  REQUIRE(status == 0);
  return out;
}

std::string overlay_listing(const Scratch& scratch, const std::vector<std::string>& lowers, const std::string& folder) {
  const std::string point = scratch.path("merged");
  std::filesystem::create_directories(point);
  const std::string options = "lowerdir=" + base::join(lowers, ":");
  REQUIRE(::mount("overlay", point.c_str(), "overlay", MS_RDONLY, options.c_str()) == 0);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(point + '/' + folder))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  REQUIRE(snapshot::unmount(point));
  return base::join(names, " ");
}

}  // namespace appliance::runtime::image::test
