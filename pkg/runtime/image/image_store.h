// ImageStore: pulls, imports and keeps OCI images; hands out their layers as mounted read-only directories.
//
// A layer is one EROFS image file (content-addressed, digest and size checked before anything is visible), mounted from
// the file itself, or through a loop device on kernels older than 6.12. Nothing on the host ever resolves a path of an
// archive. Blocking: call from pool threads. Thread-safe. Errors keep the chain: `pull nginx: GET blobs/sha256:..:
// 401`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace appliance::runtime::image {

// What the kubelet needs of an image's configuration (image-spec "config").
struct ImageConfig {
  std::string user;              // "", "uid", "uid:gid", "name", "name:group"
  std::vector<std::string> env;  // "K=V"
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string working_dir;
  std::string stop_signal;  // "", "SIGQUIT", "3"
  std::map<std::string, std::string> labels;
  std::vector<std::string> exposed_ports;
  std::vector<std::string> volumes;
};

struct Image {
  std::string id;                          // sha256:… of the config
  std::vector<std::string> repo_tags;      // normalized: docker.io/library/nginx:1.25
  std::vector<std::string> repo_digests;   // name@sha256:… of the manifest
  uint64_t size_bytes = 0;                 // of the compressed layers and the config
  std::vector<std::string> layer_digests;  // diff_ids, base layer first
  std::string architecture;
  std::string os;
  base::WallTime created{};
  ImageConfig config;
};

struct RegistryAuth {
  std::string username;
  std::string password;
  std::string identity_token;
};

struct Progress {
  std::string what;  // "layer 2/5 sha256:abcd…"
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
};

struct PullOptions {
  std::vector<RegistryAuth> auths;  // tried in order; none = anonymous
  std::function<void(const Progress&)> progress;
  std::chrono::seconds deadline{600};
};

struct StoreOptions {
  std::string data_dir;                                     // <data-dir>/images
  std::string run_dir;                                      // <run-dir>/layers: mount points
  std::map<std::string, std::vector<std::string>> mirrors;  // registry host -> base URLs tried first
  std::string ca_pem;                                       // extra trust for registries; empty = the system's bundle
  uint64_t image_bytes_max = 20ULL << 30U;
  std::chrono::milliseconds registry_stall_timeout{30'000};  // a registry that sends no byte for so long is tried again
  base::Log log;
};

class ImageStore {
 public:
  virtual ~ImageStore() = default;
  static Result<std::unique_ptr<ImageStore>> open(StoreOptions options);

  virtual Result<Image> pull(const std::string& reference, const PullOptions& options) = 0;
  virtual Result<Image> find(const std::string& reference_or_id) = 0;  // kNotFound
  virtual Result<std::vector<Image>> list() = 0;
  virtual Result<> remove(const std::string& reference_or_id) = 0;  // untags; the last tag removes layers nobody uses
  // OCI image layout or docker-save archive (tar, optionally gzip or zstd). `tag` names an archive's only image in
  // place of its own name.
  virtual Result<std::vector<Image>> import(const std::string& archive_path, const std::string& tag) = 0;
  virtual Result<> export_archive(const std::string& reference, const std::string& archive_path) = 0;
  // The image of the binary itself: one layer with /appliance, entrypoint ["/appliance","demo-server"]. Deterministic.
  virtual Result<Image> make_demo(const std::string& binary_path, const std::string& reference) = 0;

  // Mounts what is not mounted yet and returns directories for overlay's lowerdir, topmost layer first. A layer stays
  // mounted until release(); users are named by container id, so that a restarted server can say who still uses what.
  virtual Result<std::vector<std::string>> acquire_layers(const std::string& image_id, const std::string& user) = 0;
  virtual void release_layers(const std::string& user) = 0;
  // After a restart: everything acquired by users not in `live` is released, and mounts nobody uses are undone.
  virtual void reconcile(const std::vector<std::string>& live) = 0;
};

// "nginx" -> docker.io/library/nginx:latest; keeps digests. kInvalidArgument names what is wrong.
struct Reference {
  std::string registry;    // docker.io, 127.0.0.1:5000
  std::string repository;  // library/nginx
  std::string tag;         // "" when only a digest
  std::string digest;      // "" or sha256:…
  [[nodiscard]] std::string name() const { return registry + '/' + repository; }
  [[nodiscard]] std::string string() const;
};
Result<Reference> parse_reference(const std::string& text);

}  // namespace appliance::runtime::image
