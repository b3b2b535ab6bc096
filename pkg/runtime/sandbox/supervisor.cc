#include "runtime/sandbox/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "runtime/stage/plan_writer.h"

namespace appliance::runtime::sandbox {
namespace {

using Millis = std::chrono::milliseconds;

// NoteMessage of cmd/stage/channel.h: what a process that is being set up says.
struct Note {
  uint32_t note = 0;  // 1 failed, 3 ready with a pid
  int32_t number = 0;
  char text[stage::kTextBytes] = {};
};

constexpr int kFirstFree = 64;  // descriptors are moved above the targets 3… before they are put there

Result<base::Fd> above(int fd) {
  base::Fd out(fcntl(fd, F_DUPFD_CLOEXEC, kFirstFree));
  if (!out) return fail_errno("duplicate a descriptor");
  return out;
}

class SpawnActions {
 public:
  SpawnActions() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  void put(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  int run(pid_t& pid, const char* path, char* const* argv, char* const* envp) {
    return posix_spawn(&pid, path, &actions_, &attributes_, argv, envp);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

Result<> wait_readable(int fd, Millis deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    const auto left = std::chrono::duration_cast<Millis>(end - std::chrono::steady_clock::now());
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    const int n = poll(&wait, 1, deadline.count() < 0 ? -1 : static_cast<int>(std::max<int64_t>(0, left.count())));
    if (n > 0) return {};
    if (n == 0) return fail(Code::kDeadlineExceeded, "the pod's supervisor does not answer");
    if (errno != EINTR) return fail_errno("poll");
  }
}

Result<int> read_ready_note(int channel, Millis deadline) {
  TRY(wait_readable(channel, deadline));
  Note note;
  const ssize_t n = recv(channel, &note, sizeof note, 0);
  if (n != static_cast<ssize_t>(sizeof note))
    return fail(Code::kInternal, "the pod's supervisor ended during its start");
  note.text[sizeof note.text - 1] = '\0';
  if (note.note == 3) return note.number;
  return fail(Error{.code = Code::kInternal, .message = note.text, .errno_value = note.number, .hint = {}});
}

}  // namespace

Result<int> spawn_supervisor(const SpawnOptions& options) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return fail_errno("socketpair");
  base::Fd mine(pair[0]);
  base::Fd theirs(pair[1]);
  const base::Fd plan = TRY(stage::sealed_memfd("plan", options.plan));
  const base::Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail_errno("open /dev/null");
  SpawnActions actions;
  std::vector<base::Fd> moved;
  const auto put = [&](int fd, int to) -> Result<> {
    moved.push_back(TRY(above(fd)));
    actions.put(moved.back().get(), to);
    return {};
  };
  for (int fd = 0; fd < 3; ++fd) TRY(put(null.get(), fd));
  TRY(put(theirs.get(), 3));
  TRY(put(plan.get(), 4));
  for (size_t i = 0; i < options.procs.size(); ++i) TRY(put(options.procs[i], static_cast<int>(5 + i)));

  moved.push_back(TRY(above(options.stage_fd)));
  const std::string path = "/proc/self/fd/" + std::to_string(moved.back().get());
  std::string count = std::to_string(options.procs.size());
  char name[] = "stage";
  char role[] = "supervisor";
  char* const argv[] = {name, role, count.data(), nullptr};
  char* const envp[] = {nullptr};
  pid_t pid = 0;
  if (const int error = actions.run(pid, path.c_str(), argv, envp); error != 0)
    return fail_errno("start the supervisor", error);
  theirs.reset();
  moved.clear();
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return read_ready_note(mine.get(), options.deadline);
}

stage::Request make_request(stage::Verb verb, const std::string& id, int number) {
  stage::Request out;
  out.verb = static_cast<uint16_t>(verb);
  out.number = number;
  std::strncpy(out.id, id.c_str(), sizeof out.id - 1);
  return out;
}

Result<base::Fd> SupervisorClient::send(const stage::Request& request, const std::vector<int>& fds) const {
  // Connecting by the folder's descriptor: sun_path has room for 107 bytes, and folders may be longer.
  const base::Fd dir(open(pod_dir_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir)
    return fail(
        Error{.code = Code::kUnavailable, .message = "no supervisor: " + pod_dir_, .errno_value = errno, .hint = {}});
  base::Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(dir.get()) + "/sock";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(
        Error{.code = Code::kUnavailable, .message = "the pod's supervisor is gone", .errno_value = errno, .hint = {}});
  }
  iovec iov{const_cast<stage::Request*>(&request), sizeof request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * stage::kFdsMax)] = {};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  if (fds.size() > stage::kFdsMax) return fail(Code::kInternal, "too many descriptors for one request");
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  while (sendmsg(socket.get(), &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return fail_errno("ask the pod's supervisor");
  }
  return socket;
}

Result<Answer> receive(int socket, Millis deadline) {
  TRY(wait_readable(socket, deadline));
  Answer out;
  iovec iov{&out.reply, sizeof out.reply};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n;
  do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n < 0) return fail_errno("hear the pod's supervisor");
  if (n == 0) return fail(Code::kUnavailable, "the pod's supervisor is gone");
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS && header->cmsg_len >= CMSG_LEN(sizeof(int))) {
    int fd;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    out.fd = base::Fd(fd);
  }
  if (n != static_cast<ssize_t>(sizeof out.reply) || out.reply.magic != stage::kWireMagic) {
    return fail(Code::kInternal, "the pod's supervisor speaks another protocol");
  }
  out.reply.id[sizeof out.reply.id - 1] = '\0';
  out.reply.text[sizeof out.reply.text - 1] = '\0';
  return out;
}

Result<> check(const stage::Reply& reply) {
  if (reply.error == 0) return {};
  Code code = Code::kInternal;
  if (reply.error == ESRCH) code = Code::kFailedPrecondition;
  if (reply.error == ENOSPC || reply.error == EAGAIN) code = Code::kResourceExhausted;
  if (reply.error == ENOSYS || reply.error == EPROTONOSUPPORT) code = Code::kUnimplemented;
  return fail(Error{.code = code, .message = reply.text, .errno_value = reply.error, .hint = {}});
}

Result<Answer> SupervisorClient::call(const stage::Request& request, const std::vector<int>& fds,
                                      Millis deadline) const {
  const base::Fd socket = TRY(send(request, fds));
  Answer answer = TRY(receive(socket.get(), deadline));
  TRY(check(answer.reply));
  return answer;
}

}  // namespace appliance::runtime::sandbox
