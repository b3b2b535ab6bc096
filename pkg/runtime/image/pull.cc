// Pulling: documents first, then up to three layers at a time, each downloaded, checked and unpacked; the record last.
#include <algorithm>
#include <atomic>
#include <thread>

#include "runtime/image/store.h"
#include "runtime/registry/registry.h"

namespace appliance::runtime::image {

namespace {

constexpr size_t kLayersAtOnce = 3;                 // one downloads while two unpack on a small machine
constexpr uint64_t kProgressStepBytes = 1U << 20U;  // a callback per MiB, not per packet

registry::Options registry_options(const StoreOptions& options, const PullOptions& pull) {
  registry::Options out;
  out.mirrors = options.mirrors;
  out.ca_pem = options.ca_pem;
  out.stall_timeout = options.registry_stall_timeout;
  for (const RegistryAuth& auth : pull.auths)
    out.credentials.push_back({auth.username, auth.password, auth.identity_token});
  return out;
}

// The same reference with other secrets is another pull: who may not see an image must not get it by waiting for who
// may.
std::string share_key(const oci::Reference& reference, const PullOptions& options) {
  std::string key = oci::to_string(reference);
  for (const RegistryAuth& auth : options.auths) {
    key += '\n' + digest_of(auth.username + '\0' + auth.password + '\0' + auth.identity_token);
  }
  return key;
}

// The watchdog thread of one pull's deadline.
class Watch {
 public:
  explicit Watch(registry::Scope& scope) : scope_(scope), thread_([&scope] { scope.watch(); }) {}
  ~Watch() {
    scope_.finish();
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  registry::Scope& scope_;
  std::thread thread_;
};

// One attempt to pull from one endpoint.
class PullJob {
 public:
  PullJob(const oci::Reference& reference, registry::Endpoint& endpoint, registry::Scope& scope,
          const content::ContentStore& content, const LayerStore& layers, const PullOptions& options,
          uint64_t bytes_max)
      : reference_(reference),
        endpoint_(endpoint),
        scope_(scope),
        content_(content),
        layers_(layers),
        options_(options),
        bytes_max_(bytes_max) {}

  Result<Candidate> run() {
    Candidate candidate = TRY(fetch_documents());
    uint64_t total = 0;
    for (const LayerRecord& layer : candidate.record.layers) {
      if (layer.size > bytes_max_ - total) {
        return fail(Code::kResourceExhausted, "the image is larger than " + std::to_string(bytes_max_) + " bytes");
      }
      total += layer.size;
    }
    TRY(fetch_layers(candidate.record.layers));
    return candidate;
  }

 private:
  Result<Candidate> fetch_documents() {
    const std::string name = reference_.registry + '/' + reference_.repository;
    const registry::Fetched top =
        TRY(endpoint_.manifest(reference_.digest.empty() ? reference_.tag : reference_.digest));
    registry::Fetched manifest = top;
    oci::Document document = TRY_CTX(oci::parse_document(top.bytes, top.media_type), "manifest");
    if (document.is_index) {
      const oci::Descriptor chosen = TRY(oci::select_platform(document.manifests, host_platform()));
      manifest = TRY(endpoint_.manifest(chosen.digest));
      if (manifest.bytes.size() != chosen.size) {
        return fail(Code::kDataLoss, "manifest " + chosen.digest + ": size is " +
                                         std::to_string(manifest.bytes.size()) + " bytes, expected " +
                                         std::to_string(chosen.size) + " bytes");
      }
      document = TRY_CTX(oci::parse_document(manifest.bytes, manifest.media_type), "manifest");
      if (document.is_index) return fail(Code::kInvalidArgument, "an index names another index for this machine");
    }
    std::string config = content_.has(document.config.digest)
                             ? TRY(content_.read(document.config.digest, oci::kDocumentBytesMax))
                             : TRY(endpoint_.document(document.config));
    Candidate out = TRY(make_candidate(manifest.bytes, manifest.media_type, std::move(config), host_platform()));
    if (!reference_.tag.empty()) out.record.tags.push_back(name + ':' + reference_.tag);
    out.record.digests.push_back(name + '@' + top.digest);
    if (top.digest != manifest.digest) out.record.digests.push_back(name + '@' + manifest.digest);
    return out;
  }

  Result<> fetch_layers(const std::vector<LayerRecord>& all) {
    std::vector<std::pair<size_t, LayerRecord>> work;  // each blob once
    for (size_t i = 0; i < all.size(); ++i) {
      const bool known =
          std::ranges::any_of(work, [&](const auto& each) { return each.second.diff_id == all[i].diff_id; });
      if (!known) work.emplace_back(i + 1, all[i]);
    }
    std::atomic<size_t> next{0};
    std::mutex mutex;
    Result<> first_error;
    const auto worker = [&] {
      for (size_t i = next++; i < work.size(); i = next++) {
        const auto& [number, layer] = work[i];
        const std::string what =
            "layer " + std::to_string(number) + '/' + std::to_string(all.size()) + ' ' + layer.digest;
        if (auto done = fetch_layer(layer, what); !done) {
          {
            const std::scoped_lock lock(mutex);
            if (first_error) first_error = std::move(done);
          }
          next = work.size();
          scope_.cancel();
        }
      }
    };
    std::vector<std::thread> threads;
    for (size_t i = 1; i < std::min(kLayersAtOnce, work.size()); ++i) threads.emplace_back(worker);
    worker();
    for (std::thread& thread : threads) thread.join();
    return first_error;
  }

  Result<> fetch_layer(const LayerRecord& layer, const std::string& what) {
    if (!content_.has(layer.digest)) {
      auto writer = TRY(content_.begin(layer.digest, layer.size));
      oci::Descriptor blob;
      blob.digest = layer.digest;
      blob.size = layer.size;
      uint64_t reported = 0;
      TRY(endpoint_.blob(blob, [&](std::string_view piece) -> Result<> {
        TRY(writer.write(piece));
        if (writer.written() - reported >= kProgressStepBytes) report(what, reported = writer.written(), layer.size);
        return {};
      }));
      TRY_CTX(writer.commit(), "GET blobs/" + layer.digest);
    }
    if (!layers_.has(layer.diff_id)) {
      base::Fd blob = TRY(content_.open_blob(layer.digest));
      TRY(layers_.create(std::move(blob), layer.diff_id, bytes_max_));
    }
    report(what, layer.size, layer.size);
    return {};
  }

  void report(const std::string& what, uint64_t done, uint64_t total) {
    if (!options_.progress) return;
    const std::scoped_lock lock(progress_mutex_);  // callers are promised one call at a time
    options_.progress({.what = what, .bytes_done = done, .bytes_total = total});
  }

  const oci::Reference& reference_;
  registry::Endpoint& endpoint_;
  registry::Scope& scope_;
  const content::ContentStore& content_;
  const LayerStore& layers_;
  const PullOptions& options_;
  uint64_t bytes_max_;
  std::mutex progress_mutex_;
};

}  // namespace

Result<Image> Store::pull_alone(const std::string& reference, const PullOptions& options) {
  const oci::Reference parsed = TRY(oci::parse_reference(reference));
  const registry::Options registry_opts = registry_options(options_, options);
  const auto deadline = std::chrono::steady_clock::now() + options.deadline;
  base::SystemRandom random;
  Result<Image> result = fail(Code::kUnavailable, "no endpoint");
  for (const registry::Host& host : TRY(registry::endpoints_of(parsed, registry_opts))) {
    registry::Scope scope(deadline);
    const Watch watch(scope);
    registry::Endpoint endpoint(host, parsed.repository, registry_opts, scope, random);
    PullJob job(parsed, endpoint, scope, content_, layers_, options, options_.image_bytes_max);
    auto candidate = job.run();
    if (candidate) return install(std::move(*candidate));
    if (host.mirror)
      options_.log.warn("a mirror failed, the next one is tried",
                        {{"mirror", host.base_url}, {"error", candidate.error()}});
    result = fail(candidate.error());
  }
  return result;
}

Result<Image> Store::pull(const std::string& reference, const PullOptions& options) {
  const std::string what = "pull " + reference;
  const std::string key = share_key(TRY_CTX(oci::parse_reference(reference), "pull"), options);
  std::shared_ptr<SharedPull> shared;
  {
    std::unique_lock lock(pulls_mutex_);
    auto& slot = pulls_[key];
    if (slot != nullptr) {
      shared = slot;
      if (!shared->done.wait_for(lock, options.deadline, [&] { return shared->result.has_value(); })) {
        return fail(Code::kDeadlineExceeded, what + ": another pull of it is not done in time");
      }
      return *shared->result;
    }
    slot = shared = std::make_shared<SharedPull>();
  }
  auto result = [&] {
    const std::shared_lock activity(activity_);
    return pull_alone(reference, options);
  }();
  if (!result) result = fail(result.error().wrap(what));
  if (!result || garbage_) collect();
  const std::scoped_lock lock(pulls_mutex_);
  shared->result = result;
  shared->done.notify_all();
  pulls_.erase(key);
  return result;
}

}  // namespace appliance::runtime::image
