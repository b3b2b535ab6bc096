// FakeImageStore: an ImageStore in memory, for tests of what stands above it. "Remote" images become local when pulled;
// layers are directories that the test made.
//
//   auto images = std::make_unique<FakeImageStore>();
//   images->add_remote({.id = "sha256:aa", .repo_tags = {"docker.io/library/nginx:1"}, ...}, {layer_dir});
//
// Thread-safe. Does no I/O.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "runtime/image/image_store.h"

namespace appliance::runtime::cri {

class FakeImageStore final : public image::ImageStore {
 public:
  // `layers` is what acquire_layers answers, topmost first.
  void add_remote(image::Image image, std::vector<std::string> layers = {});
  void add_local(image::Image image, std::vector<std::string> layers = {});
  void fail_pull(const std::string& reference, Error error);  // until cleared by add_remote of the same reference
  [[nodiscard]] std::set<std::string> layer_users() const;    // who holds layers now

  Result<image::Image> pull(const std::string& reference, const image::PullOptions& options) override;
  Result<image::Image> find(const std::string& reference_or_id) override;
  Result<std::vector<image::Image>> list() override;
  Result<> remove(const std::string& reference_or_id) override;
  Result<std::vector<image::Image>> import(const std::string& archive_path, const std::string& tag) override;
  Result<> export_archive(const std::string& reference, const std::string& archive_path) override;
  Result<image::Image> make_demo(const std::string& binary_path, const std::string& reference) override;
  Result<std::vector<std::string>> acquire_layers(const std::string& image_id, const std::string& user) override;
  void release_layers(const std::string& user) override;
  void reconcile(const std::vector<std::string>& live) override;

 private:
  struct Entry {
    image::Image image;
    std::vector<std::string> layers;
  };
  static bool matches(const Entry& entry, const std::string& reference);

  mutable std::mutex mutex_;
  std::vector<Entry> remote_;
  std::vector<Entry> local_;
  std::map<std::string, Error> pull_errors_;
  std::set<std::string> users_;
};

}  // namespace appliance::runtime::cri
