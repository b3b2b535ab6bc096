#include "runtime/cri/fake_image_store.h"

#include <algorithm>

namespace appliance::runtime::cri {

bool FakeImageStore::matches(const Entry& entry, const std::string& reference) {
  const auto& image = entry.image;
  if (image.id == reference) return true;
  const auto named = [&](const std::string& name) {
    return name == reference || name == "docker.io/library/" + reference || name == reference + ":latest" ||
           name == "docker.io/library/" + reference + ":latest" || name == "docker.io/" + reference ||
           name == "docker.io/" + reference + ":latest";
  };
  return std::ranges::any_of(image.repo_tags, named) || std::ranges::any_of(image.repo_digests, named);
}

void FakeImageStore::add_remote(image::Image image, std::vector<std::string> layers) {
  const std::scoped_lock lock(mutex_);
  for (const auto& tag : image.repo_tags) pull_errors_.erase(tag);
  remote_.push_back({std::move(image), std::move(layers)});
}

void FakeImageStore::add_local(image::Image image, std::vector<std::string> layers) {
  const std::scoped_lock lock(mutex_);
  local_.push_back({std::move(image), std::move(layers)});
}

void FakeImageStore::fail_pull(const std::string& reference, Error error) {
  const std::scoped_lock lock(mutex_);
  pull_errors_[reference] = std::move(error);
}

std::set<std::string> FakeImageStore::layer_users() const {
  const std::scoped_lock lock(mutex_);
  return users_;
}

Result<image::Image> FakeImageStore::pull(const std::string& reference, const image::PullOptions&) {
  const std::scoped_lock lock(mutex_);
  if (const auto it = pull_errors_.find(reference); it != pull_errors_.end()) return fail(it->second);
  for (const auto& entry : remote_) {
    if (!matches(entry, reference)) continue;
    std::erase_if(local_, [&](const Entry& old) { return old.image.id == entry.image.id; });
    local_.push_back(entry);
    return entry.image;
  }
  for (const auto& entry : local_) {
    if (matches(entry, reference)) return entry.image;
  }
  return fail(Code::kNotFound, "pull " + reference + ": manifest unknown");
}

Result<image::Image> FakeImageStore::find(const std::string& reference_or_id) {
  const std::scoped_lock lock(mutex_);
  for (const auto& entry : local_) {
    if (matches(entry, reference_or_id)) return entry.image;
  }
  return fail(Code::kNotFound, "no such image: " + reference_or_id);
}

Result<std::vector<image::Image>> FakeImageStore::list() {
  const std::scoped_lock lock(mutex_);
  std::vector<image::Image> out;
  for (const auto& entry : local_) out.push_back(entry.image);
  return out;
}

Result<> FakeImageStore::remove(const std::string& reference_or_id) {
  const std::scoped_lock lock(mutex_);
  if (std::erase_if(local_, [&](const Entry& entry) { return matches(entry, reference_or_id); }) == 0) {
    return fail(Code::kNotFound, "no such image: " + reference_or_id);
  }
  return {};
}

Result<std::vector<image::Image>> FakeImageStore::import(const std::string& archive_path, const std::string&) {
  return fail(Code::kUnimplemented, "import " + archive_path + ": the fake has no archives");
}

Result<> FakeImageStore::export_archive(const std::string& reference, const std::string&) {
  return fail(Code::kUnimplemented, "export " + reference + ": the fake has no archives");
}

Result<image::Image> FakeImageStore::make_demo(const std::string& binary_path, const std::string& reference) {
  image::Image image;
  image.id = "sha256:demo";
  image.repo_tags = {reference};
  image.config.entrypoint = {"/appliance", "demo-server"};
  add_local(image, {binary_path});
  return image;
}

Result<std::vector<std::string>> FakeImageStore::acquire_layers(const std::string& image_id, const std::string& user) {
  const std::scoped_lock lock(mutex_);
  for (const auto& entry : local_) {
    if (entry.image.id != image_id) continue;
    users_.insert(user);
    return entry.layers;
  }
  return fail(Code::kNotFound, "no such image: " + image_id);
}

void FakeImageStore::release_layers(const std::string& user) {
  const std::scoped_lock lock(mutex_);
  users_.erase(user);
}

void FakeImageStore::reconcile(const std::vector<std::string>& live) {
  const std::scoped_lock lock(mutex_);
  users_ = {live.begin(), live.end()};
}

}  // namespace appliance::runtime::cri
