// The ImageStore over files: content (blobs), layers (EROFS), records (index) and mounts, put together.
//
// An image becomes visible in one step, the replacement of the index, after all of its files are checked and synced.
// What no record and no user needs is collected at open, after a removal and after a failed pull; never while another
// pull or import runs, because its files are not yet in a record.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <thread>

#include "runtime/content/content.h"
#include "runtime/image/image_store.h"
#include "runtime/image/layers.h"
#include "runtime/image/mounts.h"
#include "runtime/image/records.h"

namespace appliance::runtime::image {

// An image whose documents are checked and whose blobs are in the content store, on its way to a record.
struct Candidate {
  Record record;  // tags and digests are what is to be added
  std::string manifest;
  std::string config;
};

struct DemoDocuments;

// One pull that several callers wait for.
struct SharedPull {
  std::condition_variable done;
  std::optional<Result<Image>> result;  // under Store::pulls_mutex_
};

class Store final : public ImageStore {
 public:
  Store(StoreOptions options, content::ContentStore content, LayerStore layers);
  ~Store() override;
  Result<> load();

  Result<Image> pull(const std::string& reference, const PullOptions& options) override;
  Result<Image> find(const std::string& reference_or_id) override;
  Result<std::vector<Image>> list() override;
  Result<> remove(const std::string& reference_or_id) override;
  Result<std::vector<Image>> import(const std::string& archive_path, const std::string& tag) override;
  Result<> export_archive(const std::string& reference, const std::string& archive_path) override;
  Result<Image> make_demo(const std::string& binary_path, const std::string& reference) override;
  Result<std::vector<std::string>> acquire_layers(const std::string& image_id, const std::string& user) override;
  void release_layers(const std::string& user) override;
  void reconcile(const std::vector<std::string>& live) override;

 private:
  struct Known {
    Record record;
    Image image;
  };
  Result<Known> load_one(const Record& record) const;
  Result<Known> find_known(const std::string& reference_or_id) const;
  const Known* find_locked(const std::string& reference_or_id) const;
  Result<> save_locked() const;
  // Makes the layers' images, writes the documents, then the record. The caller holds activity_ shared.
  Result<Image> install(Candidate candidate);
  Result<Image> record_image(Candidate candidate);
  void steal_tags_locked(const std::vector<std::string>& tags, const std::string& keeper);
  void collect();  // removes what nobody needs, unless a pull or an import runs: then it does so at its end
  void collect_now();
  Result<Image> pull_alone(const std::string& reference, const PullOptions& options);
  Result<Image> make_demo_alone(const std::string& binary_path, const std::string& reference);
  Result<> write_demo(std::string_view binary, const DemoDocuments& documents) const;
  void sync_later(const std::string& id);
  Result<> rewrite_demo(const std::string& diff_id, base::compress::Sink& sink);

  const StoreOptions options_;
  const content::ContentStore content_;
  const LayerStore layers_;
  LayerMounts mounts_;
  mutable std::mutex mutex_;             // images_ and the index file
  std::map<std::string, Known> images_;  // by id
  std::shared_mutex activity_;           // shared: files that no record names yet are being made
  std::atomic<bool> garbage_{false};     // a collection was put off, or a user holds layers of a removed image
  std::mutex pulls_mutex_;
  std::map<std::string, std::shared_ptr<SharedPull>> pulls_;
  std::mutex sync_mutex_;
  std::thread sync_thread_;
};

// Reads an OCI layout or docker-save archive: its images with their blobs in the content store. archive_import.cc
Result<std::vector<Candidate>> read_archive(const std::string& archive_path, const std::string& tag,
                                            const content::ContentStore& content, const oci::Platform& host,
                                            uint64_t bytes_max);

// Writes an OCI layout archive of one image. archive_export.cc
struct ExportLayer {
  std::string digest;
  uint64_t size = 0;
  std::string path;  // of the blob; "" when `write` makes it
  std::function<Result<>(base::compress::Sink&)> write;
};
Result<> write_archive(const std::string& archive_path, const Record& record, std::string_view manifest,
                       std::string_view config, const std::vector<ExportLayer>& layers, const std::string& tag);

// Checks that documents fit together; the record's layers and id come from them.
Result<Candidate> make_candidate(std::string manifest_bytes, const std::string& manifest_type, std::string config_bytes,
                                 const oci::Platform& host);
oci::Platform host_platform();
std::string digest_of(std::string_view bytes);
std::string boot_id();

}  // namespace appliance::runtime::image
