#include "runtime/image/store.h"

#include <algorithm>

#include "base/fs.h"
#include "runtime/oci/digest.h"

namespace appliance::runtime::image {

namespace {

std::string index_path(const StoreOptions& options) { return options.data_dir + "/index.json"; }

void add_missing(std::vector<std::string>& list, const std::vector<std::string>& more) {
  for (const std::string& each : more) {
    if (!contains(list, each)) list.push_back(each);
  }
}

}  // namespace

Result<std::unique_ptr<ImageStore>> ImageStore::open(StoreOptions options) {
  auto content = TRY_CTX(content::ContentStore::open(options.data_dir), "image store");
  auto layers = TRY_CTX(LayerStore::open(options.data_dir, content.tmp_dir()), "image store");
  auto store = std::make_unique<Store>(std::move(options), std::move(content), std::move(layers));
  TRY(store->load());
  return store;
}

Store::Store(StoreOptions options, content::ContentStore content, LayerStore layers)
    : options_(std::move(options)),
      content_(std::move(content)),
      layers_(std::move(layers)),
      mounts_(options_.run_dir, [this](const std::string& diff_id) { return layers_.path(diff_id); }, options_.log) {}

Store::~Store() {
  const std::scoped_lock lock(sync_mutex_);
  if (sync_thread_.joinable()) sync_thread_.join();
}

Result<Store::Known> Store::load_one(const Record& record) const {
  const std::string config = TRY(content_.read(record.id, oci::kDocumentBytesMax));
  for (const LayerRecord& layer : record.layers) {
    if (!layers_.has(layer.diff_id)) return fail(Code::kDataLoss, "layer " + layer.diff_id + " is not there");
  }
  return Known{record, make_image(record, TRY(oci::parse_config(config)), config.size())};
}

Result<> Store::load() {
  TRY(mounts_.open());
  const std::string boot = boot_id();
  std::vector<std::string> unsynced;
  for (Record& record : TRY(load_records(index_path(options_)))) {
    // Files that were not synced are good as long as the kernel that holds them runs.
    if (!record.unsynced_boot.empty() && record.unsynced_boot != boot) {
      options_.log.info("the demo image is made again: the machine stopped before it was on disk", {{"id", record.id}});
      continue;
    }
    auto known = load_one(record);
    if (!known) {
      options_.log.error(
          "an image is damaged and was dropped: pull it again",
          {{"id", record.id}, {"tags", record.tags.empty() ? "" : record.tags.front()}, {"error", known.error()}});
      continue;
    }
    if (!record.unsynced_boot.empty()) unsynced.push_back(record.id);
    images_.emplace(record.id, std::move(*known));
  }
  collect();
  for (const std::string& id : unsynced) sync_later(id);
  return {};
}

Result<> Store::save_locked() const {
  std::vector<Record> records;
  for (const auto& [id, known] : images_) records.push_back(known.record);
  return save_records(index_path(options_), records);
}

// By id ("sha256:…", its hex, or 12 and more digits of it), by tag, or by name@digest.
const Store::Known* Store::find_locked(const std::string& text) const {
  if (const auto by_id = images_.find(text); by_id != images_.end()) return &by_id->second;
  if (const auto by_hex = images_.find("sha256:" + text); by_hex != images_.end()) return &by_hex->second;
  const auto reference = oci::parse_reference(text);
  if (reference) {
    const std::string name = reference->registry + '/' + reference->repository;
    const std::string digest = name + '@' + reference->digest;
    const std::string tag = name + ':' + reference->tag;
    for (const auto& [id, known] : images_) {
      if (!reference->digest.empty() ? contains(known.record.digests, digest) : contains(known.record.tags, tag)) {
        return &known;
      }
    }
  }
  const bool hex = text.size() >= 12 &&
                   std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!hex) return nullptr;
  const auto first = images_.lower_bound("sha256:" + text);
  if (first == images_.end() || !first->first.starts_with("sha256:" + text)) return nullptr;
  const auto second = std::next(first);
  return second != images_.end() && second->first.starts_with("sha256:" + text) ? nullptr : &first->second;
}

Result<Store::Known> Store::find_known(const std::string& reference_or_id) const {
  const std::scoped_lock lock(mutex_);
  const Known* known = find_locked(reference_or_id);
  if (known == nullptr) return fail(Code::kNotFound, "image " + reference_or_id + " is not here");
  return *known;
}

Result<Image> Store::find(const std::string& reference_or_id) { return TRY(find_known(reference_or_id)).image; }

Result<std::vector<Image>> Store::list() {
  const std::scoped_lock lock(mutex_);
  std::vector<Image> out;
  for (const auto& [id, known] : images_) out.push_back(known.image);
  return out;
}

// A tag names one image: whoever had it loses it.
void Store::steal_tags_locked(const std::vector<std::string>& tags, const std::string& keeper) {
  for (auto& [id, known] : images_) {
    if (id == keeper) continue;
    std::erase_if(known.record.tags, [&](const std::string& tag) { return contains(tags, tag); });
    known.image.repo_tags = known.record.tags;
  }
  // The demo of an older binary is of no use; pods that run it keep its layer.
  garbage_ = std::erase_if(images_,
                           [&](const auto& each) {
                             return each.first != keeper && each.second.record.demo && each.second.record.tags.empty();
                           }) > 0 ||
             garbage_;
}

Result<Image> Store::record_image(Candidate candidate) {
  const std::scoped_lock lock(mutex_);
  const auto before = images_;
  Record& record = candidate.record;
  steal_tags_locked(record.tags, record.id);
  const auto known = images_.find(record.id);
  if (known != images_.end()) {
    Record& kept = known->second.record;
    add_missing(kept.tags, record.tags);
    add_missing(kept.digests, record.digests);
    known->second.image.repo_tags = kept.tags;
    known->second.image.repo_digests = kept.digests;
  } else {
    const oci::Config config = TRY(oci::parse_config(candidate.config));
    images_[record.id] = {record, make_image(record, config, candidate.config.size())};
  }
  if (const auto saved = save_locked(); !saved) {
    images_ = before;
    return fail(saved.error());
  }
  return images_.at(record.id).image;
}

Result<Image> Store::install(Candidate candidate) {
  for (const LayerRecord& layer : candidate.record.layers) {
    if (layers_.has(layer.diff_id)) continue;
    base::Fd blob = TRY(content_.open_blob(layer.digest));
    TRY(layers_.create(std::move(blob), layer.diff_id, options_.image_bytes_max));
  }
  if (!content_.has(candidate.record.id)) TRY(content_.put(candidate.record.id, candidate.config));
  if (!content_.has(candidate.record.manifest)) TRY(content_.put(candidate.record.manifest, candidate.manifest));
  return record_image(std::move(candidate));
}

Result<> Store::remove(const std::string& reference_or_id) {
  {
    const std::scoped_lock lock(mutex_);
    const Known* found = find_locked(reference_or_id);
    if (found == nullptr) return fail(Code::kNotFound, "image " + reference_or_id + " is not here");
    const auto before = images_;
    Known& known = images_.at(found->record.id);
    const auto reference = oci::parse_reference(reference_or_id);
    const std::string tag = reference ? reference->registry + '/' + reference->repository + ':' + reference->tag : "";
    const bool by_tag = reference && reference->digest.empty() && contains(known.record.tags, tag);
    if (by_tag && known.record.tags.size() > 1) {
      std::erase(known.record.tags, tag);
      known.image.repo_tags = known.record.tags;
    } else {
      images_.erase(known.record.id);
    }
    if (const auto saved = save_locked(); !saved) {
      images_ = before;
      return fail(saved.error());
    }
  }
  collect();
  return {};
}

void Store::collect() {
  const std::unique_lock lock(activity_, std::try_to_lock);
  if (lock.owns_lock())
    collect_now();
  else
    garbage_ = true;
}

void Store::collect_now() {
  std::set<std::string> blobs;
  std::set<std::string> layers;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, known] : images_) {
      blobs.insert({id, known.record.manifest});
      for (const LayerRecord& layer : known.record.layers) {
        blobs.insert(layer.digest);
        layers.insert(layer.diff_id);
      }
    }
  }
  const std::set<std::string> held = mounts_.held();
  garbage_ = !std::ranges::includes(layers, held);
  layers.insert(held.begin(), held.end());
  const auto sweep = [&](const auto& store, const std::set<std::string>& needed) -> Result<> {
    for (const std::string& digest : TRY(store.list())) {
      if (oci::valid_digest(digest) && !needed.contains(digest)) TRY(store.remove(digest));
    }
    return {};
  };
  for (const Result<>& done : {sweep(content_, blobs), sweep(layers_, layers)}) {
    if (!done) options_.log.warn("files of removed images stay", {{"error", done.error()}});
  }
}

Result<std::vector<std::string>> Store::acquire_layers(const std::string& image_id, const std::string& user) {
  // Shared: the layers must not be collected between the look-up and the mount.
  const std::shared_lock activity(activity_);
  std::vector<std::string> diff_ids = TRY(find_known(image_id)).image.layer_digests;
  std::ranges::reverse(diff_ids);
  // A layer that stands twice (an empty one, say) is stacked once: overlayfs refuses the same folder twice, and only
  // the upper matters.
  std::vector<std::string> unique;
  for (std::string& diff_id : diff_ids) {
    if (!contains(unique, diff_id)) unique.push_back(std::move(diff_id));
  }
  return mounts_.acquire(unique, user);
}

void Store::release_layers(const std::string& user) {
  mounts_.release(user);
  if (garbage_) collect();
}

void Store::reconcile(const std::vector<std::string>& live) {
  mounts_.reconcile({live.begin(), live.end()});
  collect();
}

}  // namespace appliance::runtime::image
