#include "orchestrator/kubelet/atomic_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "base/fd.h"
#include "base/fs.h"

namespace appliance::orchestrator::kubelet {
namespace {

std::string timed_name(base::WallTime now) {
  std::string stamp = base::format_rfc3339_nano(now);
  for (char& c : stamp)
    if (c == '-' || c == 'T' || c == ':') c = '_';
  if (!stamp.empty() && stamp.back() == 'Z') stamp.pop_back();
  return ".." + stamp;
}

std::string read_link(const std::string& path) {
  char buffer[4096];
  const auto n = ::readlink(path.c_str(), buffer, sizeof buffer);
  return n < 0 ? std::string() : std::string(buffer, static_cast<size_t>(n));
}

std::string top(const std::string& path) { return path.substr(0, path.find('/')); }

Result<> write_one(const std::string& path, const ProjectedFile& file, std::optional<int64_t> group) {
  base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno("open " + path);
  size_t done = 0;
  while (done < file.bytes.size()) {
    const auto n = ::write(fd.get(), file.bytes.data() + done, file.bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write " + path);
    done += static_cast<size_t>(n);
  }
  if (group && ::fchown(fd.get(), static_cast<uid_t>(-1), static_cast<gid_t>(*group)) != 0)
    return fail_errno("chown " + path);
  const unsigned mode = group ? file.mode | ((file.mode & 0400U) >> 3U) : file.mode;  // the group can read it
  if (::fchmod(fd.get(), mode) != 0) return fail_errno("chmod " + path);
  return {};
}

bool same_content(const std::string& dir, const FileSet& files) {
  const std::string data = read_link(dir + "/..data");
  if (data.empty()) return false;
  size_t found = 0;
  for (const auto& [path, file] : files) {
    const auto bytes = base::read_file(dir + '/' + data + '/' + path);
    if (!bytes || *bytes != file.bytes) return false;
    ++found;
  }
  // Names that are no more: count what is linked at the top.
  std::set<std::string> tops;
  for (const auto& [path, file] : files) tops.insert(top(path));
  std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(dir.c_str()), ::closedir);
  if (!listing) return false;
  while (const auto* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with("..") && name != "." && !tops.contains(std::string(name))) return false;
  }
  return found == files.size();
}

Result<> link_names(const std::string& dir, const FileSet& files) {
  std::set<std::string> tops;
  for (const auto& [path, file] : files) tops.insert(top(path));
  for (const auto& name : tops) {
    const std::string link = dir + '/' + name;
    if (read_link(link) == "..data/" + name) continue;
    (void)::unlink(link.c_str());
    if (::symlink(("..data/" + name).c_str(), link.c_str()) != 0) return fail_errno("symlink " + link);
  }
  return {};
}

void drop_old(const std::string& dir, const FileSet& files, const std::string& keep) {
  std::set<std::string> tops;
  for (const auto& [path, file] : files) tops.insert(top(path));
  std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(dir.c_str()), ::closedir);
  if (!listing) return;
  while (const auto* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || name == "..data" || name == keep || tops.contains(name)) continue;
    if (name.starts_with(".."))
      (void)base::remove_tree(dir + '/' + name);  // left-overs are tried again at the next change
    else if (read_link(dir + '/' + name).starts_with("..data/"))
      (void)::unlink((dir + '/' + name).c_str());
  }
}

}  // namespace

Result<bool> write_atomic_dir(const std::string& dir, const FileSet& files, std::optional<int64_t> group,
                              base::WallTime now) {
  TRY(base::make_dirs(dir, 0755));
  if (same_content(dir, files)) return false;
  std::string name = timed_name(now);
  for (int i = 0; ::access((dir + '/' + name).c_str(), F_OK) == 0 && i < 100; ++i) name += "_";
  const std::string fresh = dir + '/' + name;
  if (::mkdir(fresh.c_str(), 0755) != 0) return fail_errno("mkdir " + fresh);
  for (const auto& [path, file] : files) {
    if (const auto slash = path.rfind('/'); slash != std::string::npos)
      TRY(base::make_dirs(fresh + '/' + path.substr(0, slash), 0755));
    TRY(write_one(fresh + '/' + path, file, group));
  }
  const std::string temporary = dir + "/..data_tmp";
  (void)::unlink(temporary.c_str());  // of an interrupted write
  if (::symlink(name.c_str(), temporary.c_str()) != 0) return fail_errno("symlink " + temporary);
  if (::rename(temporary.c_str(), (dir + "/..data").c_str()) != 0) return fail_errno("rename " + temporary);
  TRY(link_names(dir, files));
  drop_old(dir, files, name);
  return true;
}

}  // namespace appliance::orchestrator::kubelet
