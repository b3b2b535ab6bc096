#include "base/fault_fs.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace appliance::base {

struct FaultFs::Inode {
  std::string data;          // what programs see
  std::string durable;       // what is on disk for certain
  std::set<uint64_t> dirty;  // units of tear_bytes that differ
};

namespace {
std::string parent_of(const std::string& path) { return path.substr(0, std::max<size_t>(path.find_last_of('/'), 1)); }
}  // namespace

class FaultFile final : public File {
 public:
  FaultFile(FaultFs& fs, std::shared_ptr<FaultFs::Inode> inode, std::string path, bool write)
      : fs_(fs), inode_(std::move(inode)), path_(std::move(path)), write_(write), generation_(fs.generation_) {}

  Result<size_t> read_at(uint64_t offset, std::span<char> out) override {
    const std::lock_guard lock(fs_.mutex_);
    TRY(usable(false));
    if (offset >= inode_->data.size()) return size_t{0};
    const size_t n = std::min<size_t>(out.size(), inode_->data.size() - offset);
    std::memcpy(out.data(), inode_->data.data() + offset, n);
    return n;
  }

  Result<> write_at(uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(fs_.mutex_);
    TRY(usable(true));
    TRY(fs_.grow(path_, inode_->data.size(), std::max<uint64_t>(inode_->data.size(), offset + bytes.size())));
    const Result<> fault = fs_.change("write " + path_);
    // The write that the power cut met may have reached the disk in part; a failed one did nothing.
    if (fault || fs_.off_) put(offset, bytes);
    return fault;
  }

  Result<> sync() override {
    const std::lock_guard lock(fs_.mutex_);
    TRY(usable(true));
    TRY(fs_.change("fdatasync " + path_));
    if (fs_.options_.ignore_syncs) return {};
    inode_->durable.resize(inode_->data.size());
    for (const uint64_t unit : inode_->dirty) copy_unit(unit);
    inode_->dirty.clear();
    return {};
  }

  Result<> truncate(uint64_t size) override {
    const std::lock_guard lock(fs_.mutex_);
    TRY(usable(true));
    TRY(fs_.grow(path_, inode_->data.size(), size));
    TRY(fs_.change("truncate " + path_));
    resize(size);
    return {};
  }

  Result<> allocate(uint64_t size) override {
    const std::lock_guard lock(fs_.mutex_);
    TRY(usable(true));
    if (size <= inode_->data.size()) return {};
    TRY(fs_.grow(path_, inode_->data.size(), size));
    TRY(fs_.change("write " + path_));
    resize(size);
    return {};
  }

  Result<uint64_t> size() override {
    const std::lock_guard lock(fs_.mutex_);
    TRY(usable(false));
    return inode_->data.size();
  }

 private:
  Result<> usable(bool to_write) const {
    TRY(fs_.alive());
    if (generation_ != fs_.generation_) return fail_errno(path_ + ": opened before the power cut", EIO);
    if (to_write && !write_) return fail_errno("write " + path_, EBADF);
    return {};
  }
  void put(uint64_t offset, std::string_view bytes) {
    if (offset + bytes.size() > inode_->data.size()) resize(offset + bytes.size());
    std::memcpy(inode_->data.data() + offset, bytes.data(), bytes.size());
    mark(offset, offset + bytes.size());
  }
  void resize(uint64_t size) {
    const uint64_t old = inode_->data.size();
    inode_->data.resize(size);
    mark(std::min(old, size), std::max(old, size));
  }
  void mark(uint64_t from, uint64_t to) {
    const size_t unit = fs_.options_.tear_bytes;
    for (uint64_t at = from / unit; at * unit < to; ++at) inode_->dirty.insert(at);
  }
  void copy_unit(uint64_t unit) {
    const size_t n = fs_.options_.tear_bytes;
    if (unit * n >= inode_->data.size()) return;
    const size_t length = std::min<size_t>(n, inode_->data.size() - unit * n);
    std::memcpy(inode_->durable.data() + unit * n, inode_->data.data() + unit * n, length);
  }

  FaultFs& fs_;
  std::shared_ptr<FaultFs::Inode> inode_;
  std::string path_;
  bool write_;
  uint64_t generation_;
};

class FaultFs::Lock final : public FileLock {
 public:
  Lock(FaultFs& fs, std::string path) : fs_(fs), path_(std::move(path)), generation_(fs.generation_) {}
  ~Lock() override {
    const std::lock_guard lock(fs_.mutex_);
    if (generation_ == fs_.generation_) fs_.locks_.erase(path_);
  }

 private:
  FaultFs& fs_;
  std::string path_;
  uint64_t generation_;
};

FaultFs::FaultFs(Options options) : options_(options), random_(options.seed) {}
FaultFs::~FaultFs() = default;

void FaultFs::cut_power_at(uint64_t change) {
  const std::lock_guard lock(mutex_);
  changes_ = 0;
  cut_at_ = change;
}
void FaultFs::cut_power_now() {
  const std::lock_guard lock(mutex_);
  off_ = true;
}
void FaultFs::fail_at(uint64_t change, int errno_value) {
  const std::lock_guard lock(mutex_);
  changes_ = 0;
  fail_at_ = change;
  fail_errno_ = errno_value;
}
void FaultFs::set_capacity(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}
uint64_t FaultFs::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}
bool FaultFs::power_is_off() const {
  const std::lock_guard lock(mutex_);
  return off_;
}
uint64_t FaultFs::used_bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const auto& [path, inode] : names_) sum += inode->data.size();
  return sum;
}

Result<> FaultFs::alive() const {
  if (off_) return fail_errno("power is off", EIO);
  return {};
}

Result<> FaultFs::change(const std::string& what) {
  TRY(alive());
  ++changes_;
  if (changes_ == cut_at_) {
    off_ = true;
    return fail_errno(what + ": power is off", EIO);
  }
  if (changes_ == fail_at_) return fail_errno(what, fail_errno_);
  return {};
}

Result<> FaultFs::grow(const std::string& path, uint64_t from, uint64_t to) const {
  if (to <= from || capacity_ == UINT64_MAX) return {};
  uint64_t sum = 0;
  for (const auto& [name, inode] : names_) sum += inode->data.size();
  if (sum + (to - from) > capacity_) return fail_errno("write " + path, ENOSPC);
  return {};
}

void FaultFs::name(const std::string& path, std::shared_ptr<Inode> inode) {
  if (inode)
    names_[path] = std::move(inode);
  else
    names_.erase(path);
}

Result<std::unique_ptr<File>> FaultFs::open(const std::string& path, OpenOptions options) {
  const std::lock_guard lock(mutex_);
  TRY(alive());
  auto it = names_.find(path);
  if (it == names_.end()) {
    if (!options.create) return fail_errno("open " + path, ENOENT);
    if (!dirs_.contains(parent_of(path))) return fail_errno("open " + path, ENOENT);
    TRY(change("create " + path));
    auto inode = std::make_shared<Inode>();
    name(path, inode);
    pending_[parent_of(path)].push_back({{path, inode}});
    it = names_.find(path);
  } else if (options.create && options.exclusive) {
    return fail_errno("open " + path, EEXIST);
  } else if (options.truncate && !it->second->data.empty()) {
    TRY(change("truncate " + path));
    Inode& inode = *it->second;
    for (uint64_t at = 0; at * options_.tear_bytes < inode.data.size(); ++at) inode.dirty.insert(at);
    inode.data.clear();
  }
  return std::make_unique<FaultFile>(*this, it->second, path, options.write);
}

Result<std::vector<std::string>> FaultFs::list(const std::string& dir) {
  const std::lock_guard lock(mutex_);
  TRY(alive());
  if (!dirs_.contains(dir)) return fail_errno("list " + dir, ENOENT);
  std::set<std::string> out;
  const auto add = [&](const std::string& path) {
    if (path != dir && parent_of(path) == dir) out.insert(path.substr(path.find_last_of('/') + 1));
  };
  for (const auto& [path, inode] : names_) add(path);
  for (const std::string& path : dirs_) add(path);
  return std::vector<std::string>(out.begin(), out.end());
}

Result<> FaultFs::make_dirs(const std::string& dir, unsigned) {
  const std::lock_guard lock(mutex_);
  TRY(alive());
  for (std::string at = dir; at != "/" && !at.empty(); at = parent_of(at)) dirs_.insert(at);
  dirs_.insert("/");
  return {};
}

Result<> FaultFs::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  TRY(alive());
  const auto it = names_.find(from);
  if (it == names_.end()) return fail_errno("rename " + from, ENOENT);
  TRY(change("rename " + from));
  const std::shared_ptr<Inode> inode = it->second;
  name(to, inode);
  name(from, nullptr);
  pending_[parent_of(to)].push_back({{to, inode}, {from, nullptr}});
  return {};
}

Result<> FaultFs::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRY(alive());
  if (!names_.contains(path)) return fail_errno("remove " + path, ENOENT);
  TRY(change("remove " + path));
  name(path, nullptr);
  pending_[parent_of(path)].push_back({{path, nullptr}});
  return {};
}

Result<> FaultFs::sync_dir(const std::string& dir) {
  const std::lock_guard lock(mutex_);
  TRY(alive());
  if (!dirs_.contains(dir)) return fail_errno("open folder " + dir, ENOENT);
  TRY(change("fsync " + dir));
  if (options_.ignore_syncs) return {};
  for (const auto& step : pending_[dir]) {
    for (const NameChange& c : step) {
      if (c.inode)
        durable_[c.path] = c.inode;
      else
        durable_.erase(c.path);
    }
  }
  pending_.erase(dir);
  return {};
}

Result<bool> FaultFs::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRY(alive());
  return names_.contains(path) || dirs_.contains(path);
}

Result<std::unique_ptr<FileLock>> FaultFs::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRY(alive());
  if (!locks_.insert(path).second) {
    return fail(Code::kFailedPrecondition, path + " is in use by process " + std::to_string(::getpid()));
  }
  return std::make_unique<Lock>(*this, path);
}

// What the disk holds of a file after a power cut.
void FaultFs::settle(Inode& inode) {
  const auto survives = [this] {
    if (options_.survive == Survive::kSome) return random_.below(2) == 0;
    return options_.survive == Survive::kAll;
  };
  std::string disk = inode.durable;
  if (inode.data.size() != disk.size() && survives()) disk.resize(inode.data.size());
  const size_t unit = options_.tear_bytes;
  for (const uint64_t at : inode.dirty) {
    if (at * unit >= std::min(disk.size(), inode.data.size()) || !survives()) continue;
    const size_t n = std::min({unit, disk.size() - at * unit, inode.data.size() - at * unit});
    std::memcpy(disk.data() + at * unit, inode.data.data() + at * unit, n);
  }
  inode.dirty.clear();
  inode.data = inode.durable = std::move(disk);
}

void FaultFs::settle_names() {
  for (auto& [dir, steps] : pending_) {
    size_t kept = 0;
    if (options_.survive == Survive::kAll) kept = steps.size();
    if (options_.survive == Survive::kSome) kept = random_.below(steps.size() + 1);
    for (size_t i = 0; i < kept; ++i) {
      for (const NameChange& c : steps[i]) {
        if (c.inode)
          durable_[c.path] = c.inode;
        else
          durable_.erase(c.path);
      }
    }
  }
  pending_.clear();
  names_ = durable_;
}

void FaultFs::reboot() {
  const std::lock_guard lock(mutex_);
  settle_names();
  std::set<Inode*> seen;
  for (const auto& [path, inode] : names_) {
    if (seen.insert(inode.get()).second) settle(*inode);
  }
  locks_.clear();
  ++generation_;
  changes_ = cut_at_ = fail_at_ = 0;
  off_ = false;
}

Result<std::string> FaultFs::peek(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto it = names_.find(path);
  if (it == names_.end()) return fail_errno("peek " + path, ENOENT);
  return it->second->data;
}

Result<> FaultFs::poke(const std::string& path, uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const auto it = names_.find(path);
  if (it == names_.end()) return fail_errno("poke " + path, ENOENT);
  for (std::string* image : {&it->second->data, &it->second->durable}) {
    if (image->size() < offset + bytes.size()) image->resize(offset + bytes.size());
    std::memcpy(image->data() + offset, bytes.data(), bytes.size());
  }
  return {};
}

}  // namespace appliance::base
