#include "base/sqlite/vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <new>
#include <thread>

#include "base/random.h"

namespace appliance::base::sqlite {
namespace {

// What all connections of this process share about one database file: file locks (SQLite "File Locking", section 3) and
// the index of the write-ahead log, which unix-excl also keeps on the heap.
struct SharedFile {
  std::mutex mutex;
  int readers = 0;               // connections at SHARED or above
  const void* writer = nullptr;  // the one at RESERVED or above
  int writer_level = SQLITE_LOCK_NONE;
  std::vector<std::unique_ptr<char[]>> regions;
  std::array<int, SQLITE_SHM_NLOCK> shm_shared{};
  std::array<const void*, SQLITE_SHM_NLOCK> shm_exclusive{};
};

}  // namespace

struct Vfs::State {
  Fs& fs;
  std::string name;
  sqlite3_vfs vfs{};
  SystemRandom random;
  std::atomic<int> last_errno{0};
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<SharedFile>> shared;

  std::shared_ptr<SharedFile> share(const std::string& path) {
    const std::lock_guard lock(mutex);
    std::shared_ptr<SharedFile> file = shared[path].lock();
    if (!file) shared[path] = file = std::make_shared<SharedFile>();
    return file;
  }
};

namespace {

struct OpenFile {
  sqlite3_file base;  // SQLite's part; must be first
  Vfs::State* state;
  std::unique_ptr<File> file;
  std::string path;
  std::shared_ptr<SharedFile> shared;
  int level;           // the file lock this connection holds
  bool name_unsynced;  // made by us, and its name may not be on disk yet
  bool delete_on_close;
  std::array<bool, SQLITE_SHM_NLOCK> shm_held;
};

OpenFile& of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
Vfs::State& of(sqlite3_vfs* vfs) { return *static_cast<Vfs::State*>(vfs->pAppData); }

int code_of(Vfs::State& state, const Error& error, int otherwise) {
  state.last_errno = error.errno_value;
  return error.code == Code::kResourceExhausted ? SQLITE_FULL : otherwise;
}

std::string parent_of(const std::string& path) { return path.substr(0, std::max<size_t>(path.find_last_of('/'), 1)); }

int x_unlock(sqlite3_file* file, int level);

int x_close(sqlite3_file* file) {
  OpenFile& f = of(file);
  if (f.shared) x_unlock(file, SQLITE_LOCK_NONE);
  if (f.delete_on_close) (void)f.state->fs.remove(f.path);  // a leftover is overwritten when it is next opened
  f.~OpenFile();
  return SQLITE_OK;
}

int x_read(sqlite3_file* file, void* out, int n, sqlite3_int64 offset) {
  const std::span<char> buffer(static_cast<char*>(out), static_cast<size_t>(n));
  const auto got = of(file).file->read_at(static_cast<uint64_t>(offset), buffer);
  if (!got) return SQLITE_IOERR_READ;
  if (*got == buffer.size()) return SQLITE_OK;
  std::memset(buffer.data() + *got, 0, buffer.size() - *got);  // SQLite asks for this
  return SQLITE_IOERR_SHORT_READ;
}

int x_write(sqlite3_file* file, const void* bytes, int n, sqlite3_int64 offset) {
  const std::string_view view(static_cast<const char*>(bytes), static_cast<size_t>(n));
  const auto done = of(file).file->write_at(static_cast<uint64_t>(offset), view);
  return done ? SQLITE_OK : code_of(*of(file).state, done.error(), SQLITE_IOERR_WRITE);
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const auto done = of(file).file->truncate(static_cast<uint64_t>(size));
  return done ? SQLITE_OK : code_of(*of(file).state, done.error(), SQLITE_IOERR_TRUNCATE);
}

int x_sync(sqlite3_file* file, int) {
  OpenFile& f = of(file);
  if (const auto done = f.file->sync(); !done) return code_of(*f.state, done.error(), SQLITE_IOERR_FSYNC);
  if (!f.name_unsynced) return SQLITE_OK;
  if (const auto done = f.state->fs.sync_dir(parent_of(f.path)); !done) {
    return code_of(*f.state, done.error(), SQLITE_IOERR_DIR_FSYNC);
  }
  f.name_unsynced = false;
  return SQLITE_OK;
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  const auto got = of(file).file->size();
  if (!got) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*got);
  return SQLITE_OK;
}

int x_lock(sqlite3_file* file, int level) {
  OpenFile& f = of(file);
  SharedFile& s = *f.shared;
  if (f.level >= level) return SQLITE_OK;
  const std::lock_guard lock(s.mutex);
  if (s.writer != nullptr && s.writer != &f && (level > SQLITE_LOCK_SHARED || s.writer_level >= SQLITE_LOCK_PENDING)) {
    return SQLITE_BUSY;
  }
  if (f.level == SQLITE_LOCK_NONE) ++s.readers;
  if (level > SQLITE_LOCK_SHARED) {
    const bool blocked = level == SQLITE_LOCK_EXCLUSIVE && s.readers > 1;
    s.writer = &f;
    s.writer_level = blocked ? static_cast<int>(SQLITE_LOCK_PENDING) : level;
    f.level = s.writer_level;
    return blocked ? SQLITE_BUSY : SQLITE_OK;
  }
  f.level = level;
  return SQLITE_OK;
}

int x_unlock(sqlite3_file* file, int level) {
  OpenFile& f = of(file);
  SharedFile& s = *f.shared;
  if (f.level <= level) return SQLITE_OK;
  const std::lock_guard lock(s.mutex);
  if (s.writer == &f) {
    s.writer = nullptr;
    s.writer_level = SQLITE_LOCK_NONE;
  }
  if (level == SQLITE_LOCK_NONE) --s.readers;
  f.level = level;
  return SQLITE_OK;
}

int x_check_reserved(sqlite3_file* file, int* out) {
  SharedFile& s = *of(file).shared;
  const std::lock_guard lock(s.mutex);
  *out = s.writer != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int x_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int x_sector_size(sqlite3_file*) { return 4096; }
// A write never harms bytes beside it: true of disks, and of FaultFs, which tears between sectors only.
int x_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int x_shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  SharedFile& s = *of(file).shared;
  const std::lock_guard lock(s.mutex);
  *out = nullptr;
  while (extend != 0 && s.regions.size() <= static_cast<size_t>(region)) {
    s.regions.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));
  }
  if (static_cast<size_t>(region) < s.regions.size()) *out = s.regions[static_cast<size_t>(region)].get();
  return SQLITE_OK;
}

bool shm_free(const SharedFile& s, const OpenFile& f, int slot, bool exclusive) {
  const auto i = static_cast<size_t>(slot);
  if (s.shm_exclusive[i] != nullptr && s.shm_exclusive[i] != &f) return false;
  return !exclusive || s.shm_shared[i] - (f.shm_held[i] ? 1 : 0) == 0;
}

int x_shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  OpenFile& f = of(file);
  SharedFile& s = *f.shared;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  const std::lock_guard lock(s.mutex);
  for (int slot = offset; (flags & SQLITE_SHM_LOCK) != 0 && slot < offset + n; ++slot) {
    if (!shm_free(s, f, slot, exclusive)) return SQLITE_BUSY;
  }
  for (int slot = offset; slot < offset + n; ++slot) {
    const auto i = static_cast<size_t>(slot);
    const bool take = (flags & SQLITE_SHM_LOCK) != 0;
    if (exclusive) {
      if (take || s.shm_exclusive[i] == &f) s.shm_exclusive[i] = take ? &f : nullptr;
    } else if (f.shm_held[i] != take) {
      s.shm_shared[i] += take ? 1 : -1;
      f.shm_held[i] = take;
    }
  }
  return SQLITE_OK;
}

void x_shm_barrier(sqlite3_file* file) {
  // The mutex is the full barrier that SQLite asks for, and one that the thread sanitizer understands.
  const std::lock_guard lock(of(file).shared->mutex);
}

int x_shm_unmap(sqlite3_file* file, int) {
  OpenFile& f = of(file);
  const std::lock_guard lock(f.shared->mutex);
  for (size_t i = 0; i < f.shm_held.size(); ++i) {
    if (f.shm_held[i]) --f.shared->shm_shared[i];
    f.shm_held[i] = false;
    if (f.shared->shm_exclusive[i] == &f) f.shared->shm_exclusive[i] = nullptr;
  }
  return SQLITE_OK;  // the regions live as long as one connection does
}

const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_reserved,
    .xFileControl = x_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_characteristics,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int x_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (name == nullptr) return SQLITE_CANTOPEN;  // temporary files stay in memory (temp_store)
  Vfs::State& state = of(vfs);
  const std::string path = name;
  const bool write = (flags & SQLITE_OPEN_READWRITE) != 0;
  const bool create = (flags & SQLITE_OPEN_CREATE) != 0;
  const auto existed = state.fs.exists(path);
  auto opened =
      state.fs.open(path, {.write = write, .create = create, .exclusive = (flags & SQLITE_OPEN_EXCLUSIVE) != 0});
  if (!opened || !existed) return SQLITE_CANTOPEN;
  auto* f = new (file) OpenFile{.base = {},
                                .state = &state,
                                .file = std::move(*opened),
                                .path = path,
                                .shared = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? state.share(path) : nullptr,
                                .level = SQLITE_LOCK_NONE,
                                .name_unsynced = !*existed,
                                .delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
                                .shm_held = {}};
  f->base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* name, int sync_dir) {
  const auto done = of(vfs).fs.remove(name);
  if (!done && done.error().code == Code::kNotFound) return SQLITE_IOERR_DELETE_NOENT;
  if (!done) return SQLITE_IOERR_DELETE;
  if (sync_dir != 0 && !of(vfs).fs.sync_dir(parent_of(name))) return SQLITE_IOERR_DIR_FSYNC;
  return SQLITE_OK;
}

int x_access(sqlite3_vfs* vfs, const char* name, int, int* out) {
  const auto there = of(vfs).fs.exists(name);
  if (!there) return SQLITE_IOERR_ACCESS;
  *out = *there ? 1 : 0;
  return SQLITE_OK;
}

int x_full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int x_randomness(sqlite3_vfs* vfs, int n, char* out) {
  of(vfs).random.fill({reinterpret_cast<unsigned char*>(out), static_cast<size_t>(n)});
  return n;
}

int x_sleep(sqlite3_vfs*, int micros) {
  std::this_thread::sleep_for(std::chrono::microseconds(micros));  // SQLite's own back-off while a lock is busy
  return micros;
}

int x_time(sqlite3_vfs*, sqlite3_int64* out) {
  *out = 210866760000000LL +
         static_cast<sqlite3_int64>(std::time(nullptr)) * 1000;  // Julian day in ms; no SQL of ours uses it
  return SQLITE_OK;
}
int x_last_error(sqlite3_vfs* vfs, int, char*) { return of(vfs).last_errno; }

}  // namespace

Vfs::Vfs(Fs& fs) : state_(std::make_unique<State>(fs)) {
  static std::atomic<int> counter{0};
  state_->name = "appliance-" + std::to_string(++counter);
  sqlite3_vfs& v = state_->vfs;
  v.iVersion = 2;
  v.szOsFile = sizeof(OpenFile);
  v.mxPathname = 4096;
  v.zName = state_->name.c_str();
  v.pAppData = state_.get();
  v.xOpen = x_open;
  v.xDelete = x_delete;
  v.xAccess = x_access;
  v.xFullPathname = x_full_path;
  v.xRandomness = x_randomness;
  v.xSleep = x_sleep;
  v.xGetLastError = x_last_error;
  v.xCurrentTimeInt64 = x_time;
  sqlite3_vfs_register(&v, 0);
}

Vfs::~Vfs() { sqlite3_vfs_unregister(&state_->vfs); }

const std::string& Vfs::name() const { return state_->name; }
int Vfs::last_errno() const { return state_->last_errno; }

}  // namespace appliance::base::sqlite
