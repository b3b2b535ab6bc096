// Processes run inside a container that is there already (exec). A helper enters the control groups and namespaces of
// the container's first process, and makes the real one as the supervisor's own child (CLONE_PARENT): it is inside the
// pid namespace, and its exit is ours to wait for.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "stage/supervisor.h"

namespace appliance::stage {
namespace {

using namespace runtime::stage;

// A number that the kernel tells of descriptor `fd`, behind `key` ("Pid:\t"); 0: it does not. `folder` is fdinfo's.
int number_of(int folder, int fd, const char* key) {
  Text<32> name;
  name.add(static_cast<long>(fd));
  char text[512];
  int file = openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t n = file < 0 ? -1 : read(file, text, sizeof text - 1);
  close_fd(file);
  if (n <= 0) return 0;
  text[n] = '\0';
  const char* at = strstr(text, key);
  if (at == nullptr) return 0;
  at += strlen(key);
  uint32_t number = 0;
  return parse_id(std::string_view(at, strcspn(at, "\n")), number) ? static_cast<int>(number) : 0;
}
int open_fdinfo() { return open("/proc/self/fdinfo", O_PATH | O_DIRECTORY | O_CLOEXEC); }

// The pid behind a pidfd, as this process sees it.
int pid_of(int pidfd) {
  int folder = open_fdinfo();
  const int pid = number_of(folder, pidfd, "Pid:\t");
  close_fd(folder);
  return pid;
}

// Is this machine a chroot? Then its root is another mount, or another folder, than that of its mount namespace.
// Leaves the caller, a process of its own, at the root of its mount namespace.
bool leaves_a_chroot(int folder, bool& known) {
  int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  int before = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct stat here{};
  struct stat top{};
  known = own >= 0 && before >= 0 && fstat(before, &here) == 0 && setns(own, CLONE_NEWNS) == 0;
  int after = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  known = known && after >= 0 && fstat(after, &top) == 0;
  const bool same = here.st_dev == top.st_dev && here.st_ino == top.st_ino &&
                    number_of(folder, before, "mnt_id:\t") == number_of(folder, after, "mnt_id:\t");
  for (int* fd : {&own, &before, &after}) close_fd(*fd);
  return !same;
}

// Entering the container's mount namespace leads to the namespace's own root: the container's, as pivot_root left it.
// Where this machine is itself a chroot it is the machine's, though, with the container's below it; there the root of
// the first process is taken: `root`, else -1. (Only there: elsewhere that process may have made itself a smaller one.)
bool find_root(int pidfd, int& root) {
  Text<64> path;
  path.add("/proc/").add(static_cast<long>(pid_of(pidfd))).add("/root");
  root = open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  int folder = open_fdinfo();
  bool known = false;
  const bool chrooted = root >= 0 && folder >= 0 && leaves_a_chroot(folder, known);
  close_fd(folder);
  if (!chrooted) close_fd(root);
  return known;
}

[[noreturn]] void helper(Setup& s) {
  s.what.clear();
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // nothing in the container may look into us (CVE-2016-9962)
  errno = 0;
  for (unsigned i = 0; i < s.procs_count; ++i) {
    if (write(s.procs[i], "0", 1) != 1) {
      s.failed("enter a control group");
      give_up(s, "join cgroups");
    }
    close(s.procs[i]);
  }
  if (!set_oom_score(s)) give_up(s, "oom score");
  int root = -1;
  if (!find_root(s.target_pidfd, root)) {
    s.failed("find the container's root");
    give_up(s, "root");
  }
  if (syscall(SYS_setns, s.target_pidfd, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP) != 0) {
    s.failed("enter the container's namespaces");
    give_up(s, "setns");
  }
  if (root >= 0 && (fchdir(root) != 0 || chroot(".") != 0)) {
    s.failed("enter the container's root");
    give_up(s, "chroot");
  }
  if (root >= 0) close(root);
  close(s.target_pidfd);
  int pidfd = -1;
  CloneArgs args{};
  args.flags = CLONE_PARENT | kClonePidfd;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  const pid_t pid = clone3(args);
  if (pid < 0) give_up(s, "clone");
  if (pid == 0) run_exec(s);
  NoteMessage note;
  note.note = Note::kPid;
  (void)send_note(s.channel, note, pidfd);
  _exit(0);
}

// A free slot, or that of the exec that ended longest ago and that nobody asked for.
Exec* free_slot(Supervisor& supervisor) {
  Exec* oldest = nullptr;
  for (Exec& e : supervisor.execs) {
    if (!e.used) return &e;
    if (e.ended && e.waiter < 0 && (oldest == nullptr || e.number < oldest->number)) oldest = &e;
  }
  return oldest;
}

}  // namespace

void start_exec(Supervisor& supervisor, unsigned client, const Request& request, int* fds, unsigned count) {
  int who = static_cast<int>(client);
  const Container* c = supervisor.container(request.id);
  if (c == nullptr || c->pid == 0 || c->channel >= 0) {
    supervisor.reply_error(who, ESRCH, "container is not running");
    return;
  }
  Exec* e = free_slot(supervisor);
  const unsigned fixed =
      1U + ((request.flags & kHasGroup) != 0 ? 1U : 0U) + ((request.flags & kHasStdio) != 0 ? 3U : 0U);
  if (e == nullptr || count < fixed || request.id2[0] == '\0' || supervisor.exec(request.id2) != nullptr) {
    supervisor.reply_error(who, e == nullptr ? EAGAIN : EINVAL,
                           e == nullptr ? "too many processes are run in this pod" : "bad exec request");
    return;
  }
  Setup s;
  const char* why = nullptr;
  if (!open_plan(fds[0], s.plan, why) || s.plan.kind() != PlanKind::kExec) {
    supervisor.reply_error(who, EINVAL, why != nullptr ? why : "not a plan of an exec");
    return;
  }
  unsigned next = 1;
  CloneArgs args{};
  args.exit_signal = SIGCHLD;
  if ((request.flags & kHasGroup) != 0) {
    args.flags |= kCloneIntoCgroup;
    args.cgroup = static_cast<uint64_t>(fds[next++]);
  }
  for (int i = 0; i < 3 && (request.flags & kHasStdio) != 0; ++i) s.stdio[i] = fds[next++];
  while (next < count && s.procs_count < sizeof s.procs / sizeof s.procs[0]) s.procs[s.procs_count++] = fds[next++];
  int pair[2] = {-1, -1};
  s.target_pidfd = pidfd_open(c->pid);
  pid_t pid = -1;
  if (s.target_pidfd >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
    s.channel = pair[1];
    pid = clone3(args);
    if (pid == 0) helper(s);
  }
  const int error = errno;
  close_plan();
  close_fd(pair[1]);
  close_fd(s.target_pidfd);
  if (pid < 0) {
    close_fd(pair[0]);
    Text<kTextBytes> text;
    supervisor.reply_error(who, error, text.add("start exec: ").add(strerror(error)).view());
    return;
  }
  *e = Exec{};
  e->used = true;
  e->number = ++supervisor.execs_started;
  e->helper_pid = pid;
  e->client = who;
  e->channel = pair[0];
  copy_text(e->result.id, sizeof e->result.id, request.id2);
  supervisor.watch(e->channel, Source::kExecChannel, static_cast<unsigned>(e - supervisor.execs));
}

void on_exec_channel(Supervisor& supervisor, Exec& e) {
  while (e.channel >= 0) {
    NoteMessage note;
    int fd = -1;
    const int got = receive_note(e.channel, note, fd);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      close_fd(e.channel);
      if (e.pid == 0) {  // the helper was killed before it could say anything
        e.failed = true;
        supervisor.reply_error(e.client, EIO, "the process ended during its set-up");
        return;
      }
      e.result.pid = e.pid;
      supervisor.reply(e.client, e.result, e.tty);
      close_fd(e.tty);
      return;
    }
    note.text[sizeof note.text - 1] = '\0';
    switch (note.note) {
      case Note::kPid:
        e.pid = pid_of(fd);
        break;
      case Note::kTty:
        e.tty = fd;
        fd = -1;
        break;
      case Note::kWarning:
        break;
      case Note::kFailed:
        e.failed = true;
        supervisor.reply_error(e.client, note.number != 0 ? note.number : EINVAL, note.text);
        break;
    }
    close_fd(fd);
  }
}

void answer_waiter(Supervisor& supervisor, Exec& e) {
  supervisor.reply(e.waiter, e.result);
  close_fd(e.tty);
  e.used = false;
}

void on_exec_exit(Supervisor& supervisor, Exec& e, int code, int signal) {
  on_exec_channel(supervisor, e);
  e.ended = true;
  e.pid = 0;
  close_fd(e.tty);
  close_fd(e.channel);
  if (e.failed) {
    e.used = false;
    return;
  }
  e.result.flags = kExited;
  e.result.exit_code = code;
  e.result.signal = signal;
  if (e.waiter >= 0) answer_waiter(supervisor, e);
}

}  // namespace appliance::stage
