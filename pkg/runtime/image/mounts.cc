#include "runtime/image/mounts.h"

#include <unistd.h>

#include <filesystem>

#include "base/compress/source.h"
#include "base/fs.h"
#include "base/strings.h"
#include "runtime/content/content.h"
#include "runtime/oci/digest.h"
#include "runtime/snapshot/mount.h"

namespace appliance::runtime::image {

namespace {
constexpr size_t kUserMax = 128;               // container ids have 64
constexpr size_t kUserFileBytesMax = 1 << 20;  // 500 layers of 72 bytes
}  // namespace

LayerMounts::LayerMounts(std::string run_dir, std::function<std::string(const std::string&)> image_path, base::Log log)
    : run_dir_(std::move(run_dir)), image_path_(std::move(image_path)), log_(std::move(log)) {}

std::string LayerMounts::point(const std::string& diff_id) const {
  return run_dir_ + '/' + std::string(oci::digest_hex(diff_id));
}

std::string LayerMounts::user_file(const std::string& user) const {
  return run_dir_ + "/users/u-" + base::percent_encode(user);  // u-: "." and ".." are names of their own
}

Result<> LayerMounts::open() {
  const std::scoped_lock lock(mutex_);
  TRY(base::make_dirs(run_dir_ + "/users", 0700));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run_dir_ + "/users", error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("u-")) continue;  // a temporary file of a crash; the next boot clears it
    const std::string text = TRY(base::read_file(entry.path().string(), kUserFileBytesMax));
    auto& layers = users_[base::percent_decode(std::string_view(name).substr(2))];
    for (const std::string_view line : base::split(text, '\n')) {
      if (oci::valid_digest(line)) layers.emplace_back(line);
    }
  }
  if (error) return fail(Code::kInternal, "list " + run_dir_ + "/users: " + error.message());
  for (const std::string& mount : TRY(snapshot::mounts_below(run_dir_))) {
    std::string diff_id = "sha256:" + std::filesystem::path(mount).filename().string();
    if (oci::valid_digest(diff_id)) mounted_.insert(std::move(diff_id));
  }
  return {};
}

Result<> LayerMounts::mount_one(const std::string& diff_id) {
  if (mounted_.contains(diff_id)) return {};
  TRY(base::make_dirs(point(diff_id), 0755));
  TRY(snapshot::mount_image(image_path_(diff_id), point(diff_id)));
  mounted_.insert(diff_id);
  return {};
}

// Atomic but not synced: mounts don't survive a reboot either.
Result<> LayerMounts::write_user(const std::string& user, const std::string& text) const {
  auto file = TRY(content::PendingFile::create(run_dir_ + "/users"));
  base::compress::FileSink sink(file.fd());
  TRY(sink.write(text));
  return file.keep(user_file(user), false);
}

Result<std::vector<std::string>> LayerMounts::acquire(const std::vector<std::string>& diff_ids,
                                                      const std::string& user) {
  if (user.empty() || user.size() > kUserMax)
    return fail(Code::kInvalidArgument, "the user of layers has no valid name");
  const std::scoped_lock lock(mutex_);
  const auto held = users_.find(user);
  if (held != users_.end() && held->second != diff_ids) {
    return fail(Code::kFailedPrecondition, user + " holds the layers of another image");
  }
  if (held == users_.end()) {
    TRY(write_user(user, base::join(diff_ids, "\n") + '\n'));
    users_[user] = diff_ids;
  }
  std::vector<std::string> out;
  for (const std::string& diff_id : diff_ids) {
    if (const auto mounted = mount_one(diff_id); !mounted) {
      users_.erase(user);
      (void)::unlink(user_file(user).c_str());  // reconcile() would drop it as well
      unmount_unused();
      return fail(mounted.error());
    }
    out.push_back(point(diff_id));
  }
  return out;
}

std::set<std::string> LayerMounts::held_locked() const {
  std::set<std::string> out;
  for (const auto& [user, layers] : users_) out.insert(layers.begin(), layers.end());
  return out;
}

std::set<std::string> LayerMounts::held() const {
  const std::scoped_lock lock(mutex_);
  return held_locked();
}

void LayerMounts::unmount_unused() {
  const std::set<std::string> needed = held_locked();
  for (auto each = mounted_.begin(); each != mounted_.end();) {
    if (needed.contains(*each)) {
      ++each;
      continue;
    }
    if (const auto done = snapshot::unmount(point(*each)); !done) {
      log_.warn("a layer stays mounted", {{"error", done.error()}});
      ++each;
      continue;
    }
    (void)::rmdir(point(*each).c_str());  // an empty folder that stays does no harm
    each = mounted_.erase(each);
  }
}

void LayerMounts::release(const std::string& user) {
  const std::scoped_lock lock(mutex_);
  if (users_.erase(user) == 0) return;
  (void)::unlink(user_file(user).c_str());  // reconcile() drops what stays
  unmount_unused();
}

void LayerMounts::reconcile(const std::set<std::string>& live) {
  const std::scoped_lock lock(mutex_);
  for (auto each = users_.begin(); each != users_.end();) {
    if (live.contains(each->first)) {
      ++each;
      continue;
    }
    (void)::unlink(user_file(each->first).c_str());
    each = users_.erase(each);
  }
  unmount_unused();
}

}  // namespace appliance::runtime::image
