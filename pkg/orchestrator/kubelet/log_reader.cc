#include "orchestrator/kubelet/log_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.h"
#include "base/fs.h"
#include "base/strings.h"
#include "orchestrator/kubelet/log_lines.h"

namespace appliance::orchestrator::kubelet {
namespace {

constexpr size_t kReadBytes = 64U * 1024;
constexpr int kFullPollMs = 5;
constexpr int kFollowPollMs = 500;  // how soon a follower notices that its client or container is gone

ino_t inode_of(const std::string& path) {
  struct stat st{};
  return ::stat(path.c_str(), &st) == 0 ? st.st_ino : 0;
}

ino_t inode_of(int fd) {
  struct stat st{};
  return ::fstat(fd, &st) == 0 ? st.st_ino : 0;
}

// The offset at which the last `lines` lines of the file begin; `lines` becomes what is missing from it. A line counts
// when its last frame (F) stands in the file.
Result<off_t> tail_offset(int fd, int64_t& lines) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return fail_errno("stat log");
  off_t end = st.st_size;
  std::string tail;  // bytes from `end` on that are not yet split into frames
  std::vector<char> buffer(kReadBytes);
  off_t start = end;
  off_t boundary = end;  // where the wanted lines begin so far
  int64_t found = 0;
  bool first = true;
  while (start > 0) {
    const auto want = std::min<off_t>(static_cast<off_t>(kReadBytes), start);
    start -= want;
    const auto n = ::pread(fd, buffer.data(), static_cast<size_t>(want), start);
    if (n < 0) return fail_errno("read log");
    tail.insert(0, buffer.data(), static_cast<size_t>(n));
    // Whole frames of `tail` from its end: each ends with a newline.
    for (;;) {
      size_t stop = tail.size();
      if (stop == 0) break;
      if (tail[stop - 1] == '\n') --stop;
      const auto newline = stop == 0 ? std::string::npos : tail.rfind('\n', stop - 1);
      if (newline == std::string::npos && start > 0) break;  // the frame begins before what was read
      const size_t begin = newline == std::string::npos ? 0 : newline + 1;
      const auto frame = parse_log_line(std::string_view(tail).substr(begin, stop - begin));
      // A full frame ends a line: it is the first frame of one more line that we want.
      if (frame && (!frame->partial || first)) {
        if (found == lines) {
          lines = 0;
          return boundary;
        }
        ++found;
      }
      first = false;
      boundary = start + static_cast<off_t>(begin);
      tail.resize(begin);
    }
  }
  lines -= found;
  return 0;
}

class Follower {
 public:
  Follower(const LogSource& source, const client::LogOptions& options, client::ByteSink& sink)
      : source_(source), options_(options), sink_(sink), filter_(options) {}

  Result<> run() {
    watch();
    TRY(open_first());
    for (;;) {
      TRY(drain());
      if (over()) return {};
      if (next_file()) continue;
      if (!options_.follow) return {};
      if (!wait()) return {};
    }
  }

 private:
  [[nodiscard]] bool over() const { return gone_ || filter_.finished() || sink_.closed() || source_.stop->load(); }

  Result<> open_first() {
    auto files = log_files(source_.path);
    int64_t lines = options_.tail_lines.value_or(-1);
    off_t offset = 0;
    if (lines == 0) {
      if (!files.empty()) files = {files.back()};
    }
    if (lines > 0) {
      while (!files.empty()) {
        base::Fd fd(::open(files.back().c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) return fail_errno("open log");
        offset = TRY(tail_offset(fd.get(), lines));
        later_.insert(later_.begin(), files.back());
        files.pop_back();
        if (lines == 0) break;
      }
    } else {
      later_ = files;
    }
    if (later_.empty()) return {};  // nothing written yet
    fd_ = base::Fd(::open(later_.front().c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_) return fail_errno("open log");
    later_.erase(later_.begin());
    if (options_.tail_lines == 0) offset = ::lseek(fd_.get(), 0, SEEK_END);
    (void)::lseek(fd_.get(), offset, SEEK_SET);
    return {};
  }

  // Sends all whole frames of the open file.
  Result<> drain() {
    if (!fd_) return {};
    std::vector<char> buffer(kReadBytes);
    std::string out;
    for (;;) {
      const auto n = ::read(fd_.get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno("read log");
      if (n == 0) return {};
      pending_.append(buffer.data(), static_cast<size_t>(n));
      size_t from = 0;
      for (size_t newline = 0; (newline = pending_.find('\n', from)) != std::string::npos; from = newline + 1) {
        out += filter_.take(std::string_view(pending_).substr(from, newline - from));
        if (filter_.finished()) break;
      }
      pending_.erase(0, from);
      if (pending_.size() > kLogFrameBytesMax) pending_.clear();  // not our format
      if (!out.empty() && !send(std::exchange(out, {}))) return {};
      if (over()) return {};
    }
  }

  bool send(std::string bytes) {
    while (sink_.bytes_queued() > client::kSinkHighWater && !over())
      (void)::poll(nullptr, 0, kFullPollMs);  // a slow reader: the door has no event for it
    if (!over() && !sink_.write(std::move(bytes))) gone_ = true;
    return !gone_;
  }

  // After the end of the open file: is there a newer one?
  bool next_file() {
    if (!later_.empty()) {
      fd_ = base::Fd(::open(later_.front().c_str(), O_RDONLY | O_CLOEXEC));
      later_.erase(later_.begin());
      return fd_.valid();
    }
    if (!fd_) {
      fd_ = base::Fd(::open(source_.path.c_str(), O_RDONLY | O_CLOEXEC));
      return fd_.valid();
    }
    const ino_t current = inode_of(source_.path);
    if (current == 0 || current == inode_of(fd_.get())) return false;
    if (!rotated_seen_) {  // what was written between our last read and the rename comes first
      rotated_seen_ = true;
      return true;
    }
    rotated_seen_ = false;
    const ino_t mine = inode_of(fd_.get());
    const auto files = log_files(source_.path);
    for (size_t i = 0; i + 1 < files.size(); ++i)
      if (inode_of(files[i]) == mine) {
        later_.assign(files.begin() + static_cast<long>(i) + 1, files.end());
        return next_file();
      }
    fd_ = base::Fd(::open(source_.path.c_str(), O_RDONLY | O_CLOEXEC));
    return fd_.valid();
  }

  void watch() {
    if (!options_.follow) return;
    inotify_ = base::Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify_) return;  // falls back to the poll interval
    const std::string dir = source_.path.substr(0, source_.path.rfind('/'));
    (void)::inotify_add_watch(inotify_.get(), dir.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO);
  }

  // True: look again. False: the end.
  bool wait() {
    if (ended_) return false;
    if (!source_.live()) {  // its last bytes may have come after our read: once more
      ended_ = true;
      return true;
    }
    pollfd entry{inotify_.get(), POLLIN, 0};
    (void)::poll(&entry, inotify_ ? 1 : 0, kFollowPollMs);
    char events[4096];
    while (inotify_ && ::read(inotify_.get(), events, sizeof events) > 0) {
    }
    return !over();
  }

  const LogSource& source_;
  const client::LogOptions& options_;
  client::ByteSink& sink_;
  LogFilter filter_;
  base::Fd fd_;
  base::Fd inotify_;
  std::vector<std::string> later_;  // files after the open one
  std::string pending_;             // the beginning of a frame
  bool rotated_seen_ = false;
  bool gone_ = false;
  bool ended_ = false;
};

}  // namespace

std::vector<std::string> log_files(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string dir = path.substr(0, slash);
  const std::string prefix = path.substr(slash + 1) + '.';
  std::vector<std::string> out;
  const auto names = base::make_real_fs()->list(dir);
  if (!names) return out;
  std::vector<std::string> rotated;
  for (const auto& name : *names)
    if (name.starts_with(prefix) && !name.ends_with(".gz") && !name.ends_with(".tmp")) rotated.push_back(name);
  // Numbers (".1" is the youngest) sort downwards, stamps upwards.
  const auto number = [&](const std::string& name) { return base::parse_int<int>(name.substr(prefix.size())); };
  std::sort(rotated.begin(), rotated.end(), [&](const auto& a, const auto& b) {
    const auto x = number(a);
    const auto y = number(b);
    return x && y && *x < 1000 && *y < 1000 ? *x > *y : a < b;
  });
  for (const auto& name : rotated) out.push_back(dir + '/' + name);
  if (::access(path.c_str(), F_OK) == 0) out.push_back(path);
  return out;
}

Result<> read_log(const LogSource& source, const client::LogOptions& options, client::ByteSink& sink) {
  return Follower(source, options, sink).run();
}

}  // namespace appliance::orchestrator::kubelet
