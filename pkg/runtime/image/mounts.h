// Which layers are mounted, and for whom.
//
//   <run>/<hex of the diff_id>/    mount point
//   <run>/users/<user>             the diff_ids that a user holds, one per line, topmost first; written before mounting
//
// The files survive the server and vanish, like the mounts, with a reboot. Blocking, thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace appliance::runtime::image {

class LayerMounts {
 public:
  // `image_path` gives the file of a diff_id.
  LayerMounts(std::string run_dir, std::function<std::string(const std::string&)> image_path, base::Log log);
  Result<> open();  // reads users and mounts that are there
  // Mount points in the given order. A user who holds layers already must ask for the same ones.
  Result<std::vector<std::string>> acquire(const std::vector<std::string>& diff_ids, const std::string& user);
  void release(const std::string& user);
  void reconcile(const std::set<std::string>& live);
  [[nodiscard]] std::set<std::string> held() const;  // diff_ids

 private:
  Result<> mount_one(const std::string& diff_id);
  Result<> write_user(const std::string& user, const std::string& text) const;
  void unmount_unused();
  [[nodiscard]] std::string point(const std::string& diff_id) const;
  [[nodiscard]] std::string user_file(const std::string& user) const;
  [[nodiscard]] std::set<std::string> held_locked() const;

  std::string run_dir_;
  std::function<std::string(const std::string&)> image_path_;
  base::Log log_;
  mutable std::mutex mutex_;  // held over mount(2): 50 µs each
  std::map<std::string, std::vector<std::string>> users_;
  std::set<std::string> mounted_;  // diff_ids
};

}  // namespace appliance::runtime::image
