// FaultFs: a file system in memory that behaves as badly as a real one may. The twin of RealFs for proofs of crash
// safety.
//
//   FaultFs fs({.seed = 7});
//   fs.cut_power_at(120);            // during the 120th change from now on; everything behind it fails with EIO
//   run_workload(fs);
//   fs.reboot();                     // what a disk may hold after that: synced data whole, the rest dropped or torn
//   check(fs);
//
// The model. Data: a write is volatile until sync() of that file; at a power cut each unsynced sector of 512 bytes is,
// by the seed, on disk or not, and a size that was not synced likewise (then what was not written reads as zeros).
// Names: creating, renaming and removing is volatile until sync_dir() of the folder; of what is pending a prefix
// survives, in order, as with a journal. Folders themselves survive at once. A file opened before a reboot is dead.
// Thread-safe. Not modelled: bits that rot by themselves (tests write them: see poke), and stale versions of a sector
// written twice.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "base/fs.h"
#include "base/random.h"

namespace appliance::base {

class FaultFs final : public Fs {
 public:
  static constexpr size_t kSector = 512;

  enum class Survive : unsigned char { kNothing, kSome, kAll };  // of what was not synced
  struct Options {
    uint64_t seed = 1;
    Survive survive = Survive::kSome;
    size_t tear_bytes = kSector;  // what is written whole or not at all: 512, or 4096 for disks that promise more
    bool ignore_syncs = false;    // sync() and sync_dir() lie: what a build without fdatasync does
  };
  explicit FaultFs(Options options);
  ~FaultFs() override;

  // --- faults; changes are counted from 1 after each of these calls and after reboot() ---
  void cut_power_at(uint64_t change);  // 0 = never
  void cut_power_now();
  void fail_at(uint64_t change, int errno_value);  // that one only; 0 = never
  void set_capacity(uint64_t bytes);               // sum of file sizes; growth beyond it fails with ENOSPC
  void reboot();                                   // ends a power cut, or makes one now
  [[nodiscard]] uint64_t changes() const;          // since the last of the calls above
  [[nodiscard]] bool power_is_off() const;
  [[nodiscard]] uint64_t used_bytes() const;
  // Looks at and changes bytes behind everybody's back, on disk and in memory.
  Result<std::string> peek(const std::string& path) const;
  Result<> poke(const std::string& path, uint64_t offset, std::string_view bytes);

  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  Result<std::vector<std::string>> list(const std::string& dir) override;
  Result<> make_dirs(const std::string& dir, unsigned mode) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<> sync_dir(const std::string& dir) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  struct Inode;

 private:
  friend class FaultFile;
  class Lock;
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  // A change of names that is not on disk yet: `inode` null = removed.
  struct NameChange {
    std::string path;
    std::shared_ptr<Inode> inode;
  };

  Result<> change(const std::string& what);  // counts; the fault that is due, if any
  Result<> alive() const;
  Result<> grow(const std::string& path, uint64_t from, uint64_t to) const;
  void name(const std::string& path, std::shared_ptr<Inode> inode);
  void settle(Inode& inode);
  void settle_names();

  Options options_;
  mutable std::mutex mutex_;
  SeededRandom random_;
  Names names_;
  Names durable_;
  std::map<std::string, std::vector<std::vector<NameChange>>> pending_;  // by folder; what one call did stays together
  std::set<std::string> dirs_;
  std::set<std::string> locks_;
  uint64_t generation_ = 1;  // of power: files of an older one are dead
  uint64_t changes_ = 0;
  uint64_t cut_at_ = 0;
  uint64_t fail_at_ = 0;
  int fail_errno_ = 0;
  uint64_t capacity_ = UINT64_MAX;
  bool off_ = false;
};

}  // namespace appliance::base
